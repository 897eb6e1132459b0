"""Option inetd_mode: one connection on standard input and output, whatever stands for it, and no process stays."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import PASSWORD, Account, Dialect, Imap4
from tests.io_trio.proxy import COMMAND, ROOT, Leg, eventually, write_configuration
from tests.io_trio.reach import reach, real_server
from tests.io_trio.talk import PATIENCE, Talk
from tests.ports import free_port

ALONE: Final = ("--inetd_mode", "--username=root", "--group=root")
NODE: Final = os.uname().nodename.encode()


def start(folder: Path, leg: Leg, *options: str) -> tuple[str, ...]:
    """Write the configuration of one listener; give the command."""
    return (*COMMAND, *ALONE, f"--config_file={write_configuration(folder, (leg,), *options)}")


@contextlib.contextmanager
def accepted(folder: Path, *command: str, log: str = "") -> Iterator[tuple[Talk, subprocess.Popen[bytes]]]:
    """Start it for one connection, as inetd does: the socket is input, output and standard error."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        talk = Talk(socket.create_connection(listener.getsockname()))
        ours, _ = listener.accept()
    with ours, talk:
        process = subprocess.Popen(
            [*command, f"--log_facility={log or folder / 'log'}"],
            cwd=ROOT,
            stdin=ours.fileno(),
            stdout=ours.fileno(),
            stderr=ours.fileno(),
        )
        ours.close()
        try:
            yield talk, process
        finally:
            process.kill()
            process.wait()


def log_of(folder: Path) -> str:
    return (folder / "log").read_text()


@pytest.mark.parametrize("kind", ["", "ssl", "tls"])
def test_a_session_on_a_connection_that_inetd_accepted(
    tmp_path: Path, certificates: Certificates, dialect: Dialect, kind: str
) -> None:
    command = start(tmp_path, Leg(dialect.name, kind), *certificates.options())
    with (
        real_server(dialect, "", Account(), certificates) as real,
        accepted(tmp_path, *command) as (talk, process),
    ):
        way = talk.way
        if kind == "ssl":
            talk.connect_tls(certificates.client)
        dialect.hear_greeting(talk)
        if kind == "tls":
            dialect.ask_for_tls(talk)
            talk.connect_tls(certificates.client)
            if dialect.greets_under_tls:
                dialect.hear_greeting(talk)
        answer = dialect.log_in(talk, b"joe-%d" % real.port)
        talk.say(b"one\r\n")
        echoed = talk.line()
        talk.end()

        assert dialect.is_yes(answer)
        assert echoed == b"one\r\n"
        assert talk.rest() == b""
        assert process.wait(PATIENCE) == 0
        assert f"Connect:  {way} inetd_pid={os.getpid()}\n" in log_of(tmp_path)
        assert f"Closing session: {way} authorisation_id=" in log_of(tmp_path)
        assert "Starting" not in log_of(tmp_path)


def test_two_pipes_do_as_well_and_our_name_is_that_of_the_machine(tmp_path: Path, certificates: Certificates) -> None:
    dialect = Imap4()
    with real_server(dialect, "", Account(), certificates) as real:
        done = subprocess.run(
            [*start(tmp_path, Leg("IMAP4")), f"--log_facility={tmp_path}/log"],
            cwd=ROOT,
            input=dialect.ask(b"joe-%d" % real.port, PASSWORD) + b"and\r\nmore\r\n",
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
    greeting, answer, *rest = done.stdout.splitlines(keepends=True)

    assert NODE in greeting
    assert dialect.is_yes(answer)
    assert rest == [b"and\r\n", b"more\r\n"]
    assert done.stderr == b""
    assert re.search(rf"\]: Connect:  inetd_pid={os.getpid()}\n", log_of(tmp_path))
    assert re.search(r"\]: Auth: client-secure=plaintext authorisation_id=NONE authentication_id=", log_of(tmp_path))
    assert re.search(r"\]: Closing session: authorisation_id=NONE .* received=11 sent=11\n", log_of(tmp_path))


def test_a_large_stream_passes_both_pipes(tmp_path: Path, certificates: Certificates) -> None:
    dialect, many = Imap4(), b"0123456789abcde\n" * (1 << 18)
    with real_server(dialect, "", Account(), certificates) as real:
        done = subprocess.run(
            [*start(tmp_path, Leg("IMAP4")), f"--log_facility={tmp_path}/log"],
            cwd=ROOT,
            input=dialect.ask(b"joe-%d" % real.port, PASSWORD) + many,
            capture_output=True,
            timeout=2 * PATIENCE,
            check=True,
        )

    assert done.stdout.endswith(many)


def test_a_pair_of_unix_sockets_as_socat_makes_it(tmp_path: Path, certificates: Certificates) -> None:
    dialect = Imap4()
    ours, theirs = socket.socketpair()
    with real_server(dialect, "", Account(), certificates) as real, Talk(ours) as talk:
        command = [*start(tmp_path, Leg("IMAP4", "tls"), *certificates.options()), f"--log_facility={tmp_path}/log"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=theirs.fileno(), stdout=theirs.fileno())
        theirs.close()
        try:
            greeting = dialect.hear_greeting(talk)
            dialect.ask_for_tls(talk)
            talk.connect_tls(certificates.client)
            answer = dialect.log_in(talk, b"joe-%d" % real.port)
            talk.say(b"one\r\n")

            assert talk.line() == b"one\r\n"
            assert NODE in greeting
            assert dialect.is_yes(answer)

            talk.end()

            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.wait()


def test_a_client_that_says_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [*start(tmp_path, Leg("POP3")), "--log_facility=+"],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True,
    )  # fmt: skip

    assert done.stdout.startswith(b"+OK POP3 ")
    assert b"Fatal Error reading authentication information from client: Exiting child\n" in done.stderr


