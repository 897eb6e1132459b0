"""Berkeley DB's btrees: internal pages lead to a leaf, which has keys and values in turn, in the octets' order."""

import struct
from collections.abc import Iterator
from typing import Final

from perdition.maps._bdb_pages import Page, Pages, Row
from perdition.maps._octets import FormatError

BTREE_MAGIC: Final = 0x00053162
VERSIONS: Final = range(8, 11)
OFFSET_OF_ROOT: Final = 88
INTERNAL, LEAF = 3, 5
DEEPEST: Final = 255  # a level is one octet

# length and type of an item on a leaf
ITEM: Final = "HB"
SIZE_OF_ITEM: Final = 3
# length and type, page, number of records; the key follows, or what stands for one on overflow pages
INTERNAL_ITEM: Final = "HBxII"
SIZE_OF_INTERNAL_ITEM: Final = 12
# unused, type, page, length of what is in the overflow pages
OFFPAGE_ITEM: Final = "HBxII"
KEYDATA, OFFPAGE = 1, 3
DELETED: Final = 0x80  # the highest bit of a type


class Btree:
    """A btree.

    Raises:
        FormatError: page 0 makes no sense.
    """

    def __init__(self, pages: Pages) -> None:
        meta = pages.meta
        if meta.version not in VERSIONS:
            raise FormatError(f"expected version {VERSIONS[0]} to {VERSIONS[-1]} of the format, not {meta.version}")
        self._root: int = struct.unpack_from(meta.order + "I", meta.head, OFFSET_OF_ROOT)[0]
        self._pages = pages
        self._order: Final = meta.order

    def get(self, key: bytes) -> bytes | None:
        """Give a key's value, the first if it has several, or None if it is not there.

        Raises:
            FormatError: the file is damaged on the way to it.
        """
        page = self._pages.page(self._leaf(key))
        if len(key) < self._pages.size:
            for index in page.find(struct.pack(self._order + ITEM, len(key), KEYDATA), key):
                if not self._is_deleted(page, index + 1):
                    return self._octets(page, index + 1)
        for index in range(0, len(page.offsets) - 1, 2):
            _, kind = page.unpack(self._order + ITEM, page.offsets[index])
            if kind == OFFPAGE and self._octets(page, index) == key and not self._is_deleted(page, index + 1):
                return self._octets(page, index + 1)
        return None

    def rows(self) -> Iterator[Row]:
        """Give all keys and values in their order.

        Raises:
            FormatError: the file is damaged.
        """
        for page in self._pages.chain(self._leaf(None), (LEAF,)):
            for index in range(0, len(page.offsets) - 1, 2):
                if not self._is_deleted(page, index + 1):
                    yield self._octets(page, index), self._octets(page, index + 1)

    def _leaf(self, key: bytes | None) -> int:
        """Go down to the leaf where a key belongs; None: to the first one."""
        number = self._root
        for _ in range(DEEPEST):
            page = self._pages.page(number)
            if page.kind == LEAF:
                return number
            if page.kind != INTERNAL or not page.offsets:
                raise FormatError("expected a page of a btree: the file is damaged")
            low, high = 0, len(page.offsets)
            while key is not None and high - low > 1:  # the key of the first item counts as less than any other
                middle = (low + high) // 2
                if self._separator(page, page.offsets[middle]) <= key:
                    low = middle
                else:
                    high = middle
            _, _, number, _ = page.unpack(self._order + INTERNAL_ITEM, page.offsets[low])
        raise FormatError("expected a leaf: the file is damaged")

    def _separator(self, page: Page, place: int) -> bytes:
        length, kind, _, _ = page.unpack(self._order + INTERNAL_ITEM, place)
        place += SIZE_OF_INTERNAL_ITEM
        if kind & ~DELETED == OFFPAGE:
            return self._overflow(page, place)
        return page.data[place : place + length]

    def _octets(self, page: Page, index: int) -> bytes:
        place = page.offsets[index]
        length, kind = page.unpack(self._order + ITEM, place)
        if kind & ~DELETED == OFFPAGE:
            return self._overflow(page, place)
        value = page.data[place + SIZE_OF_ITEM : place + SIZE_OF_ITEM + length]
        if kind & ~DELETED != KEYDATA or len(value) != length:
            raise FormatError("expected a key or a value: the file is damaged, or has too many duplicates of a key")
        return value

    def _overflow(self, page: Page, place: int) -> bytes:
        _, _, number, length = page.unpack(self._order + OFFPAGE_ITEM, place)
        return self._pages.overflow(number, length)

    def _is_deleted(self, page: Page, index: int) -> bool:
        return bool(page.unpack(self._order + ITEM, page.offsets[index])[1] & DELETED)
