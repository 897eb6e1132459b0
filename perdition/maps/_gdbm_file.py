"""The file format of GDBM 1.8 to 1.2x, read and written without the library.

    header      one block: where the directory is, how large it and the buckets are
    directory   2**bits addresses of buckets; the first bits of a key's hash say which one counts
    bucket      a hash table of (hash, first octets of the key, where and how long key and value are)

Numbers have the size and order of the machine that wrote the file, as C's structs lie in its memory.  Files of
64-bit machines are read, either order; the library itself refuses those of the other order.  The library is
not used: it maps files (one that makegdbm writes anew in place would end the process), waits for nobody's
locks but takes them, and is absent on most machines.
"""

import platform
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from perdition.maps._octets import FormatError, Octets

Row: TypeAlias = tuple[bytes, bytes]

# Old, 64-bit, 64-bit with numbered synchronisation (gdbm's GDBM_OMAGIC, GDBM_MAGIC64, GDBM_NUMSYNC_MAGIC64).
MAGIC: Final = 0x13579ACF
MAGICS: Final = (0x13579ACE, MAGIC, 0x13579AD1)
MAGICS_32: Final = (0x13579ACD, 0x13579AD0)
ORDERS: Final = {"little": "<", "big": ">"}

# magic, block size, directory's address, its size and bits, a bucket's size and elements, end of the blocks
HEADER: Final = "iiqiiiiq"
# What follows in the header: a table of free space, its size and count, where it goes on.
AVAILABLE: Final = "iiq"
SIZE_OF_AVAILABLE_ELEMENT: Final = 16
ADDRESS: Final = "q"
SIZE_OF_ADDRESS: Final = 8
# hash, first octets of the key, where key and value are, the key's and the value's size
ELEMENT: Final = "i4sqii"
SIZE_OF_ELEMENT: Final = 24
# A bucket begins with a table of free space (a count and six elements); then its bits and count.
BITS_AND_COUNT: Final = "ii"
OFFSET_OF_BITS: Final = 104
OFFSET_OF_ELEMENTS: Final = 112
EMPTY: Final = -1  # the hash of an element without key
PREFIX: Final = 4
HASH_BITS: Final = 31

# Where C's `char` has no sign on Linux; so keys that are not ASCII hash differently from machine to machine.
SIGNED: Final = not platform.machine().startswith(("aarch64", "arm", "ppc", "riscv", "s390"))

# What our files have: the same as those of the library on a file system with blocks of 4 KiB.
BLOCK: Final = 4096
LEAST_BITS: Final = 9  # a directory of one block
MOST_BITS: Final = 24


def gdbm_hash(key: bytes, *, signed: bool = SIGNED) -> int:
    """Hash a key to 31 bits (gdbm's _gdbm_hash): the library takes octets for C's `char`, signed or not."""
    value = 0x238F13AF * len(key)
    for index, octet in enumerate(key):
        if signed and octet > 127:
            octet -= 256
        value = (value + (octet << (index * 5 % 24))) & 0x7FFFFFFF
    return (1103515243 * value + 12345) & 0x7FFFFFFF


def elements_of(bucket_size: int) -> int:
    """Tell how many elements a bucket has (gdbm's bucket_element_count)."""
    return (bucket_size - OFFSET_OF_ELEMENTS - SIZE_OF_ELEMENT) // SIZE_OF_ELEMENT + 1


class GdbmFile:
    """A whole and sound file.

    Raises:
        FormatError: it is none.
    """

    def __init__(self, octets: Octets) -> None:
        self._octets = octets
        head = octets.read(0, struct.calcsize("<" + HEADER)) if octets.size else b""
        if not head:
            raise FormatError("expected a GDBM file, found an empty one")
        for order in ORDERS.values():
            magic, _, directory, size, bits, bucket_size, elements, end = struct.unpack(order + HEADER, head)
            if magic in MAGICS:
                break
            if magic in MAGICS_32:
                raise FormatError("expected a GDBM file of a 64-bit machine: build it anew on this one")
        else:
            raise FormatError("expected a GDBM file")
        if not 0 <= bits <= HASH_BITS or size != SIZE_OF_ADDRESS << bits or elements != elements_of(bucket_size):
            raise FormatError("expected the header of a GDBM file: it is damaged, or of another kind of machine")
        if elements < 1 or directory < len(head) or directory + size > octets.size or end > octets.size:
            raise FormatError("expected as many octets as the header says: the file is damaged, or being written")
        self._directory, self._bits = directory, bits
        self._bucket_size, self._elements = bucket_size, elements
        self._address = struct.Struct(order + ADDRESS)
        self._element = struct.Struct(order + ELEMENT)

    def get(self, key: bytes) -> bytes | None:
        """Give a key's value, or None if it is not there.

        Raises:
            FormatError: the file is damaged on the way to it.
        """
        found = self._find(key, gdbm_hash(key))
        if found is None and not key.isascii():  # a file of another kind of machine
            found = self._find(key, gdbm_hash(key, signed=not SIGNED))
        return found

    def _find(self, key: bytes, value: int) -> bytes | None:
        place = self._directory + (value >> (HASH_BITS - self._bits)) * SIZE_OF_ADDRESS
        bucket = self._bucket(self._address.unpack(self._octets.read(place, SIZE_OF_ADDRESS))[0])
        for step in range(self._elements):
            index = (value + step) % self._elements
            found, prefix, address, key_size, value_size = self._element_at(bucket, index)
            if found == EMPTY:
                return None
            _see_that_it_is_used(address)
            if found == value and key_size == len(key) and prefix[: min(key_size, PREFIX)] == key[:PREFIX]:
                stored, content = self._row(address, key_size, value_size)
                if stored == key:
                    return content
                _see_that_it_fits(stored, found)
        return None

    def rows(self) -> Iterator[Row]:
        """Give all keys and values, in no order that means anything.

        Raises:
            FormatError: the file is damaged.
        """
        addresses = self._octets.read(self._directory, SIZE_OF_ADDRESS << self._bits)
        last = None
        for (address,) in self._address.iter_unpack(addresses):
            if address == last:  # neighbours in the directory may share a bucket
                continue
            last = address
            bucket = self._bucket(address)
            for index in range(self._elements):
                found, _, place, key_size, value_size = self._element_at(bucket, index)
                if found != EMPTY:
                    _see_that_it_is_used(place)
                    row = self._row(place, key_size, value_size)
                    _see_that_it_fits(row[0], found)
                    yield row

    def _bucket(self, address: int) -> bytes:
        _see_that_it_is_used(address)
        return self._octets.read(address, self._bucket_size)

    def _element_at(self, bucket: bytes, index: int) -> tuple[int, bytes, int, int, int]:
        found: tuple[int, bytes, int, int, int] = self._element.unpack_from(
            bucket, OFFSET_OF_ELEMENTS + index * SIZE_OF_ELEMENT
        )
        return found

    def _row(self, address: int, key_size: int, value_size: int) -> Row:
        if key_size < 0 or value_size < 0:
            raise FormatError("expected sizes in a bucket: the file is damaged")
        both = self._octets.read(address, key_size + value_size)
        return both[:key_size], both[key_size:]


