"""What the maps that are one file have in common, and the formats against files of other people's tools."""

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.maps import (
    Absent,
    Found,
    MapError,
    Outcome,
    Query,
    Runs,
    Unavailable,
    _file_map,
    _octets,
    bdb,
    cdb,
    gdbm,
)
from perdition.maps._bdb_write import write_bdb
from perdition.maps._cdb_file import write_cdb
from perdition.maps._file_map import FileMap, Format, open_file
from perdition.maps._gdbm_file import write_gdbm
from perdition.maps._octets import FormatError
from tests.maps.golden_rows import ROWS, golden

FORMATS: Final[Mapping[str, Format]] = {"gdbm": gdbm.FORMAT, "bdb": bdb.FORMAT, "cdb": cdb.FORMAT}
OPEN: Final = {"gdbm": gdbm.open_map, "bdb": bdb.open_map, "cdb": cdb.open_map}
WRITE: Final[Mapping[str, Callable[[str, Sequence[tuple[bytes, bytes]]], None]]] = {
    "gdbm": write_gdbm,
    "bdb": write_bdb,
    "cdb": write_cdb,
}
LONG_AGO: Final = 1_000_000_000
JOE: Final = Query(b"joe")
EVERY_KIND: Final = pytest.mark.parametrize("kind", FORMATS)


@contextlib.contextmanager
def opened(kind: str, path: str) -> Iterator[FileMap]:
    with contextlib.closing(OPEN[kind](path)) as popmap:
        yield popmap


def write(kind: str, path: str, rows: Mapping[bytes, bytes], *, age: int = LONG_AGO) -> None:
    """Write a file as a tool would that renames it, and that ran long ago."""
    WRITE[kind](f"{path}.new", list(rows.items()))
    os.utime(f"{path}.new", (age, age))
    os.replace(f"{path}.new", path)


@pytest.fixture
def path(tmp_path: Path, kind: str) -> str:
    file = f"{tmp_path}/popmap.{kind}"
    write(kind, file, {b"joe": b"imap.example.com:1143", b"\xe4\0": b"x@h", b"": b"nobody", b"empty": b""})
    return file


LOOKUPS: dict[bytes, Outcome] = {
    b"joe": Found(b"imap.example.com:1143"),
    b"Joe": Absent(),
    b"joe\0": Absent(),
    b"joe ": Absent(),
    b"jo": Absent(),
    b"\xe4\0": Found(b"x@h"),
    b"\xe4": Absent(),
    b"": Found(b"nobody"),
    b"empty": Absent(),
    b"*": Absent(),
    b"' OR '1'='1": Absent(),
    b"x" * 70_000: Absent(),
}


@EVERY_KIND
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize(("key", "outcome"), LOOKUPS.items(), ids=lambda value: repr(value)[:20])
def test_lookup(
    path: str, kind: str, held: bool, key: bytes, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_octets, "HELD", _octets.HELD if held else 0)
    with opened(kind, path) as popmap:
        assert popmap.lookup(Query(key)) == outcome
        assert popmap.runs is Runs.INLINE
        assert not popmap.by_address


@pytest.mark.parametrize("name", ROWS)
def test_files_of_other_tools(tmp_path: Path, name: str) -> None:
    kind = name.partition("_")[0]
    (tmp_path / "m").write_bytes(golden(name))
    state = open_file(f"{tmp_path}/m", FORMATS[kind])

    assert dict(state.table.rows()) == ROWS[name]
    for key, value in ROWS[name].items():
        assert state.table.get(key) == value
    for key in (b"user200", b"user", b"User1", b"user1\0", b"k" * 1999, b"z" * 5000, b"\xff"):
        assert state.table.get(key) is None


@EVERY_KIND
def test_a_replaced_file_is_picked_up(path: str, kind: str) -> None:
    with opened(kind, path) as popmap:
        write(kind, path, {b"joe": b"elsewhere"})

        assert popmap.lookup(JOE) == Found(b"elsewhere")


@pytest.mark.parametrize("kind", ["gdbm", "cdb"])
def test_a_file_that_was_just_written_is_looked_at_again(path: str, kind: str) -> None:
    """Two changes in one tick of the clock may leave the same times; here the size is the same, too."""
    WRITE[kind](path, [(b"joe", b"one")])
    with opened(kind, path) as popmap:
        before = os.stat(path)
        WRITE[kind](path, [(b"joe", b"two")])
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        assert popmap.lookup(JOE) == Found(b"two")


