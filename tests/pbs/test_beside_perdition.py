"""Log lines as the real programs write them: perdition 2.2 as Debian has it, and ours."""

import contextlib
import grp
import os
import pwd
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.interop.c_perdition import c_program
from tests.interop.machine import PATIENCE, ROOT, end
from tests.maps.network.server import answers
from tests.pbs.running import eventually, known, pbs
from tests.pbs.stores import sqlite_option
from tests.ports import free_port


class Pop3(socketserver.StreamRequestHandler):
    """A real server that knows one password."""

    def handle(self) -> None:
        self.wfile.write(b"+OK ready\r\n")
        for line in self.rfile:
            wrong = line.startswith(b"PASS") and line != b"PASS secret\r\n"
            self.wfile.write(b"-ERR no\r\n" if wrong else b"+OK 0 0\r\n")
            if line.startswith(b"QUIT"):
                return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def real_server() -> Iterator[int]:
    """Give the port of a real server on 127.0.0.1."""
    with Server(("127.0.0.1", 0), Pop3) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def options(port: int, real_server: int) -> list[str]:
    """Give the options that both have."""
    return [
        *("--protocol", "POP3", "--no_daemon", "--no_lookup", "--log_facility", "+", "--pid_file", ""),
        *("--config_file", "", "--bind_address", "127.0.0.1", "--listen_port", str(port)),
        *("--username", pwd.getpwuid(os.getuid()).pw_name, "--group", grp.getgrgid(os.getgid()).gr_name),
        *("--map_library", "", "--outgoing_server", f"127.0.0.1:{real_server}", "--connect_relog", "1"),
    ]


PROGRAMS: dict[str, Callable[[], Sequence[str]]] = {
    "perdition 2.2": lambda: [c_program("perdition")],
    "ours": lambda: [sys.executable, "-m", "perdition.io_trio"],
}


@pytest.fixture(params=PROGRAMS)
def perdition(request: pytest.FixtureRequest, real_server: int, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Run a proxy; give its port and its log."""
    port = free_port()
    log = tmp_path / "perdition.log"
    command = [*PROGRAMS[request.param](), *options(port, real_server)]
    with log.open("ab") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        eventually(lambda: answers(port), log.read_text())
        yield port, log
    finally:
        end(process)


@contextlib.contextmanager
def session(port: int, source: str) -> Iterator[Callable[[str], str]]:
    """Connect from an address of this machine; give a function that says a line and gives the answer to it."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0)) as sock, sock.makefile("rw") as stream:

        def say(line: str) -> str:
            stream.write(line + "\r\n")
            stream.flush()
            return stream.readline()

        assert stream.readline().startswith("+OK")
        yield say


def test_who_has_logged_in_is_known(perdition: tuple[int, Path], tmp_path: Path) -> None:
    port, log = perdition
    store = sqlite_option(tmp_path)
    with pbs("-L", str(log), "--store", store) as daemon:
        with session(port, "127.0.0.2") as say:
            say('USER x"status="ok"')
            refused = say("PASS wrong")
        with session(port, "127.0.0.3") as say:
            say("USER joe")
            accepted = say("PASS secret")
            daemon.wait_for("Log-in from 127.0.0.3")
            eventually(lambda: known(store) == ["127.0.0.3"], daemon.log)
            eventually(lambda: daemon.log.count("Log-in from 127.0.0.3") > 1, daemon.log)  # connect_relog
            say("QUIT")
        said = log.read_text()

    assert refused.startswith("-ERR")
    assert accepted.startswith("+OK")
    assert 'status="failed: ' in said
    assert "Auth: 127.0.0.2:" in said
    assert known(store) == ["127.0.0.3"]
