"""perdition-map build, dump and convert."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.map_tool.kinds import DATABASES, KINDS
from perdition.map_tool.popmap import BadLine, Entry, judge, read_entries, write_line
from perdition.maps import Absent, Found, Query
from perdition.maps._file_map import FileMap
from perdition.maps.registry import open_map
from perdition.maps.sqlite import Sqlite
from tests.map_tool.command import ROOT, perdition_map

POPMAP = b"joe:imap.example.com:1143\n\n# not a comment:h\n sp : v \n\xc3\xa4:x@h"
ROWS = {b"joe": b"imap.example.com:1143", b"# not a comment": b"h", b" sp ": b" v ", b"\xc3\xa4": b"x@h"}
EVERY_KIND = pytest.mark.parametrize("kind", DATABASES)


@EVERY_KIND
def test_build_and_dump(tmp_path: Path, kind: str) -> None:
    built = perdition_map("build", kind, tmp_path / "m", given=POPMAP)
    dumped = perdition_map("dump", kind, tmp_path / "m")

    assert (built.status, built.out, built.err) == (0, b"", "")
    assert dumped.status == 0
    assert sorted(dumped.out.splitlines()) == sorted(key + b":" + value for key, value in ROWS.items())
    assert os.listdir(tmp_path) == ["m"]


@EVERY_KIND
def test_what_was_built_is_a_map(tmp_path: Path, kind: str) -> None:
    perdition_map("build", kind, tmp_path / "m", given=POPMAP)
    popmap = open_map(kind, f"{tmp_path}/m")

    assert isinstance(popmap, FileMap | Sqlite)
    with contextlib.closing(popmap):
        assert popmap.lookup(Query(b"joe")) == Found(b"imap.example.com:1143")
        assert popmap.lookup(Query(b"ann")) == Absent()


BAD = b"ok:h\nno colon\n\n:no key\nno value:\nok:again\r\nok:again\ncr:h\r\n"
COMPLAINTS = """\
perdition-map: line 2: expected key:value, found no colon
perdition-map: line 4: expected a key before the colon
perdition-map: line 5: expected a server behind the colon
perdition-map: line 6: expected a line that ends with LF alone, found CR LF
perdition-map: line 7: expected a key that is not there yet, found "ok" of line 1
perdition-map: line 8: expected a line that ends with LF alone, found CR LF
"""


@EVERY_KIND
def test_nothing_is_written_when_a_line_is_wrong(tmp_path: Path, kind: str) -> None:
    perdition_map("build", kind, tmp_path / "m", given=b"old:h\n")
    built = perdition_map("build", kind, tmp_path / "m", given=BAD)

    assert built.status == 1
    assert built.err == f"{COMPLAINTS}perdition-map: {tmp_path}/m: nothing was written\n"
    assert perdition_map("dump", kind, tmp_path / "m").out == b"old:h\n"
    assert os.listdir(tmp_path) == ["m"]


def test_of_very_many_bad_lines_the_first_are_named(tmp_path: Path) -> None:
    built = perdition_map("build", "cdb", tmp_path / "m", given=b"bad\n" * 250)

    assert len(built.err.splitlines()) == 102
    assert "perdition-map: and 150 more\n" in built.err


def test_sqlite_takes_utf_8_only(tmp_path: Path) -> None:
    built = perdition_map("build", "sqlite", tmp_path / "m", given=b"a:b\n\xe4:h\n")

    assert built.status == 1
    assert "expected UTF-8" in built.err
    assert os.listdir(tmp_path) == []


@EVERY_KIND
def test_mode_and_link_of_the_old_file_stay(tmp_path: Path, kind: str) -> None:
    perdition_map("build", kind, tmp_path / "m", given=b"old:h\n")
    assert stat.S_IMODE(os.stat(tmp_path / "m").st_mode) == 0o644
    os.chmod(tmp_path / "m", 0o640)
    (tmp_path / "link").symlink_to("m")
    perdition_map("build", kind, tmp_path / "link", given=b"new:h\n")

    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE(os.stat(tmp_path / "m").st_mode) == 0o640
    assert perdition_map("dump", kind, tmp_path / "m").out == b"new:h\n"


@EVERY_KIND
def test_files_that_cannot_be_used(tmp_path: Path, kind: str) -> None:
    (tmp_path / "text").write_bytes(b"joe:h\n" * 1000)

    assert perdition_map("build", kind, tmp_path / "no" / "m", given=b"a:b\n").status == 1
    missing = perdition_map("dump", kind, tmp_path / "no")
    assert missing.status == 1
    assert missing.err.startswith("perdition-map: ")
    other = perdition_map("dump", kind, tmp_path / "text")
    assert other.status == 1
    assert len(other.err.splitlines()) == 1
    assert f"{tmp_path}/text: " in other.err


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_not_replaced(tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    (tmp_path / "source").write_bytes(b"a:b\n")
    for name in ("fifo", "link"):
        done = perdition_map("convert", f"text:{tmp_path}/source", f"{kind}:{tmp_path}/{name}")

        assert done.status == 1
        assert done.err == f"perdition-map: {tmp_path}/{name}: expected a regular file or nothing there\n"

    assert stat.S_ISFIFO(os.lstat(tmp_path / "fifo").st_mode)
    assert (tmp_path / "link").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["fifo", "link", "source"]


def test_bdb_takes_no_value_that_it_does_not_read(tmp_path: Path) -> None:
    most = 1 << 20
    good = perdition_map("build", "bdb", tmp_path / "m", given=b"a:" + b"b" * most + b"\n")
    long = perdition_map("build", "bdb", tmp_path / "n", given=b"ok:h\na:" + b"b" * (most + 1) + b"\n")

    assert good.status == 0
    assert perdition_map("dump", "bdb", tmp_path / "m").status == 0
    assert long.status == 1
    assert long.err.startswith(f"perdition-map: {tmp_path}/n: expected keys and values of at most {most} octets, found")
    assert os.listdir(tmp_path) == ["m"]


@EVERY_KIND
def test_errors_name_the_file_and_not_the_temporary_one(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "no" / "m"
    done = perdition_map("build", kind, file, given=b"a:b\n")

    assert done.err == f"perdition-map: {file}: No such file or directory\n"


HELD_BACK = """
import signal, sys, time
from pathlib import Path
from perdition.map_tool.main import main
from perdition.maps import _replace

