"""Reading what an IMAP4 client says behind a verb: lines and literals in turn, to words and lists.

A word is str if it is an atom (or anything else without quotes: a flag, a sequence set, BODY[...]<0.10>), and
bytes if it is a string.  A list is a tuple.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, TypeAlias

import attrs

Argument: TypeAlias = "str | bytes | tuple[Argument, ...]"

TOKEN: Final = re.compile(
    rb'( ?)(?:"((?:[^"\\]|\\["\\])*)"|(\{[0-9]+\+?\})\Z|(\()|(\))|((?:[^\x00-\x20\x7f-\xff()"{\[\]]|\[[^\]]*\])+))'
)
ESCAPED: Final = re.compile(rb"\\(.)")
RANGE: Final = re.compile(r"([0-9]{1,10}|\*)(?::([0-9]{1,10}|\*))?\Z")
DEEPEST: Final = 20
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATE: Final = re.compile(r" ?([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")
DATE_TIME: Final = re.compile(DATE.pattern + r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})\Z")


class BadArgument(Exception):
    """An argument that cannot be; the text says what was expected and is safe to send."""


@attrs.frozen
class Numbers:
    """A sequence set with its `*` resolved (RFC 9051 9, sequence-set)."""

    ranges: tuple[tuple[int, int], ...]

    def __contains__(self, number: int) -> bool:
        return any(low <= number <= high for low, high in self.ranges)


def read_tokens(parts: tuple[bytes, ...]) -> tuple[Argument, ...]:
    """Read lines and literals in turn.

    Raises:
        BadArgument: they are not words and lists with one blank between.
    """
    stack: list[list[Argument]] = [[]]
    glued = True  # nothing stands before: no blank is due
    for index in range(0, len(parts), 2):
        line, at = parts[index], 0
        while at < len(line):
            found = TOKEN.match(line, at)
            if found is None:
                raise BadArgument("expected words, strings and lists")
            blank, quoted, announced, opening, closing, atom = found.groups()
            if bool(blank) is (glued or closing is not None):
                raise BadArgument("expected one blank between arguments")
            at, glued = found.end(), opening is not None
            if opening is not None:
                stack.append([])
            elif closing is not None:
                close_list(stack)
            elif quoted is not None:
                stack[-1].append(ESCAPED.sub(rb"\1", quoted))
            elif announced is None:
                stack[-1].append(atom.decode("ascii"))
            elif index + 1 < len(parts):
                stack[-1].append(parts[index + 1])
            if len(stack) > DEEPEST:
                raise BadArgument("expected fewer lists in lists")
    if len(stack) > 1:
        raise BadArgument("expected )")
    return tuple(stack[0])


def close_list(stack: list[list[Argument]]) -> None:
    """Put the innermost list into the one around it."""
    if len(stack) == 1:
        raise BadArgument("expected ( before )")
    inner = stack.pop()
    stack[-1].append(tuple(inner))


def octets(token: Argument) -> bytes:
    """Read an astring."""
    if isinstance(token, tuple):
        raise BadArgument("expected a word or a string, not a list")
    return token.encode("ascii") if isinstance(token, str) else token


def word(token: Argument) -> str:
    """Read an atom, in capitals."""
    if not isinstance(token, str):
        raise BadArgument("expected a word without quotes")
    return token.upper()


def words(token: Argument) -> tuple[Argument, ...]:
    """Read a list; a single word stands for a list of one."""
    return token if isinstance(token, tuple) else (token,)


def numbers(token: Argument, largest: int) -> Numbers:
    """Read a sequence set.

    Args:
        token: the set.
        largest: what `*` stands for.
    """
    ranges = []
    for item in word(token).split(","):
        found = RANGE.match(item)
        if found is None:
            raise BadArgument("expected a set of numbers such as 1,3:5,7:*")
        ends = [largest if end == "*" else int(end) for end in (found[1], found[2] or found[1])]
        ranges.append((min(ends), max(ends)))
    return Numbers(tuple(ranges))


def day(token: Argument) -> date:
    """Read a date such as 1-Feb-2026."""
    found = DATE.fullmatch(octets(token).decode("ascii", "replace"))
    if found is None or found[2].lower() not in MONTHS:
        raise BadArgument("expected a date such as 1-Feb-2026")
    try:
        return date(int(found[3]), MONTHS.index(found[2].lower()) + 1, int(found[1]))
    except ValueError:
        raise BadArgument("expected a day that exists") from None


def moment(token: Argument) -> datetime:
    """Read a date and time such as "01-Feb-2026 10:00:00 +0100"."""
    text = octets(token).decode("ascii", "replace")
    found = DATE_TIME.match(text)
    if found is None:
        raise BadArgument("expected a date, a time and a zone")
    on = day(DATE_TIME.sub(r"\1-\2-\3", text))
    offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
    try:
        zone = timezone(-offset if found[7] == "-" else offset)
        at = datetime(on.year, on.month, on.day, int(found[4]), int(found[5]), int(found[6]), tzinfo=zone)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadArgument("expected a time that exists") from None


def write_moment(at: datetime) -> bytes:
    """Write a date and time for INTERNALDATE."""
    return f"{at.day:2d}-{MONTHS[at.month - 1].title()}-{at:%Y %H:%M:%S} +0000".encode()
