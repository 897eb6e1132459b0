"""Berkeley DB's hash tables: the hash gives a bucket, the bucket a page, and more pages may follow it.

Linear hashing: as many bits of the hash as the last bucket has; a bucket that is not there yet is part of the
one with a bit less.  Bucket pages come in groups that double, and `spares` has where each group begins.
"""

import struct
from collections.abc import Iterator
from typing import Final

from perdition.maps._bdb_pages import OFFSET_OF_TABLE, Page, Pages, Row
from perdition.maps._octets import FormatError

HASH_MAGIC: Final = 0x00061561
VERSIONS: Final = range(8, 11)  # before: another hash function and another header
# last bucket, masks, fill factor, number of keys, hash of a well-known key, spares
HASH: Final = "6I32I"
SPARES: Final = 32
CHARKEY: Final = b"%$sniglet^&\0"  # its hash is in the file, and tells which function was used

UNUSED, UNSORTED, SORTED = 0, 2, 13
KINDS: Final = (UNUSED, UNSORTED, SORTED)

# The first octet of an item.
KEYDATA, DUPLICATES, OFFPAGE = 1, 2, 3
# type, page, length of what is in the overflow pages
OFFPAGE_ITEM: Final = "BxxxII"
SIZE_OF_OFFPAGE_ITEM: Final = 12
BIG: Final = 4
"""An item that is longer than this part of a page has overflow pages."""


def bdb_hash(key: bytes) -> int:
    """Hash a key to 32 bits (Berkeley DB's __ham_func5: FNV-1, begun with 0)."""
    value = 0
    for octet in key:
        value = (value * 16777619 & 0xFFFFFFFF) ^ octet
    return value


class HashTable:
    """A hash table.

    Raises:
        FormatError: page 0 makes no sense.
    """

    def __init__(self, pages: Pages) -> None:
        meta = pages.meta
        if meta.version not in VERSIONS:
            raise FormatError(f"expected version {VERSIONS[0]} to {VERSIONS[-1]} of the format, not {meta.version}")
        numbers = struct.unpack_from(meta.order + HASH, meta.head, OFFSET_OF_TABLE)
        self._last_bucket, self._high_mask, self._low_mask, _, _, charkey, *self._spares = numbers
        if charkey != bdb_hash(CHARKEY):
            raise FormatError("expected Berkeley DB's own hash function")
        if self._last_bucket >= pages.last or self._low_mask > self._last_bucket:
            raise FormatError("expected buckets within the file: the file is damaged")
        self._pages = pages
        self._order: Final = meta.order

    def get(self, key: bytes) -> bytes | None:
        """Give a key's value, the first if it has several, or None if it is not there.

        Raises:
            FormatError: the file is damaged on the way to it.
        """
        value = bdb_hash(key)
        bucket = value & self._high_mask
        if bucket > self._last_bucket:
            bucket &= self._low_mask
        for page in self._bucket(bucket):
            for index in page.find(bytes([KEYDATA]), key):
                if len(_item(page, index)) == 1 + len(key):
                    return next(self._values(page, index + 1), None)
            if len(key) > self._pages.size // BIG:
                for index in range(0, len(page.offsets) - 1, 2):
                    if _item(page, index)[0] == OFFPAGE and self._octets(page, index) == key:
                        return next(self._values(page, index + 1), None)
        return None

    def rows(self) -> Iterator[Row]:
        """Give all keys and values, in no order that means anything.

        Raises:
            FormatError: the file is damaged.
        """
        for bucket in range(self._last_bucket + 1):
            for page in self._bucket(bucket):
                for index in range(0, len(page.offsets) - 1, 2):
                    key = self._octets(page, index)
                    for value in self._values(page, index + 1):
                        yield key, value

    def _bucket(self, bucket: int) -> Iterator[Page]:
        return self._pages.chain(bucket + self._spares[bucket.bit_length()], KINDS)

    def _octets(self, page: Page, index: int) -> bytes:
        item = _item(page, index)
        if item[0] == OFFPAGE and len(item) == SIZE_OF_OFFPAGE_ITEM:
            _, number, length = struct.unpack(self._order + OFFPAGE_ITEM, item)
            return self._pages.overflow(number, length)
        if item[0] != KEYDATA:
            raise FormatError("expected a key or a value: the file is damaged, or has too many duplicates of a key")
        return item[1:]

    def _values(self, page: Page, index: int) -> Iterator[bytes]:
        item = _item(page, index)
        if item[0] != DUPLICATES:
            yield self._octets(page, index)
            return
        place = 1
        while place < len(item):  # each: its length, itself, its length
            length = int.from_bytes(item[place : place + 2], "little" if self._order == "<" else "big")
            value = item[place + 2 : place + 2 + length]
            if len(value) != length:
                raise FormatError("expected duplicates within their item: the file is damaged")
            yield value
            place += length + 4


def _item(page: Page, index: int) -> bytes:
    """Give an item: it ends where the one before it begins, and has its type at least."""
    start, end = page.offsets[index], page.offsets[index - 1] if index else len(page.data)
    if not start < end <= len(page.data):
        raise FormatError("expected the items of a page in their order: the file is damaged")
    return page.data[start:end]
