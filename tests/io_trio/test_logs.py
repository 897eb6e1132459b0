"""Where log lines go, what they look like, and that nobody waits for a reader."""

import contextlib
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdition.config.values import FACILITIES as KNOWN
from perdition.io_trio import logs
from perdition.io_trio.logs import ALIASES, FACILITIES, FileLog, OpenLog, SyslogLog, open_log
from perdition.session.effects import Level

LINE = re.compile(r"[A-Z][a-z]{2} [ 123][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} perdition\[[0-9]+\]: (.*)\n")


def lines_of(log: logs.Log, file: Path) -> list[str]:
    """Write a line of each level; give those that arrive."""
    for level in Level:
        log(level, level.value)
    return LINE.findall(file.read_text())


@pytest.mark.parametrize(
    ("debug", "quiet", "expected"),
    [
        (False, False, ["info", "notice", "err"]),
        (True, False, ["debug", "info", "notice", "err"]),
        (False, True, ["err"]),
        (True, True, ["debug", "info", "notice", "err"]),
    ],
)
def test_a_file_gets_the_lines_of_the_level(tmp_path: Path, debug: bool, quiet: bool, expected: list[str]) -> None:
    file = tmp_path / "log"

    assert lines_of(open_log(str(file), "perdition", debug=debug, quiet=quiet), file) == expected


def test_a_file_is_appended_to_and_not_for_everybodys_eyes(tmp_path: Path) -> None:
    file = tmp_path / "log"
    for text in ("one", "two"):
        open_log(str(file), "perdition", debug=False, quiet=False)(Level.INFO, text)

    assert LINE.findall(file.read_text()) == ["one", "two"]
    assert file.stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("facility", ["-", "-anything", "+", "+anything"])
def test_standard_output_and_error(facility: str, capfd: pytest.CaptureFixture[str]) -> None:
    open_log(facility, "perdition", debug=False, quiet=False)(Level.INFO, "here")
    out, err = capfd.readouterr()
    got, other = (out, err) if facility.startswith("-") else (err, out)

    assert LINE.findall(got) == ["here"]
    assert other == ""


@pytest.mark.parametrize(
    ("moment", "stamp"),
    [
        ((2026, 11, 1, 1, 2, 3), "Nov  1 01:02:03"),
        ((2026, 11, 9, 23, 59, 59), "Nov  9 23:59:59"),
        ((2026, 11, 10, 0, 0, 0), "Nov 10 00:00:00"),
        ((2026, 5, 31, 12, 0, 0), "May 31 12:00:00"),
    ],
)
def test_the_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: tuple[int, ...], stamp: str) -> None:
    seconds = time.mktime((*moment, 0, 0, -1))  # type: ignore[arg-type]  # nine numbers, says mypy not
    monkeypatch.setattr(time, "time", lambda: seconds + 0.9)
    file = tmp_path / "log"
    log = open_log(str(file), "ident", debug=False, quiet=False)
    log(Level.INFO, "text")
    log(Level.INFO, "again")

    assert file.read_text() == f"{stamp} ident[{os.getpid()}]: text\n{stamp} ident[{os.getpid()}]: again\n"


@pytest.mark.parametrize("line", ["one\ntwo", "one\r\ntwo", "one\0two", "one\x1b[2Jtwo", "one\u2028two", "one\x85two"])
def test_whatever_comes_one_line_is_one_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "log"
    log = open_log(str(file), "perdition", debug=False, quiet=False)
    log(Level.INFO, line)
    [text] = LINE.findall(file.read_text())

    assert text.isprintable()
    assert len(file.read_text().splitlines()) == 1


def test_other_letters_stay_as_they_are_and_octets_that_are_none_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log = open_log(str(file), "perdition", debug=False, quiet=False)
    log(Level.INFO, "café \udcff")

    assert LINE.findall(file.read_text()) == ["café \\udcff"]


