"""How the octets of a fuzzer become a play: four octets that choose, then records.

    HEAD (4 octets) | octets | 0xFF tag octets | 0xFF tag octets ...

A tag is a capital letter; what it means is the target's business.  0xFF before anything else is an octet like
another.  Every sequence of octets is a play: a mutation never makes an input that cannot be read.
"""

import re
from collections.abc import Iterable
from typing import Final

import attrs

HEAD: Final = 4
TAG: Final = re.compile(rb"\xff([A-Z])")


@attrs.frozen
class Record:
    """Octets under a tag; those at the beginning, if any, have the tag b""."""

    tag: bytes
    octets: bytes


@attrs.frozen
class Tape:
    """One play."""

    head: bytes
    records: tuple[Record, ...]


def read_tape(data: bytes) -> Tape:
    """Read what a fuzzer made; a head that is too short goes on with zeros."""
    first, *rest = TAG.split(data[HEAD:])
    records = [Record(tag, octets) for tag, octets in zip(rest[0::2], rest[1::2], strict=True)]
    return Tape(data[:HEAD].ljust(HEAD, b"\0"), tuple([Record(b"", first)] * bool(first) + records))


def write_tape(records: Iterable[tuple[bytes, bytes]], head: bytes = b"\0" * HEAD) -> bytes:
    """Write a play: records of tag and octets, the first with the tag b"" if there is one."""
    return head + b"".join((b"\xff" + tag if tag else b"") + octets for tag, octets in records)


def pieces(octets: bytes, size: int) -> list[bytes]:
    """Cut octets into pieces of a size."""
    return [octets[at : at + size] for at in range(0, len(octets), size)]
