"""Option print_config: the options in force, and where each came from, to be read again.

What was given is printed as it would be given; what was not, and what follows from the program's name alone, is a
comment: an option that is given, though with the value of its default, may mean more than one that is not.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from perdition.config import capabilities
from perdition.config.load import TOML as TOML_FILE
from perdition.config.load import Config
from perdition.config.option import Group, Option, Scope, Takes
from perdition.config.origin import ConfigError, Source, printable
from perdition.config.settings import OPTIONS, Settings
from perdition.config.text import as_text
from perdition.config.values import Form

MAY_HOLD_PASSWORDS: Final = ("map_library_opt", "further_map")
# The name of a file, with ":1:5" behind it perhaps, holds none.
HARMLESS: Final = re.compile(r"(?:[a-z_]+:)?/[\w./-]*(?::[0-9]+)*\Z", re.ASCII)
PLAIN: Final = re.compile(r"[\w./:,@+*-]+(?: [\w./:,@+*-]+)*\Z", re.ASCII)
BY_ITSELF: Final = frozenset({Source.DEFAULT, Source.PROGRAM})
COLUMN: Final = 40
NONE: Final = "(none)"
HIDDEN: Final = "(hidden)"
HEAD: Final = """\
# What is in force, and where each value came from.
# An option behind a # was not given and has its default; (hidden) is one that was, and may hold a password.
"""
TITLE: Final = "\n# {}\n"


def print_config(config: Config, form: Form, *, secrets: bool) -> tuple[str, tuple[str, ...]]:
    """Write a configuration.

    Args:
        config: what was read.
        form: AS_READ is TOML for a file of that form, else perdition.conf.
        secrets: whether what may hold passwords is written, too.

    Returns:
        The text, and the names of the options whose values are hidden in it.

    Raises:
        ConfigError: the form has no way to say some of it.
    """
    if form is Form.AS_READ:
        form = Form.TOML if config.file.endswith(TOML_FILE) else Form.CONF
    writer = _Writer(form, secrets)
    lines = [
        HEAD + (f"# The file that was read: {printable(config.file)}\n" if config.file else "# No file was read.\n")
    ]
    if form is Form.CONF and len(config.listeners) > 1:
        raise ConfigError("option --print_config: expected toml for several listeners, not conf")
    several = config.listeners != (config.common,)
    if form is Form.CONF:
        lines += writer.all_options(config.listeners[0])
    else:
        lines += writer.all_options(config.common)
        for settings in config.listeners if several else ():
            lines += ["\n[[listener]]\n", *writer.of_a_listener(settings, config.common)]
    if writer.errors:
        raise ConfigError(*dict.fromkeys(writer.errors))
    return "".join(lines), tuple(dict.fromkeys(writer.hidden))


class _Writer:
    """Writes lines of one form; what cannot be written is kept as an error."""

    def __init__(self, form: Form, secrets: bool) -> None:
        self._form = form
        self._secrets = secrets
        self.errors: list[str] = []
        self.hidden: list[str] = []

    def all_options(self, settings: Settings) -> Iterator[str]:
        for group in Group:
            rows = [row for row in OPTIONS.values() if row.group is group and row.scope is not Scope.START]
            if rows:
                yield TITLE.format(group.value)
            for row in rows:
                yield from self._lines(row, settings)

    def of_a_listener(self, settings: Settings, common: Settings) -> Iterator[str]:
        for row in OPTIONS.values():
            differs = getattr(settings, row.name) != getattr(common, row.name)
            if row.scope is Scope.LISTENER and (differs or settings.origin(row.name).table):
                yield from self._lines(row, settings)

    def _lines(self, row: Option, settings: Settings) -> Iterator[str]:
        value, origin = getattr(settings, row.name), settings.origin(row.name)
        comment = f"# {printable(origin.words)}"
        # The protocol of the program's name is given all the same: the text may be read under another name.
        if origin.kind in BY_ITSELF and not (row.name == "protocol" and origin.kind is Source.PROGRAM):
            default = value if row.takes is Takes.FLAG else effective(row, settings)
            setting = f"{row.name} {NONE}" if default is None else self._setting(row, default)
            yield _aligned(f"#{printable(setting)}", comment)
        elif not self._secrets and row.name in MAY_HOLD_PASSWORDS and not _harmless(as_text(value)):
            self.hidden.append(row.name)
            yield _aligned(f"#{row.name} {HIDDEN}", comment)
        elif self._form is Form.CONF and row.takes is Takes.FLAG:
            yield _aligned(row.name if value else f"#{row.name}", comment)
        elif self._form is Form.CONF:
            parts = as_text(value).split("\n") if row.adds == "\n" else [as_text(value)]
            self._complain(row, parts, re.compile(r"[\0\n]"), "no line end and no NUL octet, for perdition.conf")
            for part in parts:
                yield _aligned(self._setting(row, part), comment)
        else:
            self._complain(row, [as_text(value) if not isinstance(value, bool) else ""], SURROGATE, "UTF-8, for TOML")
            yield _aligned(self._setting(row, value), comment)

    def _complain(self, row: Option, texts: Sequence[str], wrong: re.Pattern[str], expected: str) -> None:
        if any(wrong.search(text) for text in texts):
            self.errors.append(f"option {row.name}: expected {expected}; try the other form of print_config")

    def _setting(self, row: Option, value: object) -> str:
        if self._form is Form.CONF:
            return row.name if row.takes is Takes.FLAG else f"{row.name} {quoted(as_text(value))}"
        return f"{row.name} = {toml(row, value)}"


def effective(row: Option, settings: Settings) -> object:
    """Give an option's value that was not given; where others decide it, what comes of that."""
    decided: dict[str, object] = {
        "listen_port": settings.listen_port_number,
        "outgoing_port": settings.outgoing_port_number,
        "ssl_mode": settings.tls,
        "imap_capability": capabilities.IMAP,
        "pop_capability": capabilities.POP,
        "managesieve_capability": capabilities.MANAGESIEVE,
    }
    return decided.get(row.name, getattr(settings, row.name))


def _harmless(text: str) -> bool:
    return all(HARMLESS.match(line) for line in text.split("\n"))


def _aligned(setting: str, comment: str) -> str:
    return f"{setting.ljust(COLUMN - 1)} {comment}\n"


SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
TOML_ESCAPED: Final = re.compile(r'["\\\x00-\x1f\x7f]')


def quoted(text: str) -> str:
    """Write a value for perdition.conf."""
    if PLAIN.match(text):
        return text
    if "'" not in text:
        return f"'{text}'" if text else '""'
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def toml(row: Option, value: object) -> str:
    """Write a value for TOML."""
    if row.takes is Takes.FLAG:
        return "true" if value else "false"
    text = as_text(value)
    if row.takes in (Takes.NUMBER, Takes.PORT) and text.isdecimal():
        return text
    if row.takes is Takes.LIST:
        elements = text.split("\n" if row.adds == "\n" else ",") if text else []
        return f"[{', '.join(map(_string, elements))}]"
    return _string(text)


def _string(text: str) -> str:
    escaped = TOML_ESCAPED.sub(lambda found: f"\\{found[0]}" if found[0] in '"\\' else f"\\u{ord(found[0]):04x}", text)
    return f'"{escaped}"'
