"""The daemon: from log lines to answers, whatever becomes of the log, the store and those who ask."""

import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.interop.machine import PATIENCE, ROOT
from tests.maps.network.server import folder_for_a_server
from tests.pbs.running import COMMAND, Asking, Pbs, append, command, eventually, known, line, pbs, place
from tests.pbs.stores import redis_alone, redis_option, sqlite_option
from tests.ports import IPV6

A, B, C = "192.0.2.7", "2001:db8::7", "192.0.2.8"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "mail.log"
    file.write_text(line("192.0.2.99"))
    return file


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return sqlite_option(tmp_path)


def tcp(daemon: Pbs, key: str) -> bytes:
    """Ask for a key by the protocol of tcp_table."""
    with Asking(place(daemon, "tcp_table")) as asking:
        return asking.say(f"get {key}\n".encode(), 4)


def becomes_known(daemon: Pbs, address: str) -> None:
    eventually(lambda: tcp(daemon, address) == b"200 ", f"{address} is not known:\n{daemon.log}")


def test_from_a_log_line_to_an_answer(log: Path, option: str) -> None:
    listen = ("--tcp_table", "127.0.0.1:0", "--socketmap", "127.0.0.1:0")
    with pbs("-L", str(log), "--store", option, *listen, "--answer", "permit") as daemon:
        before = tcp(daemon, A)
        append(log, line(A, status="failed: Re-Authentication Failure") + line(B))
        becomes_known(daemon, B)
        failed = tcp(daemon, A)
        append(log, line(A))
        becomes_known(daemon, A)
        with Asking(place(daemon, "tcp_table")) as asking:
            one = asking.say(b"get 192.0.2.7\nget 2001%3Adb8%3A%3A7\nget 192.0.2\n", 38)
        with Asking(place(daemon, "socketmap")) as asking:
            other = asking.say(b"13:pbs 192.0.2.7,", 12) + asking.say(b"11:pbs unknown,", 12)
            sendmail = asking.say(b"29:pbs ipv6:2001:db8:0:0:0:0:0:7,", 12)
            stays = asking.say(b"15:pbs 192.0.2.99.,", 12)

    assert before == failed == b"500 "
    assert one == b"200 permit\n200 permit\n500 not%20known\n"
    assert other == b"9:OK permit,9:NOTFOUND ,"
    assert sendmail == b"9:OK permit,"
    assert stays == b"9:NOTFOUND ,"
    assert set(known(option)) == {A, B}


def test_what_is_known_outlives_the_daemon(log: Path, sqlite: str) -> None:
    with pbs("-L", str(log), "--store", sqlite, "--tcp_table", "127.0.0.1:0") as daemon:
        append(log, line(A))
        becomes_known(daemon, A)
    with pbs("-L", "", "--store", sqlite, "--tcp_table", "127.0.0.1:0") as daemon:
        answer = tcp(daemon, A)

    assert answer == b"200 "


def until(store: str, address: str) -> datetime:
    """Say until when an address is known, as `perdition-pbs list` prints it."""
    _, printed, _ = command("--store", store, "list", address)
    return datetime.fromisoformat(printed.split("\t")[1].strip())


def test_a_log_in_lasts_as_long_as_the_option_says_and_each_one_begins_anew(log: Path, sqlite: str) -> None:
    with pbs("-L", str(log), "--store", sqlite, "--tcp_table", "127.0.0.1:0", "-t", "7200") as daemon:
        before = datetime.now().astimezone()
        append(log, line(A))
        becomes_known(daemon, A)
        first = until(sqlite, A)

        def lasts_longer() -> bool:
            append(log, line(A))  # connect_relog repeats the line
            return until(sqlite, A) > first

        eventually(lasts_longer, "a second line means nothing")

    assert timedelta(seconds=7198) < first - before < timedelta(seconds=7300)


def test_networks_that_are_ignored(log: Path, sqlite: str) -> None:
    with pbs("-L", str(log), "--store", sqlite, "--ignore", "192.0.2.0/29,2001:db8::/32") as daemon:
        append(log, line(A) + line(B) + line(C))
        daemon.wait_for(f"Log-in from {C}")
        eventually(lambda: known(sqlite) == [C], "the wrong ones are known")


