"""From a name, as somebody wrote it, to the option; the checks that all places have in common."""

import difflib
from typing import Final, TypeAlias

from perdition.config.option import Alias, Option, Takes
from perdition.config.origin import Given, Origin, Value, printable, shown
from perdition.config.settings import ALIASES, OPTIONS

Known: TypeAlias = Option | Alias

KNOWN: Final[tuple[Known, ...]] = (*OPTIONS.values(), *ALIASES)
BY_NAME: Final = {known.name: known for known in KNOWN}
BY_LETTER: Final = {known.short: known for known in KNOWN if known.short}


class OptionError(Exception):
    """One line about one option."""


def find(name: str, origin: Origin) -> Known:
    """Find an option by its long name, with underscores or hyphens.

    Raises:
        OptionError: there is none; it names the nearest.
    """
    plain = name.replace("-", "_")
    if plain in BY_NAME:
        return BY_NAME[plain]
    # The names that exist now come first: the nearest should be of use.
    near = difflib.get_close_matches(plain, OPTIONS, 1) or difflib.get_close_matches(plain, BY_NAME, 1)
    hint = f" (did you mean {origin.dashes}{near[0]}?)" if near else ""
    spelt = f"--{printable(name)}" if origin.dashes else shown(name)
    raise OptionError(f"{origin.place}unknown option {spelt}{hint}")


def find_in_file(name: str, origin: Origin) -> Known:
    """Find an option by the key of a line: one letter is the short name (perdition.conf)."""
    return BY_LETTER.get(name) or find(name, origin)


def give(known: Known, value: Value | None, origin: Origin) -> tuple[Given, ...]:
    """Check that an option may stand here with this value, or without one; expand aliases.

    Args:
        known: the option.
        value: what was written; None when nothing was.
        origin: where it was written.

    Raises:
        OptionError: it may not.
    """
    about = f"{origin.place}option {origin.dashes}{known.name}"
    if known.takes is Takes.FLAG:
        if isinstance(value, str):
            raise OptionError(f"{about} takes no value, not {shown(value)}")
        value = True if value is None else value
    elif value is None and known.takes is not Takes.OPTIONAL:
        raise OptionError(f"{about} needs a value: {known.takes.value}")
    names = known.targets if isinstance(known, Alias) else (known.name,)
    return tuple(Given(name, "" if value is None else value, origin) for name in names)