def waits(target, temporary):
    Path(temporary + "-journal").touch()
    sys.stdout.write("written\\n")
    sys.stdout.flush()
    time.sleep(60)

_replace._take_over = waits
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever started the tests may have ignored it (nohup)
main()
"""


@EVERY_KIND
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_leaves_nothing_behind(tmp_path: Path, kind: str, number: signal.Signals) -> None:
    words = [sys.executable, "-c", HELD_BACK, "build", kind, f"{tmp_path}/m"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"a:b\n")
        process.stdin.close()
        assert process.stdout.readline() == b"written\n"
        process.send_signal(number)

        assert process.wait(20) == 128 + number
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    perdition_map("build", "cdb", tmp_path / "m", given=b"a:b\n")
    with open("/dev/full", "wb") as full:
        words = [sys.executable, "-m", "perdition.map_tool", "dump", "cdb", f"{tmp_path}/m"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False, timeout=60)

    assert done.returncode == 1
    assert done.stderr == b"perdition-map: standard output: No space left on device\n"


@EVERY_KIND
@pytest.mark.parametrize("target", DATABASES)
def test_convert(tmp_path: Path, kind: str, target: str) -> None:
    perdition_map("build", kind, tmp_path / "m", given=POPMAP)
    converted = perdition_map("convert", f"{kind}:{tmp_path}/m", f"{target}:{tmp_path}/n")
    printed = perdition_map("convert", f"{target}:{tmp_path}/n", "text:-")

    assert (converted.status, converted.err) == (0, "")
    assert sorted(printed.out.splitlines()) == sorted(key + b":" + value for key, value in ROWS.items())


def test_convert_says_what_does_not_fit(tmp_path: Path) -> None:
    KINDS["cdb"].write(f"{tmp_path}/colon", [(b"a:b", b"h")])
    KINDS["cdb"].write(f"{tmp_path}/newline", [(b"a", b"h\n")])
    KINDS["cdb"].write(f"{tmp_path}/twice", [(b"a", b"h"), (b"a", b"i")])
    KINDS["cdb"].write(f"{tmp_path}/empty", [(b"a", b"")])

    assert 'key "a:b": expected none with a colon' in perdition_map("dump", "cdb", tmp_path / "colon").err
    assert 'key "a": expected no line end' in perdition_map("dump", "cdb", tmp_path / "newline").err
    for name, fault in (("twice", "has a key twice"), ("empty", "without value")):
        done = perdition_map("convert", f"cdb:{tmp_path}/{name}", f"bdb:{tmp_path}/out")

        assert done.status == 1
        assert fault in done.err
    assert perdition_map("convert", f"cdb:{tmp_path}/colon", f"gdbm:{tmp_path}/out").status == 0


@pytest.mark.parametrize("word", ["cdb", "cdb:", "ldap:x", ""])
def test_convert_wants_kind_and_file(word: str) -> None:
    done = perdition_map("convert", word, "text:-")

    assert done.status == 1
    assert done.err == f'perdition-map: expected KIND:FILE with one of gdbm, bdb, cdb, sqlite, text, not "{word}"\n'


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    lines = b"".join(b"user%d:host\n" % number for number in range(50_000))
    perdition_map("build", "cdb", tmp_path / "m", given=lines)
    with subprocess.Popen(
        [sys.executable, "-m", "perdition.map_tool", "dump", "cdb", tmp_path / "m"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        complaints = process.stderr.read()

    assert complaints == b""
    assert process.returncode == 1


@given(st.lists(st.binary(max_size=8).map(lambda line: line.replace(b"\n", b""))))
def test_entries_that_are_judged_good_are_written_as_they_were_read(lines: list[bytes]) -> None:
    found = list(judge(read_entries(line + b"\n" for line in lines)))
    good = [entry for entry in found if isinstance(entry, Entry)]

    assert [write_line((entry.key, entry.value)) for entry in good] == [lines[entry.line - 1] + b"\n" for entry in good]
    assert len({entry.key for entry in good}) == len(good)
    assert len(found) == sum(1 for line in lines if line)
    assert all(entry.expected for entry in found if isinstance(entry, BadLine))