def test_rotation(log: Path, sqlite: str, tmp_path: Path) -> None:
    with pbs("-L", str(log), "--store", sqlite, "--tcp_table", "127.0.0.1:0") as daemon:
        log.rename(tmp_path / "mail.log.1")
        log.touch()
        append(tmp_path / "mail.log.1", line("192.0.2.1"))
        becomes_known(daemon, "192.0.2.1")
        append(log, line("192.0.2.2"))
        becomes_known(daemon, "192.0.2.2")
        shutil.copy(log, tmp_path / "mail.log.2")
        os.truncate(log, 0)
        daemon.hang_up()
        daemon.wait_for("Reopened logger")
        append(log, line("192.0.2.3")[:50])
        append(log, line("192.0.2.3")[50:])
        becomes_known(daemon, "192.0.2.3")
        log.unlink()
        log.mkdir()  # what cannot be read
        (log / "x").touch()
        daemon.wait_for(f"Cannot read {log}: Is a directory; trying again")
        shutil.rmtree(log)
        log.write_text(line("192.0.2.4"))
        becomes_known(daemon, "192.0.2.4")


def test_logrotate_itself(log: Path, sqlite: str, tmp_path: Path) -> None:
    logrotate = shutil.which("logrotate", path="/usr/sbin:/sbin:" + os.environ["PATH"])
    if logrotate is None:
        pytest.skip("needs logrotate (Debian package logrotate)")
    tmp_path.chmod(0o755)
    for how in ("create", "copytruncate"):
        rules = tmp_path / f"{how}.conf"
        rules.write_text(f'"{log}" {{\n rotate 9\n {how}\n}}\n')
    with pbs("-L", str(log), "--store", sqlite, "--tcp_table", "127.0.0.1:0") as daemon:
        for number, how in enumerate(("create", "copytruncate", "create", "copytruncate")):
            append(log, line(f"192.0.2.{number}"))
            becomes_known(daemon, f"192.0.2.{number}")
            subprocess.run(
                [logrotate, "--force", "--state", str(tmp_path / "state"), str(tmp_path / f"{how}.conf")], check=True
            )
        append(log, line("192.0.2.77"))
        becomes_known(daemon, "192.0.2.77")


def test_standard_input_to_its_end(sqlite: str) -> None:
    daemon = Pbs(("-L", "-", "--store", sqlite))
    assert daemon.process.stdin is not None
    daemon.wait_for("Following -")
    daemon.process.stdin.write((line(A) + line(C)[:-1]).encode())
    daemon.process.stdin.close()
    daemon.wait_for("Exiting at the end of standard input")
    status = daemon.process.wait(PATIENCE)
    daemon.stop()

    assert status == 0
    assert set(known(sqlite)) == {A, C}


def test_a_file_as_standard_input(log: Path, sqlite: str) -> None:
    with log.open("rb") as file:
        done = subprocess.run(
            [*COMMAND, "-F", "+", "-L", "-", "--store", sqlite], cwd=ROOT, stdin=file, capture_output=True, check=False
        )

    assert done.returncode == 0, done.stderr
    assert known(sqlite) == ["192.0.2.99"]


def test_a_socket_for_syslog_daemons(sqlite: str, tmp_path: Path) -> None:
    path = tmp_path / "log.sock"
    with pbs("-L", f"unix:{path}", "--store", sqlite, "--socket_mode", "0622") as daemon:
        mode = stat.S_IMODE(path.stat().st_mode)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(str(path))
            sender.send(b"<21>" + line("192.0.2.66").encode() + line("192.0.2.67").encode())
            sender.send(b"<21>" + line("192.0.2.68", name="x" * 2000).encode())
            sender.send(b"<21>" + line(A).encode())
        daemon.wait_for(f"Log-in from {A}")

    assert mode == 0o622
    assert known(sqlite) == [A]
    assert not path.exists()


def test_several_sources(log: Path, sqlite: str, tmp_path: Path) -> None:
    other = tmp_path / "other.log"
    other.touch()
    with pbs("-L", str(log), "-L", str(other), "-L", "-", "--store", sqlite) as daemon:
        append(log, line(A))
        append(other, line(B))
        assert daemon.process.stdin is not None
        daemon.process.stdin.write(line(C).encode())
        daemon.process.stdin.flush()
        for address in (A, B, C):
            daemon.wait_for(f"Log-in from {address}")

    assert set(known(sqlite)) == {A, B, C}


