"""The text of --help, from the table."""

import textwrap
from collections.abc import Iterator
from typing import Final

from perdition.config.option import Group, Option, Takes
from perdition.config.settings import ALIASES, OPTIONS

WIDTH: Final = 80
INDENT: Final = 28
HEAD: Final = "Usage: perdition [OPTION]..."
TAIL: Final = (
    "Names may be written with hyphens as well. In the configuration file the same names stand without dashes."
)


def usage() -> str:
    """Write all options, under their headings."""
    lines = [HEAD]
    for group in Group:
        lines += ["", f"{group.value}:"]
        for option in OPTIONS.values():
            if option.group is group:
                lines += entry(_names(option), option.help + _default(option))
    lines += ["", "Deprecated:"]
    for alias in ALIASES:
        short = f"-{alias.short}, " if alias.short else "    "
        lines += entry(f"  {short}--{alias.name}", f"Sets {', '.join(alias.targets)}.")
    lines += ["", *textwrap.wrap(TAIL, WIDTH)]
    return "\n".join(lines) + "\n"


def _names(option: Option) -> str:
    short = f"-{option.short}, " if option.short else "    "
    arg = f" {option.arg}" if option.arg else ""
    return f"  {short}--{option.name}{arg}"


def _default(option: Option) -> str:
    """Name the default, where the help does not and there is one to name."""
    plain = option.default if isinstance(option.default, str | int) else ""
    return "" if option.takes is Takes.FLAG or plain == "" or "Default" in option.help else f" Default: {plain}."


def entry(names: str, text: str) -> Iterator[str]:
    """Write names, and beside or below them what they mean, in lines of 80 columns."""
    blank = " " * INDENT
    wrapped = textwrap.wrap(text, WIDTH, initial_indent=blank, subsequent_indent=blank, break_on_hyphens=False)
    if len(names) > INDENT - 2:
        yield names
    else:
        wrapped[0] = names.ljust(INDENT) + wrapped[0][INDENT:]
    yield from wrapped
