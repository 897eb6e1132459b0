"""The file format of cdb, the constant database (https://cr.yp.to/cdb/cdb.txt), read and written.

    pointers    256 times: where a hash table is, and how many slots it has
    records     each: length of the key, of the value, key, value
    tables      slots of (hash, where the record is); 0 is no record

All numbers have 32 bits, little-endian.
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from perdition.maps._octets import FormatError, Octets

Row: TypeAlias = tuple[bytes, bytes]

PAIR: Final = struct.Struct("<II")
TABLES: Final = 256
SIZE_OF_POINTERS: Final = TABLES * PAIR.size
LARGEST: Final = 0xFFFFFFFF


def cdb_hash(key: bytes) -> int:
    """Hash a key to 32 bits."""
    value = 5381
    for octet in key:
        value = (value * 33 & 0xFFFFFFFF) ^ octet
    return value


class CdbFile:
    """A whole file.

    Raises:
        FormatError: it is none, or not complete.
    """

    def __init__(self, octets: Octets) -> None:
        if octets.size < SIZE_OF_POINTERS:
            raise FormatError(f"expected a cdb file, {SIZE_OF_POINTERS} octets at least: it is none, or being written")
        self._octets = octets
        self._pointers = tuple(PAIR.iter_unpack(octets.read(0, SIZE_OF_POINTERS)))
        # The pointers are written last, and the tables end the file.
        ends = [place + slots * PAIR.size for place, slots in self._pointers]
        first = min(place for place, _ in self._pointers)
        if first < SIZE_OF_POINTERS or max(ends) != octets.size:
            raise FormatError("expected hash tables up to the end: the file is no cdb file, damaged, or being written")
        self._end_of_records: Final = first

    def get(self, key: bytes) -> bytes | None:
        """Give a key's value, the first if it has several, or None if it is not there.

        Raises:
            FormatError: the file is damaged on the way to it.
        """
        value = cdb_hash(key)
        place, slots = self._pointers[value % TABLES]
        for step in range(slots):
            slot = place + (value // TABLES + step) % slots * PAIR.size
            found, record = PAIR.unpack(self._octets.read(slot, PAIR.size))
            if not record:
                return None
            if found == value:
                key_size, value_size = self._sizes(record)
                stored = self._octets.read(record + PAIR.size, key_size)
                if stored == key:
                    return self._octets.read(record + PAIR.size + key_size, value_size)
                if cdb_hash(stored) != value:
                    raise FormatError("expected a key with the hash of its slot: the file is damaged")
        return None

    def rows(self) -> Iterator[Row]:
        """Give all keys and values, in the order of writing.

        Raises:
            FormatError: the file is damaged.
        """
        record = SIZE_OF_POINTERS
        while record < self._end_of_records:
            key_size, value_size = self._sizes(record)
            record += PAIR.size
            key = self._octets.read(record, key_size)
            yield key, self._octets.read(record + key_size, value_size)
            record += key_size + value_size

    def _sizes(self, record: int) -> tuple[int, int]:
        key_size, value_size = PAIR.unpack(self._octets.read(record, PAIR.size))
        return key_size, value_size


def write_cdb(path: str, rows: Sequence[Row]) -> None:
    """Write a file.

    Raises:
        FormatError: there is too much for a cdb file.
        OSError: it cannot be written.
    """
    tables: list[list[tuple[int, int]]] = [[] for _ in range(TABLES)]
    place = SIZE_OF_POINTERS
    pointers = bytearray()
    with Path(path).open("wb") as file:
        file.seek(place)
        for key, content in rows:
            value = cdb_hash(key)
            tables[value % TABLES].append((value, place))
            place += file.write(PAIR.pack(len(key), len(content)) + key + content)
        if place + 2 * PAIR.size * len(rows) > LARGEST:
            raise FormatError("expected less than 4 GiB, which a cdb file cannot exceed")
        for table in tables:
            slots: list[tuple[int, int]] = [(0, 0)] * (2 * len(table))
            for value, record in table:
                index = value // TABLES % len(slots)
                while slots[index][1]:
                    index = (index + 1) % len(slots)
                slots[index] = (value, record)
            pointers += PAIR.pack(place, len(slots))
            place += file.write(b"".join(PAIR.pack(*slot) for slot in slots))
        file.seek(0)
        file.write(pointers)