def test_sockets_as_files_and_ipv6(log: Path, sqlite: str, tmp_path: Path) -> None:
    path = tmp_path / "s"
    further = ("--socketmap", "[::1]:0") if IPV6 else ()
    with pbs("-L", str(log), "--store", sqlite, "--tcp_table", str(path), *further) as daemon:
        with Asking(place(daemon, "tcp_table")) as asking:
            answer = asking.say(b"get 192.0.2.7\n", 4)
        if IPV6:
            with Asking(place(daemon, "socketmap")) as asking:
                assert asking.say(b"13:pbs 192.0.2.7,", 12) == b"9:NOTFOUND ,"
        second = command("-F", "+", "-L", str(log), "--store", sqlite, "--tcp_table", str(path))
        mode = stat.S_IMODE(path.stat().st_mode)

    assert answer == b"500 "
    assert mode == 0o660
    assert second == (1, "", f"perdition-pbs: option --tcp_table: {path}: another process listens there\n")
    assert not path.exists()


def test_a_question_that_is_none_ends_its_connection_and_no_other(log: Path, sqlite: str) -> None:
    listen = ("--tcp_table", "127.0.0.1:0", "--socketmap", "127.0.0.1:0")
    with pbs("-L", str(log), "--store", sqlite, *listen) as daemon:
        with Asking(place(daemon, "tcp_table")) as asking:
            with Asking(place(daemon, "socketmap")) as bad, Asking(place(daemon, "tcp_table")) as long:
                ends = [bad.say(b"GET / HTTP/1.0\r\n\r\n", 1), long.say(b"get " + b"x" * 5000, 1)]
            answer = asking.say(b"get 192.0.2.7\n", 4)
        daemon.wait_for("A connection is closed: expected a netstring$")
        daemon.wait_for("A connection is closed: expected lines of at most 4096 octets$")

    assert ends == [b"", b""]
    assert answer == b"500 "


def test_a_redis_that_is_away_for_a_while(log: Path) -> None:
    """Mail servers are told to ask again; addresses wait; all is said once."""
    with redis_alone() as (server, port):
        listen = ("--tcp_table", "127.0.0.1:0")
        with pbs("-L", str(log), "--store", redis_option(port), *listen) as daemon:
            append(log, line(A))
            becomes_known(daemon, A)
            server.kill()
            append(log, line(C))
            daemon.wait_for("The store cannot be written, addresses wait: 127.0.0.1:")
            answers = [tcp(daemon, A), tcp(daemon, C), tcp(daemon, "unknown")]
            daemon.wait_for("The store cannot be asked, mail servers have to wait: 127.0.0.1:")
            server.start()
            daemon.wait_for("The store is written again")
            becomes_known(daemon, C)
            becomes_known(daemon, A)
        said = daemon.log

    assert answers == [b"400 ", b"400 ", b"500 "]
    assert said.count("The store cannot be written") == said.count("The store cannot be asked") == 1
    assert "canary" not in said


def test_a_frozen_redis_does_not_keep_the_daemon_from_its_end(log: Path) -> None:
    with redis_alone() as (server, port):
        daemon = Pbs(("-L", str(log), "--store", redis_option(port)))
        try:
            daemon.wait_for("Following ")
            server.freeze()
            append(log, line(A))
            daemon.wait_for(f"Log-in from {A}")
        finally:
            status = daemon.stop()
            server.thaw()

    assert status == 1  # the address could not be written


