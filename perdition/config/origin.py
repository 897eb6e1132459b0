"""Where a value came from, for messages; and the values as they were given, before they mean anything."""

import enum
from typing import Final, TypeAlias

import attrs


class Source(enum.Enum):
    """The places a value may come from, weakest first."""

    DEFAULT = enum.auto()
    PROGRAM = enum.auto()  # the name the program was started by
    FILE = enum.auto()
    COMMAND_LINE = enum.auto()


@attrs.frozen
class Origin:
    """Where one value came from.

    Args:
        kind: the kind of place.
        file: the file's name, for FILE.
        line: the line in it, counted from 1; 0 when not known (TOML, rarely).
        table: the number of the `[[listener]]` table in a TOML file, counted from 1; 0 for top-level keys.
        bad: what stood there is no value of the option, which has its default instead.
    """

    kind: Source
    file: str = ""
    line: int = 0
    table: int = 0
    bad: bool = False

    @property
    def place(self) -> str:
        """What a message begins with: the file and line, nothing for the command line."""
        line = f":{self.line}" if self.line else ""
        table = f"[[listener]] {self.table}: " if self.table else ""
        return f"{self.file}{line}: {table}" if self.file else ""

    @property
    def words(self) -> str:
        """The place for people, in a few words."""
        return self.place.removesuffix(": ") if self.file else PLACES.get(self.kind, "a file")

    @property
    def dashes(self) -> str:
        """What stands before the option's name there."""
        return "--" if self.kind is Source.COMMAND_LINE else ""


PLACES: Final = {
    Source.DEFAULT: "default",
    Source.PROGRAM: "the program's name",
    Source.COMMAND_LINE: "command line",
}
DEFAULT: Final = Origin(Source.DEFAULT)
PROGRAM: Final = Origin(Source.PROGRAM)
COMMAND_LINE: Final = Origin(Source.COMMAND_LINE)

Value: TypeAlias = str | bool


@attrs.frozen
class Given:
    """An option that exists, and what was written for it: True or False for a flag, else a text."""

    name: str
    value: Value
    origin: Origin


@attrs.frozen
class Reading:
    """All that one place gave, and what was wrong there."""

    given: tuple[Given, ...] = ()
    errors: tuple[str, ...] = ()
    listeners: tuple[tuple[Given, ...], ...] = ()  # TOML only: one entry a [[listener]] table
    whole: bool = True  # False: no more could be read behind an error


class ConfigError(Exception):
    """The configuration cannot be used.

    Args:
        lines: every error that was found; each is one line naming the option, its value, what was expected
            and, if it comes from a file, the file and line.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def shown(value: Value) -> str:
    """Put a value into a message, between quotes."""
    return f'"{printable(str(value))}"'


def printable(text: str) -> str:
    """Keep a message on one line, whatever somebody wrote."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
