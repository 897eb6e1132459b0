"""Sockets that were bound before, and what the service manager is told: the daemon as a process."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from perdition.io_trio.listeners import Address
from perdition.io_trio.systemd import BadActivation, Notify, handed_over
from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import Account, Imap4
from tests.io_trio.proxy import AS_WE_ARE, COMMAND, ROOT, Leg, listening, write_configuration
from tests.io_trio.reach import reach, real_server
from tests.io_trio.talk import PATIENCE, call

# Puts sockets at 3, 4, ... and becomes the daemon: its process id must be known before.
STARTER = """
import os, sys
count, names, *command = sys.argv[1:]
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = count
if names:
    os.environ["LISTEN_FDNAMES"] = names
os.execv(command[0], command)
"""


def listener(port: int = 0) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def command(sockets: Sequence[socket.socket], names: str, *options: str) -> tuple[list[str], int]:
    """Give a command that starts the daemon with sockets, and the first descriptor that it must inherit them from."""
    return [sys.executable, "-c", STARTER, str(len(sockets)), names, *COMMAND, *AS_WE_ARE, *options], 3


def activate(sockets: Sequence[socket.socket], names: str, *options: str) -> subprocess.Popen[str]:
    """Start the daemon with sockets that are bound already."""
    words, first = command(sockets, names, *options)
    numbers = range(first, first + len(sockets))
    copies = [os.dup(sock.fileno()) for sock in sockets]

    def place() -> None:
        high = [os.dup2(copy, 200 + number, inheritable=False) for number, copy in enumerate(copies)]
        for number, descriptor in zip(numbers, high, strict=True):
            os.dup2(descriptor, number, inheritable=True)

    process = subprocess.Popen(
        words,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        close_fds=False,
        preexec_fn=place,  # nothing else can choose the numbers
    )
    for copy in copies:
        os.close(copy)
    return process


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Collect processes; they end with the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def test_sockets_are_matched_by_their_addresses(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    with listener() as imap, listener() as pop:
        legs = tuple(
            Leg(protocol, options=(f"listen_port = {port_of(sock)}",))
            for protocol, sock in (("POP3", pop), ("IMAP4", imap))
        )
        file = write_configuration(tmp_path, legs)
        started.append(activate((imap, pop), "", f"--config_file={file}", "--log_facility=+"))
        with call(port_of(pop)) as talk:
            assert talk.line().startswith(b"+OK POP3 ")
        with call(port_of(imap)) as talk:
            assert talk.line().startswith(b"* OK ")
        assert sorted(listening(started[0].pid)) == sorted((port_of(imap), port_of(pop)))


def test_or_by_the_name_of_their_protocol(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    with listener() as pop, listener() as imap, listener() as more:
        file = write_configuration(tmp_path, (Leg("IMAP4"), Leg("POP3")))
        sockets = (pop, imap, more)
        started.append(activate(sockets, "pop3:imap4:imap4", f"--config_file={file}", "--log_facility=+"))
        for sock, greeting in ((pop, b"+OK POP3 "), (imap, b"* OK "), (more, b"* OK ")):
            with call(port_of(sock)) as talk:
                assert talk.line().startswith(greeting)
        started[0].send_signal(signal.SIGHUP)  # they stay
        log = started[0].stderr
        assert log is not None
        assert any("Reloaded the configuration" in line for line in log)
        with call(port_of(more)) as talk:
            assert talk.line().startswith(b"* OK ")


def test_one_that_fits_nobody_is_an_error(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    with listener() as stray:
        file = write_configuration(tmp_path, (Leg("POP3"),))
        started.append(activate((stray,), "", f"--config_file={file}", "--log_facility=+"))
        _, errors = started[0].communicate(timeout=PATIENCE)

    assert started[0].returncode == 1
    assert f"socket 127.0.0.1:{port_of_name(errors)} of LISTEN_FDS: expected one that fits a listener\n" in errors


def port_of_name(errors: str) -> str:
    return errors.partition("127.0.0.1:")[2].partition(" ")[0]


def test_one_that_is_no_listening_socket_is_an_error(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    with socket.socket() as stray:
        file = write_configuration(tmp_path, (Leg("POP3"),))
        started.append(activate((stray,), "", f"--config_file={file}", "--log_facility=+"))
        _, errors = started[0].communicate(timeout=PATIENCE)

    assert started[0].returncode == 1
    assert "descriptor 3 of LISTEN_FDS: expected a listening TCP socket\n" in errors


def test_sockets_of_another_process_are_left_alone() -> None:
    environment = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "pop3", "OTHER": "1"}

    assert handed_over(environment) == ()
    assert environment == {"OTHER": "1"}
    assert handed_over({}) == ()


@pytest.mark.parametrize("count", ["", "-1", "x", "99999999999"])
def test_a_number_of_sockets_that_is_none(count: str) -> None:
    with pytest.raises(BadActivation, match="LISTEN_FDS: expected a number"):
        handed_over({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": count})


def test_an_address_as_people_write_it() -> None:
    assert str(Address(socket.AF_INET6, ("::1", 143, 0, 0))) == "[::1]:143"
    assert str(Address(socket.AF_INET, ("127.0.0.1", 143))) == "127.0.0.1:143"


# --- what the service manager hears


class Manager:
    """The service manager's socket."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.settimeout(PATIENCE)
        self._sock.bind(f"\0{place[1:]}" if place.startswith("@") else place)

    def hear(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self._sock.recv(4096).decode().splitlines())

    def hear_about(self, name: str) -> dict[str, str]:
        while name not in (heard := self.hear()):
            pass
        return heard

    def close(self) -> None:
        self._sock.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    place = str(tmp_path / "notify") if request.param == "path" else f"@perdition-test-{os.getpid()}"
    heard = Manager(place)
    yield heard
    heard.close()