def test_a_long_line_is_cut_to_what_a_pipe_takes_in_one_piece(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log = open_log(str(file), "perdition", debug=False, quiet=False)
    log(Level.INFO, "x" * 10_000)
    log(Level.INFO, "é" * 10_000)
    first, second = file.read_bytes().splitlines(keepends=True)

    assert 4000 < len(first) <= 4096
    assert 4000 < len(second) <= 4096
    assert second.decode().endswith("é\n")


def test_a_reader_that_is_stuck_costs_lines_and_no_time(capfd: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    try:
        log = FileLog(writer, "perdition", 6)
        for number in range(2000):  # 8 MB; a pipe holds 64 KiB
            log(Level.INFO, f"{number:04} " + "x" * 4000)
        first = os.read(reader, 1 << 20)
        log(Level.INFO, "read again")
        second = os.read(reader, 1 << 20)
    finally:
        os.close(reader)
        os.close(writer)
    kept = LINE.findall(first.decode())
    told, *rest = LINE.findall(second.decode())

    assert [line[:4] for line in kept] == [f"{number:04}" for number in range(len(kept))]
    assert told == f"{2000 - len(kept)} log lines were lost: nobody was reading"
    assert rest == ["read again"]


def test_a_reader_that_is_gone_stops_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = FileLog(writer, "perdition", 6)
    log(Level.INFO, "anybody?")
    os.close(writer)
    log(Level.INFO, "nobody")


# --- syslog


@pytest.fixture
def syslog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    place = str(tmp_path / "dev-log")
    monkeypatch.setattr(logs, "DEV_LOG", place)
    return place


@contextlib.contextmanager
def syslogging(facility: str, *, debug: bool = False, quiet: bool = False) -> Iterator[logs.Log]:
    log = open_log(facility, "perdition", debug=debug, quiet=quiet)
    assert isinstance(log, SyslogLog)
    with contextlib.closing(log):
        yield log


def listen(place: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(place)
    sock.setblocking(False)
    return sock


@pytest.mark.parametrize(
    ("facility", "level", "priority"),
    [("mail", Level.INFO, 22), ("mail", Level.ERR, 19), ("local7", Level.NOTICE, 189), ("kern", Level.DEBUG, 7)],
)
def test_a_datagram_of_syslog(syslog: str, facility: str, level: Level, priority: int) -> None:
    with listen(syslog) as sock, syslogging(facility, debug=True) as log:
        log(level, "two\nlines")
        datagram = sock.recv(10_000).decode()

    assert re.fullmatch(rf"<{priority}>perdition\[[0-9]+\]: two\S+lines", datagram)


def test_levels_hold_for_syslog_too(syslog: str) -> None:
    with listen(syslog) as sock, syslogging("mail", quiet=True) as log:
        log(Level.INFO, "no")
        log(Level.ERR, "yes")
        datagram = sock.recv(10_000)
        with pytest.raises(BlockingIOError):
            sock.recv(10_000)

    assert datagram.endswith(b"]: yes")


def test_a_syslog_that_is_stuck_costs_lines_and_no_time(syslog: str) -> None:
    with listen(syslog) as sock, syslogging("mail") as log:
        for number in range(3000):
            log(Level.INFO, str(number))
        kept = 0
        while True:
            try:
                sock.recv(10_000)
            except BlockingIOError:
                break
            kept += 1
        log(Level.INFO, "read again")
        told, last = sock.recv(10_000), sock.recv(10_000)

    assert 0 < kept < 3000
    assert f"{3000 - kept} log lines were lost".encode() in told
    assert told.startswith(b"<20>")
    assert last.endswith(b"]: read again")


def test_a_syslog_that_is_started_anew_is_found_again(syslog: str) -> None:
    with contextlib.ExitStack() as stack:
        with listen(syslog) as sock:
            log = stack.enter_context(syslogging("mail"))
            log(Level.INFO, "one")
            first = sock.recv(10_000)
        os.unlink(syslog)
        log(Level.INFO, "two")
        with listen(syslog) as sock:
            log(Level.INFO, "three")
            told, last = sock.recv(10_000), sock.recv(10_000)

    assert first.endswith(b"one")
    assert b"1 log lines were lost" in told
    assert last.endswith(b"three")


def test_without_syslog_standard_error_is_better_than_nothing(syslog: str, capfd: pytest.CaptureFixture[str]) -> None:
    open_log("mail", "perdition", debug=False, quiet=False)(Level.INFO, "here")

    assert LINE.findall(capfd.readouterr().err) == ["here"]


def test_every_facility_that_the_option_takes_has_its_number() -> None:
    assert set(FACILITIES) | set(ALIASES) >= KNOWN
    assert FACILITIES.index("mail") == 2  # RFC 5424 6.2.1
    assert FACILITIES.index("authpriv") == 10
    assert FACILITIES.index("local0") == 16
    assert FACILITIES.index(ALIASES["security"]) == 4  # syslog.h
    assert len(FACILITIES) == 24


def test_a_log_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_log(str(tmp_path / "none" / "log"), "perdition", debug=False, quiet=False)


# --- the log of the process


def test_a_log_may_go_to_another_place(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    log = OpenLog(str(first), "perdition")
    log(Level.INFO, "one")
    log.use(log.anew(str(second), debug=True, quiet=False))
    log(Level.DEBUG, "two")
    with pytest.raises(FileNotFoundError):
        log.anew(str(tmp_path / "none" / "log"), debug=False, quiet=False)
    log(Level.DEBUG, "three")

    assert LINE.findall(first.read_text()) == ["one"]
    assert LINE.findall(second.read_text()) == ["two", "three"]


def test_a_file_that_was_renamed_is_made_anew(tmp_path: Path) -> None:
    file, rotated = tmp_path / "log", tmp_path / "log.1"
    log = OpenLog(str(file), "perdition")
    file.rename(rotated)
    log(Level.INFO, "old")
    log.use(log.anew(str(file), debug=False, quiet=False))
    log(Level.INFO, "new")

    assert LINE.findall(rotated.read_text()) == ["old"]
    assert LINE.findall(file.read_text()) == ["new"]


def test_places_that_are_left_are_closed(tmp_path: Path, syslog: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    log = OpenLog(str(tmp_path / "log"), "perdition")
    with listen(syslog) as sock:
        for place in ("mail", "+", str(tmp_path / "log"), "-", "mail", "+"):
            log.use(log.anew(place, debug=False, quiet=False))
            log(Level.INFO, place)
        heard = [sock.recv(100), sock.recv(100)]

    assert all(datagram.endswith(b": mail") for datagram in heard)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_child_has_its_own_process_id(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log = OpenLog(str(file), "perdition")
    log.use(log.anew(str(file), debug=False, quiet=False))
    child = os.fork()
    if not child:
        log(Level.INFO, "child")
        os._exit(0)
    os.waitpid(child, 0)
    log(Level.INFO, "parent")

    assert [line.partition("perdition")[2] for line in file.read_text().splitlines()] == [
        f"[{child}]: child",
        f"[{os.getpid()}]: parent",
    ]
