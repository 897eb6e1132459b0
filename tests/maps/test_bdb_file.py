"""The Berkeley DB file formats: what a round trip does not show."""

import struct
from pathlib import Path

import pytest

from perdition.maps._bdb_file import read_bdb
from perdition.maps._bdb_hash import CHARKEY, bdb_hash
from perdition.maps._octets import FormatError, Octets
from tests.maps.golden_rows import golden


def test_the_hash_of_the_well_known_key() -> None:
    assert bdb_hash(CHARKEY) == struct.unpack_from("<I", golden("bdb_hash"), 92)[0]


MAGIC, VERSION, PAGE_SIZE, FLAGS, LAST, CHARHASH, BUCKETS = 12, 16, 20, 24, 32, 92, 72
REFUSED = {
    "another magic": ("bdb_hash", MAGIC, 0x42253, "expected a Berkeley DB file, hash or btree"),
    "an old hash": ("bdb_hash", VERSION, 5, "expected version 8 to 10 of the format, not 5"),
    "an old btree": ("bdb_btree", VERSION, 6, "expected version 8 to 10 of the format, not 6"),
    "odd pages": ("bdb_hash", PAGE_SIZE, 4097, "expected 5 pages"),
    "encryption": ("bdb_hash", FLAGS, 0x0801, "expected a file without encryption"),
    "checksums": ("bdb_hash", FLAGS, 0x10800, "expected a file without encryption"),
    "a page too few": ("bdb_btree", LAST, 100, "expected 101 pages: the file is damaged, or being written"),
    "another hash function": ("bdb_hash", CHARHASH, 1, "expected Berkeley DB's own hash function"),
    "too many buckets": ("bdb_hash", BUCKETS, 5000, "expected buckets within the file"),
}


@pytest.mark.parametrize(("name", "place", "number", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path: Path, name: str, place: int, number: int, message: str) -> None:
    content = bytearray(golden(name))
    struct.pack_into("<I", content, place, number)
    (tmp_path / "m").write_bytes(content)

    with pytest.raises(FormatError, match=message):
        read_bdb(Octets(f"{tmp_path}/m"))


def test_of_duplicates_in_a_hash_the_first_counts(tmp_path: Path) -> None:
    """A key with its values as `db5.3_load -c duplicates=1` leaves them: each between its lengths, in one item."""
    content = bytearray(golden("bdb_hash"))
    page = content.index(b"\x01" + b"user1" + b"\x01host") // 4096 * 4096
    place = content.index(b"\x01host1:143\x01user1", page)  # the value stands below its key
    content[place : place + 10] = b"\x02" + b"\x03\x00one\x03\x00" + b"\0\0"
    (tmp_path / "m").write_bytes(content)

    assert read_bdb(Octets(f"{tmp_path}/m")).get(b"user1") == b"one"