@EVERY_KIND
def test_the_file_before_answers_while_the_new_one_is_written_in_place(path: str, kind: str) -> None:
    content = Path(path).read_bytes()
    with opened(kind, path) as popmap:
        for size in (0, 100, len(content) // 2, len(content) - 1):
            with open(path, "r+b") as file:
                file.truncate(0)
                file.write(content[:size])

            assert popmap.lookup(JOE) == Found(b"imap.example.com:1143")
        WRITE[kind](path, [(b"joe", b"elsewhere")])
        os.utime(path, (LONG_AGO, LONG_AGO))

        assert popmap.lookup(JOE) == Found(b"elsewhere")


def test_a_bdb_file_must_have_been_left_alone_and_have_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """makebdb makes a sound file without keys, waits for its input, and fills the pages when it is at its end."""
    path = f"{tmp_path}/m"
    write("bdb", path, {b"joe": b"one"})
    with opened("bdb", path) as popmap:
        write_bdb(path, [])
        fresh_and_empty = popmap.lookup(JOE)
        os.utime(path, (LONG_AGO, LONG_AGO))
        empty = popmap.lookup(JOE)
        write_bdb(path, [(b"joe", b"two")])
        fresh = popmap.lookup(JOE)
        os.utime(path, (LONG_AGO, LONG_AGO))
        at_last = popmap.lookup(JOE)
        write_bdb(path, [])
        still = popmap.lookup(JOE)
        monkeypatch.setattr(_file_map, "PATIENCE", -1.0)

        assert [fresh_and_empty, empty, fresh, at_last, still] == [Found(b"one")] * 3 + [Found(b"two")] * 2
        assert popmap.lookup(JOE) == Absent()


def test_a_bdb_file_counts_at_once_when_the_administrator_says_so(tmp_path: Path) -> None:
    path = f"{tmp_path}/m"
    write("bdb", path, {b"joe": b"one"})
    with opened("bdb", path) as popmap:
        write_bdb(path, [(b"joe", b"two")])
        popmap.reload()

        assert popmap.lookup(JOE) == Found(b"two")


@EVERY_KIND
@pytest.mark.parametrize("patience", [True, False])
def test_the_file_before_answers_for_a_minute_only(
    path: str, kind: str, patience: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_file_map, "PATIENCE", _file_map.PATIENCE if patience else -1.0)
    with opened(kind, path) as popmap:
        os.unlink(path)
        outcome = popmap.lookup(JOE)
        write(kind, path, {b"joe": b"back"})

        assert outcome == (
            Found(b"imap.example.com:1143") if patience else Unavailable(f"{path}: No such file or directory")
        )
        assert popmap.lookup(JOE) == Found(b"back")


@EVERY_KIND
def test_a_file_too_large_for_memory_is_unavailable_while_it_is_written_in_place(
    path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_octets, "HELD", 0)
    with opened(kind, path) as popmap:
        os.truncate(path, 100)
        outcome = popmap.lookup(JOE)
        os.unlink(path)
        write(kind, path, {b"joe": b"elsewhere"})

        assert isinstance(outcome, Unavailable)
        assert popmap.lookup(JOE) == Found(b"elsewhere")


@EVERY_KIND
def test_a_large_file_that_its_name_has_left_goes_on_answering(
    path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_octets, "HELD", 0)
    with opened(kind, path) as popmap:
        os.unlink(path)

        assert popmap.lookup(JOE) == Found(b"imap.example.com:1143")


@EVERY_KIND
def test_a_missing_file_is_no_reason_not_to_start(tmp_path: Path, kind: str) -> None:
    path = f"{tmp_path}/late"
    with opened(kind, path) as popmap:
        outcome = popmap.lookup(JOE)
        with pytest.raises(MapError) as caught:
            popmap.reload()
        write(kind, path, {b"joe": b"h"})

        assert outcome == Unavailable(f"{path}: No such file or directory")
        assert str(caught.value) == f"{path}: No such file or directory"
        assert popmap.lookup(JOE) == Found(b"h")


@EVERY_KIND
def test_without_the_default_file_all_are_absent_until_it_was_there(tmp_path: Path, kind: str) -> None:
    path = f"{tmp_path}/default"
    form = Format(path, FORMATS[kind].read)
    with contextlib.closing(FileMap(form, path)) as popmap:
        popmap.reload()
        before = popmap.lookup(JOE)
        write(kind, path, {b"joe": b"h"})
        then = popmap.lookup(JOE)
        os.unlink(path)
        popmap_lost = popmap.lookup(Query(b"ann"))
        with pytest.raises(MapError, match="No such file"):
            popmap.reload()

        assert before == Absent()
        assert then == Found(b"h")
        assert popmap_lost == Absent()  # of the file before, which has no such user


@EVERY_KIND
def test_no_permission_folder_or_device_is_refused(tmp_path: Path, kind: str) -> None:
    for path, message in ((str(tmp_path), "expected a regular file"), ("/dev/null", "expected a regular file")):
        with pytest.raises(MapError) as caught:
            OPEN[kind](path)

        assert str(caught.value) == f"{path}: {message}"
    with pytest.raises(MapError, match="Not a directory"):
        OPEN[kind]("/dev/null/x")


@EVERY_KIND
@pytest.mark.parametrize("content", [b"", b"joe:host\n", b"a text that is long enough to look at\n" * 500])
def test_no_database(tmp_path: Path, kind: str, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)

    with pytest.raises(MapError) as caught:
        OPEN[kind](f"{tmp_path}/m")

    assert str(caught.value).startswith(f"{tmp_path}/m: expected ")
    assert "\n" not in str(caught.value)


@EVERY_KIND
def test_a_file_of_another_kind(tmp_path: Path, kind: str) -> None:
    for other in FORMATS:
        path = f"{tmp_path}/{other}"
        write(other, path, {b"joe": b"h"})
        if other != kind:
            with pytest.raises(MapError, match="expected"):
                OPEN[kind](path)


def test_a_gdbm_file_that_is_locked_by_its_writer(tmp_path: Path) -> None:
    path = f"{tmp_path}/popmap.gdbm.db"
    write("gdbm", path, {b"joe": b"h"})
    with open(path, "r+b") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        with opened("gdbm", path) as popmap:
            locked = popmap.lookup(JOE)
            with pytest.raises(MapError, match="locked by somebody who is writing it"):
                popmap.reload()
            fcntl.flock(writer, fcntl.LOCK_UN)

            assert locked == Unavailable(f"{path}: locked by somebody who is writing it")
            assert popmap.lookup(JOE) == Found(b"h")


@EVERY_KIND
def test_lookups_hold_no_lock(path: str, kind: str) -> None:
    with opened(kind, path) as popmap, open(path, "r+b") as writer:
        popmap.lookup(JOE)
        fcntl.flock(writer, fcntl.LOCK_EX | fcntl.LOCK_NB)

        assert popmap.lookup(JOE) == Found(b"imap.example.com:1143")


@EVERY_KIND
def test_a_failed_reload_leaves_the_file_before(path: str, kind: str) -> None:
    with opened(kind, path) as popmap:
        popmap.reload()
        Path(path).write_bytes(b"rubbish")
        with pytest.raises(MapError, match="expected"):
            popmap.reload()

        assert popmap.lookup(JOE) == Found(b"imap.example.com:1143")


def test_the_folder_of_the_process_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("cdb", "m", {b"joe": b"h"})
    with opened("cdb", "m") as popmap:
        monkeypatch.chdir("/")
        write("cdb", f"{tmp_path}/m", {b"joe": b"new"})

        assert popmap.lookup(JOE) == Found(b"new")


WRITER: Final = """
import os, sys
path, new, rounds = sys.argv[1], open(sys.argv[2], "rb").read(), int(sys.argv[3])
for _ in range(rounds):
    if sys.argv[4] == "rename":
        with open(path + ".new", "wb") as file:
            file.write(new)
        os.replace(path + ".new", path)
    else:
        with open(path, "r+b", buffering=0) as file:
            file.truncate(0)
            for start in range(0, len(new), 512):
                file.write(new[start : start + 512])
"""


@EVERY_KIND
@pytest.mark.parametrize("how", ["rename", "in place"])
def test_no_user_is_absent_while_the_file_is_written_again_and_again(
    tmp_path: Path, path: str, kind: str, how: str
) -> None:
    rows = {b"user%d" % number: b"host" for number in range(300)} | {b"joe": b"imap.example.com:1143"}
    write(kind, f"{tmp_path}/source", rows)
    write(kind, path, rows)
    outcomes = set()
    with (
        opened(kind, path) as popmap,
        subprocess.Popen([sys.executable, "-c", WRITER, path, f"{tmp_path}/source", "300", how]) as writer,
    ):
        while writer.poll() is None:
            outcomes.add(popmap.lookup(JOE))
        outcomes.add(popmap.lookup(JOE))

    assert outcomes == {Found(b"imap.example.com:1143")}


octet_strings = st.one_of(st.binary(max_size=60), st.binary(min_size=900, max_size=9000))


@EVERY_KIND
@given(rows=st.dictionaries(octet_strings, octet_strings, max_size=40), other=octet_strings)
def test_what_was_put_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, kind: str, rows: dict[bytes, bytes], other: bytes
) -> None:
    path = f"{tmp_path_factory.getbasetemp()}/rows.{kind}"
    with patch("os.fsync"):  # a hundred files, none of them for after a crash
        WRITE[kind](path, list(rows.items()))
    state = open_file(path, FORMATS[kind])

    assert dict(state.table.rows()) == rows
    for key in (*rows, other):
        assert state.table.get(key) == rows.get(key)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("count", [0, 1, 166, 167, 20_000])