def test_it_is_told_from_the_start_to_the_end(
    tmp_path: Path, manager: Manager, certificates: Certificates, started: list[subprocess.Popen[str]]
) -> None:
    file = write_configuration(tmp_path, (Leg("IMAP4"),))
    process = subprocess.Popen(
        [*COMMAND, *AS_WE_ARE, f"--config_file={file}", "--log_facility=+"],
        cwd=ROOT,
        env={**os.environ, "NOTIFY_SOCKET": manager.place},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    ready = manager.hear_about("READY")

    assert ready == {"READY": "1", "MAINPID": str(process.pid)}

    [port] = listening(process.pid)
    with real_server(Imap4(), "", Account(), certificates) as real, reach(port, Imap4(), "", certificates) as session:
        Imap4().log_in(session, b"joe-%d" % real.port)
        process.send_signal(signal.SIGHUP)
        reloading = manager.hear_about("RELOADING")

        assert reloading["RELOADING"] == "1"
        assert 0 < int(reloading["MONOTONIC_USEC"]) < 1 << 63
        assert manager.hear_about("READY")["READY"] == "1"

        process.send_signal(signal.SIGTERM)

        assert manager.hear_about("STOPPING") == {"STOPPING": "1"}
        assert process.poll() is None
    assert process.wait(PATIENCE) == 0


def test_a_line_for_people_is_said_when_it_changes(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    environment = {"NOTIFY_SOCKET": manager.place}
    notify = Notify.from_environment(environment)
    for text in ("0 sessions, 0 log-ins", "0 sessions, 0 log-ins", "1 sessions, 0 log-ins"):
        notify.status(text)
    notify.stopping()
    try:
        assert notify
        assert [manager.hear() for _ in range(3)] == [
            {"STATUS": "0 sessions, 0 log-ins"},
            {"STATUS": "1 sessions, 0 log-ins"},
            {"STOPPING": "1"},
        ]
        assert environment == {}
    finally:
        manager.close()


def test_nobody_need_listen(tmp_path: Path) -> None:
    silent, gone = Notify.from_environment({}), Notify(str(tmp_path / "none"))
    for notify in (silent, gone):
        notify.ready()
        notify.stopping()

    assert not silent
    assert gone


def test_children_do_not_inherit_the_variables() -> None:
    environment = {"NOTIFY_SOCKET": "/x", "LISTEN_PID": "1", "PATH": "/bin"}
    Notify.from_environment(environment)
    handed_over(environment)

    assert environment == {"PATH": "/bin"}
