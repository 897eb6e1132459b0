"""The GDBM file format: what a round trip does not show."""

import struct
import sys
from pathlib import Path

import pytest

from perdition.maps import _gdbm_file
from perdition.maps._gdbm_file import GdbmFile, gdbm_hash, write_gdbm
from perdition.maps._octets import FormatError, Octets
from tests.maps.golden_rows import golden


def test_octets_above_127_are_negative_where_char_is_signed() -> None:
    assert gdbm_hash(b"joe", signed=True) == gdbm_hash(b"joe", signed=False)
    assert gdbm_hash(b"\xe4", signed=True) == 1802905770  # seen in a file of makegdbm on x86-64
    assert gdbm_hash(b"\xe4", signed=False) != 1802905770


@pytest.mark.parametrize("signed", [True, False])
def test_files_of_machines_with_either_char(tmp_path: Path, signed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(key: bytes) -> int:
        return gdbm_hash(key, signed=signed)

    with monkeypatch.context() as patch:
        patch.setattr(_gdbm_file, "gdbm_hash", other)
        write_gdbm(f"{tmp_path}/m", [(b"\xe4", b"h"), (b"joe", b"i")])
    file = GdbmFile(Octets(f"{tmp_path}/m"))

    assert file.get(b"\xe4") == b"h"
    assert file.get(b"joe") == b"i"
    assert file.get(b"\xe5") is None


@pytest.mark.parametrize("order", ["little", "big"])
def test_either_order_is_read(tmp_path: Path, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {b"user%d" % number: b"host" for number in range(500)}
    monkeypatch.setattr(sys, "byteorder", order)
    write_gdbm(f"{tmp_path}/m", list(rows.items()))
    file = GdbmFile(Octets(f"{tmp_path}/m"))

    assert dict(file.rows()) == rows
    assert file.get(b"user7") == b"host"


MAGIC, BITS, ELEMENTS, DIRECTORY = 0, 20, 28, 8
REFUSED = {
    "another magic": (MAGIC, 1, "expected a GDBM file"),
    "a 32-bit machine": (MAGIC, 0x13579ACD, "expected a GDBM file of a 64-bit machine"),
    "bits that do not fit": (BITS, 8, "expected the header of a GDBM file"),
    "very many bits": (BITS, 77, "expected the header of a GDBM file"),
    "other buckets": (ELEMENTS, 167, "expected the header of a GDBM file"),
    "a directory behind the end": (DIRECTORY, 1 << 30, "expected as many octets as the header says"),
}


@pytest.mark.parametrize(("place", "number", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path: Path, place: int, number: int, message: str) -> None:
    content = bytearray(golden("gdbm"))
    struct.pack_into("<i", content, place, number)
    (tmp_path / "m").write_bytes(content)

    with pytest.raises(FormatError, match=message):
        GdbmFile(Octets(f"{tmp_path}/m"))


def test_too_many_keys_of_one_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gdbm_file, "gdbm_hash", lambda key: 5)

    with pytest.raises(FormatError, match="expected at most 166 keys of the same hash"):
        write_gdbm(f"{tmp_path}/m", [(b"user%d" % number, b"h") for number in range(167)])