def test_a_locked_file_holds_addresses_up_and_nobody_who_asks(log: Path, sqlite: str) -> None:
    with pbs("-L", str(log), "--store", sqlite, "--tcp_table", "127.0.0.1:0") as daemon:
        append(log, line(A))
        becomes_known(daemon, A)
        other = sqlite3.connect(sqlite.removeprefix("sqlite:"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        append(log, line(C))
        daemon.wait_for("The store cannot be written, addresses wait: .*database is locked")
        meanwhile = [tcp(daemon, A), tcp(daemon, C)]
        other.execute("ROLLBACK")
        other.close()
        becomes_known(daemon, C)
        daemon.wait_for("The store is written again$")

    assert meanwhile == [b"200 ", b"500 "]


def test_the_end_writes_what_was_read(log: Path, sqlite: str) -> None:
    with pbs("-L", str(log), "--store", sqlite) as daemon:
        append(log, "".join(line(f"10.0.{number >> 8}.{number & 255}") for number in range(5000)))
        daemon.wait_for("Log-in from 10.0.19.135$")

    assert len(known(sqlite)) == 5000


@pytest.fixture
def background(log: Path, sqlite: str, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A daemon in the background; give its process and its log."""
    own = tmp_path / "pbs.log"
    path = tmp_path / "s"
    status, printed, said = command("-L", str(log), "--store", sqlite, "-F", str(own), "--tcp_table", str(path))
    assert (status, printed, said) == (0, "", "")
    eventually(lambda: "Following" in own.read_text(), own.read_text())
    process = int(own.read_text().split("perdition-pbs[")[1].split("]")[0])
    assert process > 1
    yield process, own
    os.kill(process, signal.SIGTERM)
    eventually(lambda: not path.exists(), own.read_text())
    assert "Exiting on signal 15" in own.read_text()


def test_in_the_background(log: Path, sqlite: str, background: tuple[int, Path], tmp_path: Path) -> None:
    process, own = background
    own.rename(tmp_path / "pbs.log.1")
    os.kill(process, signal.SIGHUP)
    eventually(lambda: own.exists() and "Reopened logger" in own.read_text(), "no new log")
    append(log, line(A))
    eventually(lambda: known(sqlite) == [A], "not known")
    session = os.getsid(process)

    assert session != os.getsid(0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-L", "/nowhere/mail.log"), "option --log_file: /nowhere/mail.log: No such file or directory"),
        (("-L", "unix:/nowhere/s"), "option --log_file: /nowhere/s: No such file or directory"),
        (("--socketmap", "/nowhere/s"), "option --socketmap: /nowhere/s: No such file or directory"),
        (("--tcp_table", "192.0.2.1:1"), "option --tcp_table: cannot listen on 192.0.2.1:1: "),
        (("--store", "/nowhere/x"), "option --store: /nowhere/x: unable to open database file"),
        (("-F", "/nowhere/log"), "option --log_facility: /nowhere/log: No such file or directory"),
    ],
)
@pytest.mark.parametrize("how", [("--no_daemon",), ()], ids=["foreground", "background"])
def test_errors_of_the_start_reach_who_started_it(
    log: Path, sqlite: str, tmp_path: Path, options: tuple[str, ...], message: str, how: tuple[str, ...]
) -> None:
    usual = ("-L", str(log)) if options[0] != "-L" else ()
    own = ("-F", str(tmp_path / "own.log"), "--store", sqlite)
    status, printed, said = command(*usual, *own, *how, *options)

    assert (status, printed) == (1, "")
    assert said.startswith(f"perdition-pbs: {message}")
    assert said.count("\n") == 1


def test_as_another_user() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    with folder_for_a_server() as folder:
        log, path = folder / "mail.log", folder / "own" / "s"
        path.parent.mkdir()
        shutil.chown(path.parent, "nobody", "nogroup")
        log.touch(0o600)  # root opens it
        listen = ("--tcp_table", str(path), "-u", "nobody")
        with pbs("-L", str(log), "--store", sqlite_option(path.parent), *listen) as daemon:
            append(log, line(A))
            becomes_known(daemon, A)
            status = Path(f"/proc/{daemon.process.pid}/status").read_text()
            owners = path.owner(), (path.parent / "pbs.sqlite").owner()
        left = path.exists()

    assert "Uid:\t65534\t65534\t65534\t65534" in status
    assert "Groups:\t65534 \n" in status
    assert owners == ("nobody", "nobody")
    assert not left


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("-u", "no-such-user"), 'option username: expected a user, not "no-such-user"'),
        (("-g", "no-such-group"), 'option group: expected a group, not "no-such-group"'),
    ],
)
def test_an_account_that_there_is_not(log: Path, sqlite: str, option: tuple[str, ...], message: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    status, _, said = command("-F", "+", "-L", str(log), "--store", sqlite, *option)

    assert (status, said) == (1, f"perdition-pbs: {message}\n")


def test_memory_is_bounded(sqlite: str) -> None:
    """A line without end, and more addresses than are kept for a store that is away."""
    code = (
        "import re, sys; sys.argv = ['perdition-pbs', *sys.argv[1:]]\n"
        "from perdition.pbs.main import run\n"
        "status = run('perdition-pbs', sys.argv[1:])\n"
        # getrusage would count the peak of who started it, too.
        "print(*re.findall('VmHWM:[ \\t]*([0-9]+)', open('/proc/self/status').read())); sys.exit(status)"
    )
    words = [sys.executable, "-c", code, "-F", "+", "-L", "-", "--store", sqlite]
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    for _ in range(200):
        process.stdin.write(b"x" * 1_000_000)
    process.stdin.write(b"\n" + line(A).encode())
    printed, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0, said
    assert int(printed) < 100_000  # KB; the input has 200 MB
    assert known(sqlite) == [A]
