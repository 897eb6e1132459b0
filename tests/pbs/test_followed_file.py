"""A log file is followed through everything that is done to log files."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from perdition.pbs.followed_file import FAREWELL, MOST_AT_ONCE, FollowedFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "mail.log"
    file.write_bytes(b"old\n")
    return file


def open_files() -> list[str]:
    """Give the names of our open files."""
    names = []
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing
            names.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return names


def append(path: Path, octets: bytes) -> None:
    with path.open("ab") as file:
        file.write(octets)


def test_only_what_comes_counts(path: Path) -> None:
    file = FollowedFile(str(path))
    seen = [file.read(0)]
    append(path, b"one\ntw")
    seen.append(file.read(0))
    append(path, b"o\n")
    seen.append(file.read(0))
    file.close()

    assert seen == [[], [b"one"], [b"two"]]


def test_a_line_that_was_begun_before_we_came_does_not_count(path: Path) -> None:
    append(path, b"Nov 21 06:29:56 x sshd: ")
    file = FollowedFile(str(path))
    append(path, b"a forged line\none\n")
    seen = file.read(0)
    file.close()

    assert seen == [b"one"]


def test_rotation_by_rename(path: Path, tmp_path: Path) -> None:
    file = FollowedFile(str(path))
    with path.open("ab", buffering=0) as writer:
        writer.write(b"one\n")
        path.rename(tmp_path / "mail.log.1")
        renamed = file.read(0)
        path.touch()  # logrotate's create
        writer.write(b"two\n")
        created = file.read(0)
        writer.write(b"three\n")
        append(path, b"four\n")  # another writer was told already
        both = file.read(1) + file.read(1)
        writer.write(b"five\n")
        late = file.read(FAREWELL)
    append(path, b"six\n")
    new = file.read(FAREWELL + 1)
    append(tmp_path / "mail.log.1", b"seven\n")
    append(path, b"eight\n")
    last = file.read(FAREWELL + 2) + file.read(FAREWELL + 3)
    file.close()

    assert (renamed, created, both, late, new, last) == (
        [b"one"], [b"two"], [b"three", b"four"], [b"five"], [b"six"], [b"eight"],
    )  # fmt: skip


def test_rotation_twice_in_a_row(path: Path, tmp_path: Path) -> None:
    file = FollowedFile(str(path))
    for number in range(3):
        append(path, b"%d\n" % number)
        file.read(number * 100)
        path.rename(tmp_path / f"mail.log.{number}")
        append(path, b"new %d\n" % number)
        file.read(number * 100)
        file.read(number * 100 + 99)
    append(path, b"last\n")
    seen = file.read(1000)
    left_open = [name for name in open_files() if "mail.log" in name]
    file.close()

    assert seen == [b"last"]
    assert left_open == [str(path)]


def test_copytruncate(path: Path, tmp_path: Path) -> None:
    file = FollowedFile(str(path))
    append(path, b"one\n")
    before = file.read(0)
    shutil.copy(path, tmp_path / "mail.log.1")
    os.truncate(path, 0)
    append(path, b"two\n")
    after = file.read(0)
    file.close()

    assert (before, after) == ([b"one"], [b"two"])


@pytest.mark.parametrize("lines", [b"new\n", b"a longer one\n", b"x" * 9000 + b"\n"])
def test_a_file_that_has_grown_again_before_we_look(path: Path, lines: bytes) -> None:
    file = FollowedFile(str(path))
    os.truncate(path, 0)
    append(path, lines + b"one\n")
    seen = file.read(0)
    file.close()

    assert seen[-1:] == [b"one"]
    assert len(seen) == (2 if len(lines) < 1000 else 1)  # a line that is too long does not count


def test_a_writer_that_does_not_notice_the_truncation(path: Path) -> None:
    file = FollowedFile(str(path))
    with path.open("r+b", buffering=0) as writer:
        writer.seek(0, os.SEEK_END)
        writer.write(b"one\n")
        before = file.read(0)
        os.truncate(path, 0)
        gone = file.read(0)
        writer.write(b"two\n")
        after = file.read(0)
    file.close()

    assert (before, gone, after) == ([b"one"], [], [b"two"])


def test_a_file_that_is_away_for_a_while(path: Path) -> None:
    file = FollowedFile(str(path))
    path.unlink()
    away = [file.read(0), file.read(1)]
    path.write_bytes(b"one\n")
    back = file.read(2)
    file.close()

    assert (away, back) == ([[], []], [b"one"])


def test_a_new_file_that_may_not_be_read(path: Path, tmp_path: Path) -> None:
    file = FollowedFile(str(path))
    path.unlink()
    path.symlink_to(tmp_path / "loop")
    (tmp_path / "loop").symlink_to(path)
    with pytest.raises(OSError, match="Too many levels"):
        file.read(0)
    path.unlink()
    path.write_bytes(b"one\n")
    back = file.read(1)
    file.close()

    assert back == [b"one"]


def test_much_at_once_is_read_in_turns(path: Path) -> None:
    file = FollowedFile(str(path))
    append(path, b"x" * 99 + b"\n")
    append(path, (b"y" * 99 + b"\n") * (MOST_AT_ONCE // 100 + 1000))
    first, second = file.read(0), file.read(0)
    file.close()

    assert len(first) < len(first) + len(second) == MOST_AT_ONCE // 100 + 1001


def test_a_pipe_with_a_name(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    file = FollowedFile(str(path))
    silent = file.read(0)
    with path.open("wb", buffering=0) as writer:
        quiet = file.read(0)
        writer.write(b"one\n")
        seen = file.read(0)
    ended = file.read(0)
    file.close()

    assert (silent, quiet, seen, ended) == ([], [], [b"one"], [])
