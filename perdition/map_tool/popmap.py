"""The text form of a map: a line for each user, `key:value`, as makegdbm and makebdb of perdition 2.2 read it.

A line is parted at its first colon and taken to the octet: blanks count, `#` begins no comment.  Empty lines are
passed over.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import attrs

from perdition.session.log_lines import escape

Row: TypeAlias = tuple[bytes, bytes]

COLON: Final = b":"
NEWLINE: Final = b"\n"
SHOWN: Final = 60
"""How many octets of a key a message shows."""


@attrs.frozen
class Entry:
    """A line with both parts."""

    line: int
    key: bytes
    value: bytes


@attrs.frozen
class BadLine:
    """A line that cannot be used; `expected` says what should have been there."""

    line: int
    expected: str


def read_entries(lines: Iterable[bytes]) -> Iterator[Entry | BadLine]:
    """Read lines, each with or without its newline; what is parted is not judged any further."""
    for number, line in enumerate(lines, 1):
        line = line.removesuffix(NEWLINE)
        if not line:
            continue
        key, colon, value = line.partition(COLON)
        yield Entry(number, key, value) if colon else BadLine(number, "key:value, found no colon")


def judge(entries: Iterable[Entry | BadLine]) -> Iterator[Entry | BadLine]:
    """Find fault with entries that mean nothing, or not what was meant: empty, ending in CR, there already."""
    lines: dict[bytes, int] = {}
    for entry in entries:
        match entry:
            case BadLine():
                yield entry
            case Entry(line, b""):
                yield BadLine(line, "a key before the colon")
            case Entry(line, _, b""):
                yield BadLine(line, "a server behind the colon")
            case Entry(line, _, value) if value.endswith(b"\r"):
                yield BadLine(line, "a line that ends with LF alone, found CR LF")
            case Entry(line, key) if (first := lines.setdefault(key, line)) != line:
                yield BadLine(line, f"a key that is not there yet, found {shown(key)} of line {first}")
            case _:
                yield entry


def write_line(row: Row) -> bytes:
    """Write an entry.

    Raises:
        ValueError: it does not fit on a line; the message says why.
    """
    key, value = row
    if COLON in key:
        raise ValueError(f"key {shown(key)}: expected none with a colon")
    if NEWLINE in key + value:
        raise ValueError(f"key {shown(key)}: expected no line end in key and value")
    return key + COLON + value + NEWLINE


def shown(key: bytes) -> str:
    """Write a key into a message."""
    return f'"{escape(key[:SHOWN])}{"..." if len(key) > SHOWN else ""}"'
