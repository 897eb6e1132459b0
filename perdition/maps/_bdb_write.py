"""Writes Berkeley DB hash files, as perdition 2.2's bdb map wants them: it opens no btree.

All keys are known before the first page is written, so the number of buckets is right from the start, and
pages stand in the order of their buckets: page 0, a page for each bucket, then those that follow a full one
and those for long keys and values.
"""

import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from perdition.maps._bdb_hash import (
    BIG,
    CHARKEY,
    HASH,
    HASH_MAGIC,
    KEYDATA,
    OFFPAGE,
    OFFPAGE_ITEM,
    SORTED,
    SPARES,
    bdb_hash,
)
from perdition.maps._bdb_pages import (
    LONGEST,
    META,
    NO_PAGE,
    OFFSET_OF_TABLE,
    OVERFLOW,
    PAGE,
    SIZE_OF_META,
    SIZE_OF_PAGE,
    Row,
)
from perdition.maps._octets import FormatError

PAGE_SIZE: Final = 4096
VERSION: Final = 9
META_TYPE: Final = 8
SIZE_OF_UID: Final = 20
OFFSET_OF_UID: Final = 52
FILLED: Final = PAGE_SIZE * 2 // 3
"""How many octets a bucket has on an average."""
ROOM: Final = PAGE_SIZE - SIZE_OF_PAGE
ORDER: Final = "<" if sys.byteorder == "little" else ">"


def write_bdb(path: str, rows: Sequence[Row]) -> None:
    """Write a file, in this machine's order; no key may be there twice.

    Raises:
        FormatError: a key or a value is longer than what is read.
        OSError: it cannot be written.
    """
    for number, row in enumerate(rows, 1):
        if max(map(len, row)) > LONGEST:
            raise FormatError(
                f"expected keys and values of at most {LONGEST} octets, found a longer one in row {number}"
            )
    buckets = 2
    while buckets * FILLED < sum(map(_size, rows)):
        buckets *= 2
    sorted_in: list[list[Row]] = [[] for _ in range(buckets)]
    for row in rows:
        sorted_in[bdb_hash(row[0]) & (buckets - 1)].append(row)
    further = _Further(1 + buckets)
    with Path(path).open("wb") as file:
        file.seek(PAGE_SIZE)
        for bucket, within in enumerate(sorted_in):
            file.write(_bucket(1 + bucket, sorted(within, key=_place), further))
        for page in further.pages:
            file.write(page)
        file.seek(0)
        file.write(_meta(len(rows), buckets, buckets + len(further.pages)))


def _place(row: Row) -> list[int]:
    """Give what keys are sorted by on a page: their octets, but of two with the same beginning the longer is first."""
    return [*row[0], 256]


def _size(row: Row) -> int:
    """Tell how much of a bucket's page a row takes: two offsets, two types, two items."""
    return 6 + sum(min(len(octets), PAGE_SIZE // BIG) for octets in row)


class _Further:
    """The pages behind those of the buckets."""

    def __init__(self, first: int) -> None:
        self._first = first
        self.pages: list[bytes] = []

    def reserve(self) -> int:
        """Give the number of a page that is filled in later."""
        self.pages.append(b"")
        return self._first + len(self.pages) - 1

    def fill(self, number: int, page: bytes) -> None:
        """Fill in a page that was reserved."""
        self.pages[number - self._first] = page

    def add(self, octets: bytes) -> int:
        """Write a long key or value; give its first page."""
        parts = [octets[start : start + ROOM] for start in range(0, len(octets), ROOM)]
        numbers = [NO_PAGE, *(self.reserve() for _ in parts), NO_PAGE]
        for before, number, behind, part in zip(numbers, numbers[1:], numbers[2:], parts, strict=False):
            # The number of items of such a page is that of the references to it.
            header = struct.pack(ORDER + PAGE, number, before, behind, 1, len(part), 0, OVERFLOW)
            self.fill(number, (header + part).ljust(PAGE_SIZE, b"\0"))
        return numbers[1]


def _bucket(number: int, rows: Sequence[Row], further: _Further) -> bytes:
    """Give a bucket's page; those that follow it go to the further ones."""
    pages: list[list[bytes]] = [[]]
    free = ROOM
    for row in rows:
        items = [_item(octets, further) for octets in row]
        needed = sum(2 + len(item) for item in items)
        if needed > free:
            pages.append([])
            free = ROOM
        pages[-1] += items
        free -= needed
    numbers = [NO_PAGE, number, *(further.reserve() for _ in pages[1:]), NO_PAGE]
    made = [
        _page(own, before, behind, items)
        for before, own, behind, items in zip(numbers, numbers[1:], numbers[2:], pages, strict=False)
    ]
    for own, page in zip(numbers[2:], made[1:], strict=False):
        further.fill(own, page)
    return made[0]


def _item(octets: bytes, further: _Further) -> bytes:
    if len(octets) <= PAGE_SIZE // BIG:
        return bytes([KEYDATA]) + octets
    return struct.pack(ORDER + OFFPAGE_ITEM, OFFPAGE, further.add(octets), len(octets))


def _page(number: int, before: int, behind: int, items: Sequence[bytes]) -> bytes:
    offsets: list[int] = []
    free = PAGE_SIZE
    for item in items:
        free -= len(item)
        offsets.append(free)
    header = struct.pack(ORDER + PAGE, number, before, behind, len(items), free, 0, SORTED)
    head = header + struct.pack(f"{ORDER}{len(items)}H", *offsets)
    return head.ljust(free, b"\0") + b"".join(reversed(items))


def _meta(keys: int, buckets: int, last_page: int) -> bytes:
    page = bytearray(PAGE_SIZE)
    struct.pack_into(ORDER + META, page, 0, 0, HASH_MAGIC, VERSION, PAGE_SIZE, 0, META_TYPE, 0, 0, last_page, 0)
    page[OFFSET_OF_UID : OFFSET_OF_UID + SIZE_OF_UID] = os.urandom(SIZE_OF_UID)
    groups = (buckets - 1).bit_length() + 1
    spares = [1] * groups + [0] * (SPARES - groups)
    last, fill_factor = buckets - 1, 0
    struct.pack_into(
        ORDER + HASH, page, OFFSET_OF_TABLE, last, last, last >> 1, fill_factor, keys, bdb_hash(CHARKEY), *spares
    )
    assert len(page) >= SIZE_OF_META  # noqa: S101  # what readers look at first
    return bytes(page)
