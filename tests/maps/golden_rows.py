"""What is in the files of tests/maps/golden, and how a test gets at one."""

import zlib
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "golden"

FULL: Final = {b"user%d" % number: b"host%d:143" % (number % 7) for number in range(200)} | {
    b"long value": b"x" * 3000,
    b"k" * 2000: b"long key",
}
EMPTY: Final = {b"": b"empty key", b"empty value": b""}

ROWS: Final = {
    "gdbm": FULL,
    "bdb_hash": FULL | EMPTY,
    "bdb_hash_big_endian": FULL | EMPTY,
    "bdb_btree": FULL | EMPTY,
    "bdb_btree_big_endian": FULL | EMPTY,
    "cdb": FULL | EMPTY,
}


def golden(name: str) -> bytes:
    """Give a file's octets."""
    return zlib.decompress((FOLDER / f"{name}.zlib").read_bytes())
