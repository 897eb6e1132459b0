"""The pages of a Berkeley DB file (versions 4 to 5.3, and 18): what hash and btree tables have in common.

    page 0      says what the table is, how large pages are and how many there are
    others      a header, the offsets of the items, free space, and from the end of the page upwards the items
    overflow    a chain of pages for a key or value that is too long for a page among others

Numbers have the order of the machine that wrote the file.  Not read: encrypted files, files with checksums,
partitions, duplicates that have pages of their own.  The library is not used: its interface is a C struct of
function pointers, on a damaged file it may end the process, and it is absent on most machines.
"""

import struct
from collections.abc import Iterator
from typing import Final, TypeAlias

import attrs

from perdition.maps._octets import FormatError, Octets

Row: TypeAlias = tuple[bytes, bytes]

# lsn, page, magic, version, page size, encryption, type, flags, unused, free list, last page, partitions
META: Final = "8xIIIIBBBxIII"
SIZE_OF_META: Final = 512
# What follows begins here, and is different in hash and btree.
OFFSET_OF_TABLE: Final = 72
PAGE_SIZES: Final = tuple(1 << bits for bits in range(9, 17))

# lsn, page, page before, page behind, number of items, where free space ends, level, type
PAGE: Final = "8xIIIHHBB"
SIZE_OF_PAGE: Final = 26
NO_PAGE: Final = 0
OVERFLOW: Final = 7

LONGEST: Final = 1 << 20
"""The longest key or value that is put together from overflow pages."""


@attrs.frozen
class Page:
    """A page and what its header says: the page behind it, where its free space ends, its type, its items."""

    data: bytes
    next: int
    free: int
    kind: int
    offsets: tuple[int, ...]

    def unpack(self, form: str, place: int) -> tuple[int, ...]:
        """Read numbers.

        Raises:
            FormatError: they are not within the page.
        """
        if place + struct.calcsize(form) > len(self.data):
            raise FormatError("expected an item within its page: the file is damaged")
        return struct.unpack_from(form, self.data, place)

    def find(self, head: bytes, key: bytes) -> Iterator[int]:
        """Give the places of items that begin so, by their index; items stand in pairs, key and value."""
        wanted = head + key
        place = self.data.find(wanted, SIZE_OF_PAGE)
        while place >= 0:
            if place in self.offsets:
                index = self.offsets.index(place)
                if index % 2 == 0 and index + 1 < len(self.offsets):
                    yield index
            place = self.data.find(wanted, place + 1)


@attrs.frozen
class Meta:
    """What page 0 says of every table."""

    magic: int
    version: int
    order: str
    head: bytes


class Pages:
    """A file that has all its pages.

    Args:
        octets: the file.
        magics: of the tables that are known.

    Raises:
        FormatError: the file is of another kind, or not complete.
    """

    def __init__(self, octets: Octets, magics: tuple[int, ...]) -> None:
        if octets.size < SIZE_OF_META:
            raise FormatError("expected a Berkeley DB file: it is too short, or being written")
        head = octets.read(0, SIZE_OF_META)
        for order in "<>":
            _, magic, version, size, encryption, _, flags, _, last, partitions = struct.unpack_from(order + META, head)
            if magic in magics:
                break
        else:
            raise FormatError("expected a Berkeley DB file, hash or btree")
        if encryption or flags or partitions:
            raise FormatError("expected a file without encryption, checksums and partitions")
        # Nothing locks the file while makebdb writes it; that all pages are there is the sign that it is done.
        if size not in PAGE_SIZES or octets.size != (last + 1) * size:
            raise FormatError(f"expected {last + 1} pages: the file is damaged, or being written")
        self._octets = octets
        self._header = struct.Struct(order + PAGE)
        self.size: Final = size
        self.last: Final = last
        self.meta: Final = Meta(magic, version, order, head)

    def page(self, number: int) -> Page:
        """Read a page.

        Raises:
            FormatError: there is none of that number, or it makes no sense.
        """
        if not NO_PAGE < number <= self.last:
            raise FormatError("expected a page within the file: the file is damaged")
        data = self._octets.read(number * self.size, self.size)
        _, _, behind, items, free, _, kind = self._header.unpack_from(data)
        if kind == OVERFLOW:  # it has no items, and their number is one of references
            return Page(data, behind, free, kind, ())
        if items > (self.size - SIZE_OF_PAGE) // 2:
            raise FormatError("expected fewer items on a page: the file is damaged")
        return Page(data, behind, free, kind, struct.unpack_from(f"{self.meta.order}{items}H", data, SIZE_OF_PAGE))

    def chain(self, number: int, kinds: tuple[int, ...]) -> Iterator[Page]:
        """Give a page and those behind it.

        Raises:
            FormatError: one is not of these kinds, or the chain has no end.
        """
        for _ in range(self.last):
            page = self.page(number)
            if page.kind not in kinds:
                raise FormatError("expected a page of another kind: the file is damaged")
            yield page
            number = page.next
            if number == NO_PAGE:
                return
        raise FormatError("expected an end of a chain of pages: the file is damaged")

    def overflow(self, number: int, length: int) -> bytes:
        """Put together what stands on overflow pages.

        Raises:
            FormatError: they have fewer octets.
        """
        if length > LONGEST:
            raise FormatError(f"expected keys and values of at most {LONGEST} octets")
        parts: list[bytes] = []
        missing = length
        for page in self.chain(number, (OVERFLOW,)):
            part = page.data[SIZE_OF_PAGE : SIZE_OF_PAGE + page.free][:missing]
            parts.append(part)
            missing -= len(part)
            if not missing:
                return b"".join(parts)
        raise FormatError("expected more overflow pages: the file is damaged")