def test_a_signal_ends_it(tmp_path: Path) -> None:
    with accepted(tmp_path, *start(tmp_path, Leg("POP3"))) as (talk, process):
        talk.line()
        process.send_signal(signal.SIGHUP)
        talk.say(b"CAPA\r\n")

        assert talk.line().startswith(b"+OK")

        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE) == 0
        assert talk.rest().endswith(b".\r\n")
        assert "Exiting on signal 15" in log_of(tmp_path)


# --- what the client must never see


def test_the_log_does_not_go_to_the_client(tmp_path: Path) -> None:
    with accepted(tmp_path, *start(tmp_path, Leg("POP3")), log="-") as (talk, process):
        assert process.wait(PATIENCE) == 1
        assert talk.rest() == b""
    with accepted(tmp_path, *start(tmp_path, Leg("POP3")), log="+") as (talk, process):
        talk.say(b"QUIT\r\n")

        assert len(talk.rest().splitlines()) == 2
        assert process.wait(PATIENCE) == 0


def test_an_error_at_the_start_is_not_for_the_client(tmp_path: Path) -> None:
    with accepted(tmp_path, *start(tmp_path, Leg("POP3")), "--timeout=soon") as (talk, process):
        assert process.wait(PATIENCE) == 1
        assert talk.rest() == b""


def test_more_than_one_listener_makes_no_sense(tmp_path: Path) -> None:
    file = write_configuration(tmp_path, (Leg("POP3"), Leg("IMAP4")))
    done = subprocess.run(
        [*COMMAND, *ALONE, f"--config_file={file}", "--log_facility=+"],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert b"option inetd_mode: expected one listener, not 2\n" in done.stderr


# --- others who accept


def test_under_inetd(tmp_path: Path, certificates: Certificates) -> None:
    port, dialect = free_port(), Imap4()
    script = tmp_path / "perdition"
    command = " ".join(start(tmp_path, Leg("IMAP4")))
    script.write_text(f"#!/bin/sh\ncd {ROOT} && exec {command} --log_facility={tmp_path}/log\n")
    script.chmod(0o755)
    (tmp_path / "inetd.conf").write_text(f"127.0.0.1:{port} stream tcp nowait root {script} perdition\n")
    program = shutil.which("inetd") or "/usr/sbin/inetd"
    inetd = subprocess.Popen([program, "-i", str(tmp_path / "inetd.conf")], stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: is_open(port), "inetd to listen")
        with real_server(dialect, "", Account(), certificates) as real, reach(port, dialect, "", certificates) as talk:
            answer = dialect.log_in(talk, b"joe-%d" % real.port)
            way = talk.way

        assert dialect.is_yes(answer)
        assert f"Connect:  {way} inetd_pid={inetd.pid}\n" in log_of(tmp_path)
    finally:
        inetd.terminate()
        inetd.wait()


def is_open(port: int) -> bool:
    """Tell whether somebody listens, without a connection that would start a program."""
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
