"""SEARCH: a client's criteria to a test of messages (RFC 9051 6.4.4)."""

from collections.abc import Callable
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

from perdition.demo.imap4_arguments import Argument, BadArgument, day, numbers, octets, word
from perdition.demo.mailbox import Message
from perdition.demo.mime import FIELD, FOLD, split

Criterion: TypeAlias = Callable[[int, Message], bool]

FLAG_KEYS: Final = {
    "ANSWERED": b"\\Answered",
    "DELETED": b"\\Deleted",
    "DRAFT": b"\\Draft",
    "FLAGGED": b"\\Flagged",
    "SEEN": b"\\Seen",
}
CONSTANT_KEYS: Final = {"ALL": True, "OLD": True, "NEW": False, "RECENT": False}
FIELD_KEYS: Final = ("BCC", "CC", "FROM", "SUBJECT", "TO")
CHARSETS: Final = ("US-ASCII", "UTF-8")
MOST_CRITERIA: Final = 100


class UnknownCharset(Exception):
    """The criteria are in a charset that is not known here."""


class SearchReader:
    """Reads criteria one after the other.

    Args:
        tokens: the arguments of SEARCH.
        count: how many messages there are, for `*`.
        largest_uid: the same for UID.
    """

    def __init__(self, tokens: tuple[Argument, ...], count: int, largest_uid: int) -> None:
        self._tokens = list(reversed(tokens))
        self._count = count
        self._largest_uid = largest_uid
        self._criteria = 0

    def read(self) -> Criterion:
        """Read all of them: each must hold.

        Raises:
            BadArgument: they cannot be.
            UnknownCharset: their charset is not known.
        """
        if self._tokens and self._tokens[-1:] == ["CHARSET"]:
            self._next()
            if octets(self._next()).decode("ascii", "replace").upper() not in CHARSETS:
                raise UnknownCharset
        return self._read_all()

    def _read_all(self) -> Criterion:
        criteria = [self._read_one()]
        while self._tokens:
            criteria.append(self._read_one())
        return lambda number, message: all(holds(number, message) for holds in criteria)

    def _next(self) -> Argument:
        if not self._tokens:
            raise BadArgument("expected something to search for")
        return self._tokens.pop()

    def _read_one(self) -> Criterion:
        self._criteria += 1
        if self._criteria > MOST_CRITERIA:
            raise BadArgument("expected fewer criteria")
        token = self._next()
        if isinstance(token, tuple):
            return self._read_list(token)
        key = word(token)
        flag_key = key.removeprefix("UN")
        if key in CONSTANT_KEYS:
            constant = CONSTANT_KEYS[key]
            return lambda _, message: constant
        if flag_key in FLAG_KEYS:
            flag, wanted = FLAG_KEYS[flag_key], key == flag_key
            return lambda _, message: (flag in message.flags) is wanted
        if key in FIELD_KEYS:
            return self._read_field(key.encode("ascii"))
        return self._read_other(key)

    def _read_list(self, tokens: tuple[Argument, ...]) -> Criterion:
        before, self._tokens = self._tokens, list(reversed(tokens))
        criterion = self._read_all()
        self._tokens = before
        return criterion

    def _read_field(self, name: bytes) -> Criterion:
        sought = octets(self._next()).lower()
        return lambda _, message: any(sought in value.lower() for value in fields(message, name))

    def _read_other(self, key: str) -> Criterion:
        match key:
            case "NOT":
                inner = self._read_one()
                return lambda number, message: not inner(number, message)
            case "OR":
                one, other = self._read_one(), self._read_one()
                return lambda number, message: one(number, message) or other(number, message)
            case "HEADER":
                return self._read_field(octets(self._next()))
            case "TEXT":
                sought = octets(self._next()).lower()
                return lambda _, message: sought in message.octets.lower()
            case "BODY":
                sought = octets(self._next()).lower()
                return lambda _, message: sought in split(message.octets)[1].lower()
            case "LARGER" | "SMALLER":
                return self._read_size(larger=key == "LARGER")
            case "UID":
                uids = numbers(self._next(), self._largest_uid)
                return lambda _, message: message.uid in uids
            case "KEYWORD" | "UNKEYWORD":  # no message has a keyword here
                self._next()
                return lambda _, message: key == "UNKEYWORD"
            case "BEFORE" | "ON" | "SINCE" | "SENTBEFORE" | "SENTON" | "SENTSINCE":
                return read_date(key, day(self._next()))
        places = numbers(key, self._count)
        return lambda number, _: number in places

    def _read_size(self, *, larger: bool) -> Criterion:
        sizes = numbers(self._next(), 0).ranges
        if len(sizes) != 1 or sizes[0][0] != sizes[0][1]:
            raise BadArgument("expected a size")
        size = sizes[0][0]
        if larger:
            return lambda _, message: len(message.octets) > size
        return lambda _, message: len(message.octets) < size


def read_date(key: str, on: date) -> Criterion:
    """Make the criterion of BEFORE, ON and SINCE, and of the same with SENT before."""
    of = sent if key.startswith("SENT") else arrived
    match key.removeprefix("SENT"):
        case "BEFORE":
            return lambda _, message: of(message) < on
        case "ON":
            return lambda _, message: of(message) == on
    return lambda _, message: of(message) >= on


def arrived(message: Message) -> date:
    """Give the day on which a message came."""
    return message.arrived.date()


def sent(message: Message) -> date:
    """Give the day in a message's Date field; without one, the day on which it came."""
    for value in fields(message, b"Date"):
        try:
            return parsedate_to_datetime(value.strip().decode("ascii", "replace")).date()
        except ValueError:
            continue
    return arrived(message)


def fields(message: Message, name: bytes) -> list[bytes]:
    """Give all fields of that name, unfolded."""
    header, _ = split(message.octets)
    found = FIELD.finditer(header)
    return [FOLD.sub(b"", field[2]) for field in found if field[1].lower() == name.lower()]
