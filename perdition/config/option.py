"""What there is to know about an option; settings.py has the table."""

import enum
from collections.abc import Callable
from typing import Final, TypeVar

import attrs

T = TypeVar("T")
D = TypeVar("D")

ROW: Final = "perdition option"  # the key of a field's metadata


class Takes(enum.Enum):
    """What stands behind an option's name."""

    FLAG = "no value"
    NUMBER = "a number"
    PORT = "a port"
    TEXT = "a text"
    LIST = "a comma list"
    OPTIONAL = "a word, or nothing"


class Scope(enum.Enum):
    """How far one value reaches."""

    LISTENER = "a listener"  # each [[listener]] table may have its own
    PROCESS = "the process"
    START = "the command line"  # means nothing in a file


class Group(enum.Enum):
    """A heading of --help, of the man page and of the docs, in their order."""

    LISTENING = "Listening"
    SERVERS = "Finding the real server"
    NAMES = "User names"
    TLS = "TLS"
    TEXTS = "What clients are told"
    LIMITS = "Time and number"
    DAEMON = "Process and log"
    OTHER = "Other"


@attrs.frozen(kw_only=True)
class Option:
    """One option: a row of the table that command line, files, --help and docs derive from.

    Args:
        name: the long name; with underscores, as in perdition 2.2.
        short: the one letter, or "".
        takes: what stands behind it.
        arg: the word for its value in --help.
        help: one sentence or two.
        group: its heading.
        parse: makes a value of a text, or raises ValueError with the expectation as its message.
        default: the value when nothing is given.
        scope: how far a value reaches.
        adds: repeated in one place, the values add up with this between them ("": the last one counts).
    """

    name: str
    short: str
    takes: Takes
    arg: str
    help: str
    group: Group
    parse: Callable[[str], object]
    default: object
    scope: Scope
    adds: str


@attrs.frozen
class Alias:
    """A deprecated name, for one option or several at once."""

    name: str
    short: str
    takes: Takes
    targets: tuple[str, ...]


def option(
    *,
    default: D,
    parse: Callable[[str], T],
    help: str,
    group: Group,
    arg: str,
    takes: Takes = Takes.TEXT,
    short: str = "",
    scope: Scope = Scope.LISTENER,
    adds: str = "",
) -> D | T:
    """Make the field of an option that takes a value; see Option for the arguments."""
    row = Option(
        name="",
        short=short,
        takes=takes,
        arg=arg,
        help=help,
        group=group,
        parse=parse,
        default=default,
        scope=scope,
        adds=adds,
    )
    return attrs.field(default=default, metadata={ROW: row})


def flag(*, help: str, group: Group, short: str = "", scope: Scope = Scope.LISTENER) -> bool:
    """Make the field of an option without value: off, unless it is given."""
    return option(default=False, parse=bool, help=help, group=group, arg="", takes=Takes.FLAG, short=short, scope=scope)


def rows_of(settings: type[attrs.AttrsInstance]) -> dict[str, Option]:
    """Collect the table from the fields of a class, in their order."""
    return {
        field.name: attrs.evolve(field.metadata[ROW], name=field.name)
        for field in attrs.fields(settings)
        if ROW in field.metadata
    }