def test_many_rows(tmp_path: Path, kind: str, count: int) -> None:
    rows = {b"user%d" % number: b"host%d" % (number % 10) for number in range(count)}
    WRITE[kind](f"{tmp_path}/m", list(rows.items()))
    state = open_file(f"{tmp_path}/m", FORMATS[kind])

    assert dict(state.table.rows()) == rows
    for key in [*rows][:: max(1, count // 100)]:
        assert state.table.get(key) == rows[key]
    assert state.table.get(b"nobody") is None


@pytest.mark.parametrize("name", ROWS)
@given(data=st.data())
def test_damaged_files_end_in_an_outcome(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    """Octets are changed, most of them where the tables are, or the file is cut short."""
    content = bytearray(golden(name))
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.one_of(st.integers(0, 200), st.integers(0, len(content) - 8)))
        content[place : place + 4] = data.draw(
            st.one_of(st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f"]), st.binary(min_size=1, max_size=4))
        )
    size = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    path = f"{tmp_path_factory.getbasetemp()}/damaged"
    Path(path).write_bytes(content[:size])
    kind = name.partition("_")[0]
    with contextlib.suppress(FormatError):
        for _ in zip(range(10_000), open_file(path, FORMATS[kind]).table.rows(), strict=False):
            pass
    try:
        popmap = OPEN[kind](path)
    except MapError:
        return
    with contextlib.closing(popmap):
        for key in (b"user1", b"user77", b"long value", b"k" * 2000, b"nobody", b""):
            assert isinstance(popmap.lookup(Query(key)), Found | Absent | Unavailable)


def test_a_block_of_a_gdbm_file_that_is_lost_makes_nobody_absent(tmp_path: Path) -> None:
    """As it reads after a crash of some file systems: zeros."""
    rows = {b"user%d" % number: b"%d.example.com" % number for number in range(300)}
    write("gdbm", f"{tmp_path}/m", rows)
    whole = (tmp_path / "m").read_bytes()
    found = 0
    for start in range(4096, len(whole), 4096):
        damaged = bytearray(whole)
        damaged[start : start + 4096] = bytes(len(damaged[start : start + 4096]))
        (tmp_path / "m").write_bytes(damaged)
        with opened("gdbm", f"{tmp_path}/m") as popmap:
            outcomes = [popmap.lookup(Query(key)) for key in rows]

        assert all(
            outcome == Found(value) or isinstance(outcome, Unavailable)
            for outcome, value in zip(outcomes, rows.values(), strict=True)
        )
        lost = sum(isinstance(outcome, Unavailable) for outcome in outcomes)
        found += lost
        if lost:
            with pytest.raises(FormatError, match="the file is damaged"):
                list(open_file(f"{tmp_path}/m", gdbm.FORMAT).table.rows())

    assert found > len(rows)


def test_records_of_a_cdb_file_that_are_lost_make_nobody_absent(tmp_path: Path) -> None:
    rows = {b"user%d" % number: b"%d.example.com" % number for number in range(300)}
    write("cdb", f"{tmp_path}/m", rows)
    damaged = bytearray((tmp_path / "m").read_bytes())
    damaged[4096:8192] = bytes(4096)
    (tmp_path / "m").write_bytes(damaged)
    with opened("cdb", f"{tmp_path}/m") as popmap:
        outcomes = [popmap.lookup(Query(key)) for key in rows]

    assert Absent() not in outcomes
    assert Unavailable(f"{tmp_path}/m: expected a key with the hash of its slot: the file is damaged") in outcomes