def _see_that_it_is_used(address: int) -> None:
    """Find octets that were lost: where they read as zeros, a bucket has no empty elements, and rows are nowhere.

    Raises:
        FormatError: they were.
    """
    if not address:  # there is the header
        raise FormatError("expected an address, found 0: the file is damaged")


def _see_that_it_fits(key: bytes, value: int) -> None:
    """Find a key that is not what was stored; FormatError: it is not."""
    if value not in (gdbm_hash(key), gdbm_hash(key, signed=not SIGNED)):
        raise FormatError("expected a key with the hash of its element: the file is damaged")


def write_gdbm(path: str, rows: Sequence[Row]) -> None:
    """Write a file, in this machine's order; no key may be there twice.

    Raises:
        FormatError: too many keys have the same hash.
        OSError: it cannot be written.
    """
    order = ORDERS[sys.byteorder]
    hashed = sorted((gdbm_hash(key), key, value) for key, value in rows)
    most = elements_of(BLOCK)
    buckets = list(_buckets([value for value, _, _ in hashed], 0, len(hashed), 0, most))
    bits = max(LEAST_BITS, *(depth for _, _, depth in buckets))
    directory = bytearray()
    first_bucket = BLOCK + (SIZE_OF_ADDRESS << bits)
    place = first_bucket + len(buckets) * BLOCK  # of the next row
    with Path(path).open("wb") as file:
        file.seek(first_bucket)
        element = struct.Struct(order + ELEMENT)
        for number, (start, end, depth) in enumerate(buckets):
            directory += struct.pack(order + ADDRESS, first_bucket + number * BLOCK) * (1 << (bits - depth))
            bucket = bytearray(OFFSET_OF_ELEMENTS) + element.pack(EMPTY, b"", 0, 0, 0) * most
            bucket += bytes(BLOCK - len(bucket))
            struct.pack_into(order + BITS_AND_COUNT, bucket, OFFSET_OF_BITS, depth, end - start)
            taken: set[int] = set()
            for value, key, content in hashed[start:end]:
                index = value % most
                while index in taken:
                    index = (index + 1) % most
                taken.add(index)
                offset = OFFSET_OF_ELEMENTS + index * SIZE_OF_ELEMENT
                element.pack_into(bucket, offset, value, key[:PREFIX], place, len(key), len(content))
                place += len(key) + len(content)
            file.write(bucket)
        for _, key, content in hashed:
            file.write(key + content)
        end_of_blocks = -(-place // BLOCK) * BLOCK
        file.write(bytes(end_of_blocks - place))
        file.seek(0)
        head = struct.pack(
            order + HEADER, MAGIC, BLOCK, BLOCK, SIZE_OF_ADDRESS << bits, bits, BLOCK, most, end_of_blocks
        )
        room = (BLOCK - len(head) - struct.calcsize(order + AVAILABLE)) // SIZE_OF_AVAILABLE_ELEMENT
        file.write((head + struct.pack(order + AVAILABLE, room, 0, 0)).ljust(BLOCK, b"\0") + directory)


def _buckets(hashes: Sequence[int], start: int, end: int, depth: int, most: int) -> Iterator[tuple[int, int, int]]:
    """Part sorted hashes by their first bits until no bucket has too many: start, end, number of bits."""
    if end - start <= most:
        yield start, end, depth
        return
    if depth == MOST_BITS:
        raise FormatError(f"expected at most {most} keys of the same hash")
    bit = 1 << (HASH_BITS - depth - 1)
    middle = next((index for index in range(start, end) if hashes[index] & bit), end)
    yield from _buckets(hashes, start, middle, depth + 1, most)
    yield from _buckets(hashes, middle, end, depth + 1, most)
