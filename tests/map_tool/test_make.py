"""makegdbm and makebdb; tests/interop has them beside the C program's."""

import os
import stat
from pathlib import Path

import pytest

from perdition.map_tool.kinds import KINDS
from tests.map_tool.command import command

LINES = b"joe:127.0.0.1:110\ndup:a\ndup:b\nnocolon\n\nempty:\n:v\n sp : v \n# c:v\nlast:y"
COMMON = {b"joe": b"127.0.0.1:110", b"dup": b"a", b" sp ": b" v ", b"# c": b"v", b"last": b"y"}
MADE = {
    "makegdbm": (
        COMMON,
        "makegdbm: dupicate key: dup\n"
        "makegdbm: invalid input on line: 4 \n"
        "makegdbm: invalid input on line: 6 \n"
        "makegdbm: invalid input on line: 7 \n",
    ),
    "makebdb": (
        COMMON | {b"empty": b"", b"": b"v"},
        "makebdb: BDB0067 DB_KEYEXIST: Key/data pair already exists (key: dup)\nmakebdb: invalid input on line: 4 \n",
    ),
}
EVERY_TOOL = pytest.mark.parametrize("tool", MADE)


@EVERY_TOOL
def test_bad_lines_are_named_and_left_out(tmp_path: Path, tool: str) -> None:
    done = command(tool, tmp_path / "m", given=LINES)
    rows, complaints = MADE[tool]

    assert (done.status, done.out, done.err) == (0, b"", complaints)
    assert dict(KINDS[tool.removeprefix("make")].read(f"{tmp_path}/m")) == rows


@EVERY_TOOL
@pytest.mark.parametrize("words", [("-u", "m"), ("--undo", "m"), ("m", "-u")])
def test_undo(tmp_path: Path, tool: str, words: tuple[str, ...]) -> None:
    command(tool, "m", given=b"joe:h:1\nann:i\n", folder=tmp_path)
    done = command(tool, *words, folder=tmp_path)

    assert (done.status, done.err) == (0, "")
    assert sorted(done.out.splitlines()) == [b"ann:i", b"joe:h:1"]


@pytest.mark.parametrize(("tool", "said"), [("makegdbm", "makegdbm: makegdbm_undo: no first key\n"), ("makebdb", "")])
def test_undo_of_an_empty_file(tmp_path: Path, tool: str, said: str) -> None:
    command(tool, "m", folder=tmp_path)
    done = command(tool, "-u", "m", folder=tmp_path)

    assert (done.status, done.out, done.err) == (0, b"", said)


@EVERY_TOOL
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(tool: str, option: str) -> None:
    done = command(tool, option)

    assert done.status == 0
    assert done.out.decode().startswith(f"Usage: {tool} [options] {tool.removeprefix('make')}name\n")


@EVERY_TOOL
@pytest.mark.parametrize("words", [(), ("a", "b"), ("-x", "a"), ("-u",), ("-u", "a", "b")])
def test_wrong_usage(tmp_path: Path, tool: str, words: tuple[str, ...]) -> None:
    done = command(tool, *words, folder=tmp_path)

    assert done.status == 255
    assert "Usage: " in done.err
    assert ("options: -x: unknown option\n" in done.err) == ("-x" in words)


@EVERY_TOOL
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("no/m",), "no/m: No such file or directory"),
        (("-u", "no"), "no: No such file or directory"),
        (("-u", "text"), "text: expected "),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, tool: str, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "text").write_text("joe:h\n")
    done = command(tool, *words, folder=tmp_path)

    assert done.status == 255
    assert done.err.startswith(f"{tool}: {said}")
    assert len(done.err.splitlines()) == 1


@EVERY_TOOL
def test_what_is_no_file_is_not_replaced(tmp_path: Path, tool: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    done = command(tool, tmp_path / "fifo", given=b"a:b\n")

    assert done.status == 255
    assert done.err == f"{tool}: {tmp_path}/fifo: expected a regular file or nothing there\n"
    assert stat.S_ISFIFO(os.lstat(tmp_path / "fifo").st_mode)
