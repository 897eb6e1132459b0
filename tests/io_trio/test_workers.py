"""The daemon with workers: what one of them does or suffers, and what the others know of it."""

import contextlib
import os
import re
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.io_trio.certificates import Certificates
from tests.io_trio.dialects import Account, Imap4, Pop3
from tests.io_trio.proxy import Leg, Proxy, eventually, listening, write_configuration
from tests.io_trio.reach import reach, real_server
from tests.io_trio.talk import PATIENCE, RealServer, Talk, call
from tests.io_trio.test_process import background, is_gone
from tests.ports import free_port

WORKERS: Final = 2
OPTION: Final = f"--workers={WORKERS}"
LEGS: Final = (Leg("IMAP4"), Leg("POP3"))


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(f"--config_file={write_configuration(tmp_path, LEGS)}", OPTION) as running:
        eventually(lambda: len(workers(running)) == WORKERS, "the workers")
        yield running


@pytest.fixture
def real(certificates: Certificates) -> Iterator[RealServer]:
    with real_server(Imap4(), "", Account(), certificates) as server:
        yield server


def workers(proxy: Proxy) -> set[int]:
    """Give the children of a process."""
    return {int(word) for word in Path(f"/proc/{proxy.pid}/task/{proxy.pid}/children").read_text().split()}


def worker_of(proxy: Proxy, talk: Talk) -> int:
    """Find out who serves a connection."""
    found = re.search(r"\[(\d+)\]: Connect: ", proxy.wait_for("Connect:", talk.way))

    assert found is not None
    return int(found[1])


def log_in(proxy: Proxy, real: RealServer) -> Talk:
    """Have a session, with an echo at its other end."""
    talk = call(proxy.ports[0])
    Imap4().hear_greeting(talk)
    answer = Imap4().log_in(talk, b"joe-%d" % real.port)

    assert Imap4().is_yes(answer)
    return talk


def is_alive(talk: Talk) -> bool:
    """Tell whether a session's other end answers."""
    talk.say(b"hello\r\n")
    return talk.line() == b"hello\r\n"


@contextlib.contextmanager
def sessions(proxy: Proxy, real: RealServer) -> Iterator[dict[int, Talk]]:
    """Have a session with each worker."""
    with contextlib.ExitStack() as stack:
        met: dict[int, Talk] = {}
        while set(met) != workers(proxy):
            talk = stack.enter_context(log_in(proxy, real))
            met.setdefault(worker_of(proxy, talk), talk)
        yield met


def listens(pid: int) -> bool:
    """Tell whether a process is there and listens."""
    with contextlib.suppress(FileNotFoundError):  # it has ended
        return bool(listening(pid))
    return False


def test_connections_are_shared(proxy: Proxy) -> None:
    with contextlib.ExitStack() as stack:
        talks = [stack.enter_context(call(proxy.ports[0])) for _ in range(40)]

        assert {worker_of(proxy, talk) for talk in talks} == workers(proxy)


def test_of_a_worker_that_is_killed_the_others_sessions_notice_nothing(proxy: Proxy, real: RealServer) -> None:
    with sessions(proxy, real) as met:
        (killed, lost), (_, kept) = met.items()
        os.kill(killed, signal.SIGKILL)
        proxy.wait_for(f"[{proxy.pid}]", f"Worker {killed} was killed by signal 9; another takes its place")

        assert lost.rest() == b""
        assert is_alive(kept)
        eventually(lambda: len(workers(proxy)) == WORKERS, "another worker")
        with sessions(proxy, real) as later:
            assert killed not in later
        assert is_alive(kept)


def test_a_second_signal_ends_sessions(proxy: Proxy, real: RealServer) -> None:
    with sessions(proxy, real) as met:
        proxy.process.send_signal(signal.SIGTERM)
        proxy.wait_for("Exiting on signal 15")
        eventually(lambda: not any(map(listens, met)), "nobody to listen")

        with pytest.raises(ConnectionRefusedError):
            call(proxy.ports[0])
        assert all(is_alive(talk) for talk in met.values())

        assert proxy.end(signal.SIGTERM) == 0
        assert [talk.rest() for talk in met.values()] == [b""] * WORKERS
    assert len(proxy.lines_with("Exiting on signal 15")) == 2
    assert proxy.errors == ""


def test_an_interrupt_ends_sessions_at_once(proxy: Proxy, real: RealServer) -> None:
    with sessions(proxy, real) as met:
        assert proxy.end(signal.SIGINT) == 0
        assert [talk.rest() for talk in met.values()] == [b""] * WORKERS


def test_it_leaves_on_quit_and_sessions_stay(proxy: Proxy, real: RealServer) -> None:
    with sessions(proxy, real) as met:
        proxy.process.send_signal(signal.SIGQUIT)

        assert proxy.process.wait(PATIENCE) == 0
        with pytest.raises(ConnectionRefusedError):
            call(proxy.ports[0])
        assert all(is_alive(talk) for talk in met.values())
    for pid in met:
        eventually(lambda pid=pid: is_gone(pid), "a worker to end with its last session")  # type: ignore[misc]


def test_who_has_retired_keeps_his_sessions_when_the_supervisor_leaves(proxy: Proxy, real: RealServer) -> None:
    """Its signal and the end of its channel come at once; they are no two signals."""
    with sessions(proxy, real) as met:
        proxy.process.send_signal(signal.SIGHUP)
        eventually(lambda: not any(map(listens, met)), "all to retire")
        for pid in met:
            os.kill(pid, signal.SIGSTOP)
        proxy.process.send_signal(signal.SIGQUIT)
        try:
            assert proxy.process.wait(PATIENCE) == 0
        finally:
            for pid in met:
                os.kill(pid, signal.SIGCONT)

        assert all(is_alive(talk) for talk in met.values())
    for pid in met:
        eventually(lambda pid=pid: is_gone(pid), "a worker to end with its last session")  # type: ignore[misc]


def test_without_a_supervisor_nobody_new_is_served_and_sessions_stay(proxy: Proxy, real: RealServer) -> None:
    with sessions(proxy, real) as met:
        proxy.process.kill()
        proxy.process.wait()
        eventually(lambda: not any(map(listens, met)), "nobody to listen")

        assert all(is_alive(talk) for talk in met.values())
    for pid in met:
        eventually(lambda pid=pid: is_gone(pid), "a worker to end with its last session")  # type: ignore[misc]


def test_the_limit_of_connections_is_that_of_all_workers(tmp_path: Path) -> None:
    file = write_configuration(tmp_path, LEGS, "connection_limit = 6")
    with Proxy(f"--config_file={file}", OPTION) as proxy, contextlib.ExitStack() as stack:
        eventually(lambda: len(workers(proxy)) == WORKERS, "the workers")
        talks = [stack.enter_context(call(proxy.ports[0])) for _ in range(6)]
        served = [worker_of(proxy, talk) for talk in talks]
        with call(proxy.ports[0]) as seventh, call(proxy.ports[1]) as other:
            assert Imap4().is_bye(seventh.rest())
            assert other.line().startswith(b"+OK")  # each listener has its own

        talks[0].reset()
        eventually(lambda: is_welcome(proxy), "a place that is free again")

        victim = served[1]
        os.kill(victim, signal.SIGKILL)
        proxy.wait_for("another takes its place")
        lost = served[1:].count(victim)
        for _ in range(lost + 1):
            talk = stack.enter_context(call(proxy.ports[0]))

            assert Imap4().hear_greeting(talk).startswith(b"* OK")
        with call(proxy.ports[0]) as last:
            assert Imap4().is_bye(last.rest())


def is_welcome(proxy: Proxy) -> bool:
    with call(proxy.ports[0]) as talk:
        return talk.line().startswith(b"* OK")


def test_a_hang_up_changes_what_comes_and_not_what_is_there(
    tmp_path: Path, certificates: Certificates, real: RealServer
) -> None:
    file = write_configuration(tmp_path, LEGS[:1])
    with Proxy(f"--config_file={file}", OPTION) as proxy:
        eventually(lambda: len(workers(proxy)) == WORKERS, "the workers")
        with sessions(proxy, real) as met, call(proxy.ports[0]) as slow:
            Imap4().hear_greeting(slow)
            port = free_port()
            new = Leg("POP3", options=(f"listen_port = {port}",)).table()
            file.write_text(file.read_text().replace("posix_regex", "").replace("popmap.re", "") + new)
            proxy.process.send_signal(signal.SIGHUP)
            proxy.wait_for("Reloaded the configuration, maps and certificates")
            eventually(lambda: not any(map(listens, met)), "the first workers to stop listening")

            assert all(is_alive(talk) for talk in met.values())
            assert Imap4().is_yes(Imap4().log_in(slow, b"joe-%d" % real.port))  # by the map of its greeting's time
            for _ in range(5):
                with call(proxy.ports[0]) as talk:
                    Imap4().hear_greeting(talk)

                    assert Imap4().is_no(Imap4().log_in(talk, b"joe-%d" % real.port))  # there is no map any more
                    assert worker_of(proxy, talk) not in met
                with call(port) as talk:
                    assert talk.line().startswith(b"+OK")
        for pid in met:
            eventually(lambda pid=pid: is_gone(pid), "a worker to end with its last session")  # type: ignore[misc]
        assert len(workers(proxy)) == WORKERS
        assert not proxy.lines_with("takes its place")


def test_a_configuration_that_is_wrong_changes_nothing(tmp_path: Path, real: RealServer) -> None:
    file = write_configuration(tmp_path, LEGS[:1])
    with Proxy(f"--config_file={file}", OPTION) as proxy:
        eventually(lambda: len(workers(proxy)) == WORKERS, "the workers")
        before = workers(proxy)
        file.write_text(file.read_text().replace("no_lookup", "no_look_up"))
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_for("no_look_up", "everything stays as it was")

        with log_in(proxy, real) as talk:
            assert worker_of(proxy, talk) in before
        assert workers(proxy) == before


@pytest.mark.parametrize("option", [OPTION, "--workers=1"])
def test_all_open_the_log_again(option: str) -> None:
    with tempfile.TemporaryDirectory(prefix="perdition-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with background(folder, option, "--username=root", "--group=root") as daemon:
            log = folder / "log"
            eventually(lambda: log.exists(), "the log")
            log.rename(folder / "log.1")
            os.kill(daemon.pid, signal.SIGHUP)
            eventually(lambda: log.exists() and log.read_text().count("Reopened logger") >= 1, "another file")
            with contextlib.ExitStack() as stack:
                talks = [stack.enter_context(call(listening(daemon.pid)[0])) for _ in range(10)]
                assert all(talk.line() for talk in talks)
                eventually(lambda: log.read_text().count("Connect: ") == 10, "all connections in the other file")
            assert "Connect: " not in (folder / "log.1").read_text()


def test_in_the_background_the_supervisor_leaves_at_once_and_its_pid_file_with_it(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="perdition-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with background(folder, OPTION) as daemon:
            pid = daemon.pid
            served_by = {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
            port = listening(pid)[0]
            with call(port) as talk:
                assert talk.line().startswith(b"+OK")
                talk.say(b"USER joe\r\n")  # a log-in under way
                assert talk.line().startswith(b"+OK")

                os.kill(pid, signal.SIGTERM)
                eventually(lambda: is_gone(pid), "the supervisor to leave")

                assert not daemon.pid_file.exists()
                with background(folder, OPTION, f"--listen_port={port}") as successor:
                    assert successor.started.returncode == 0, successor.started.stderr
                    os.kill(successor.pid, signal.SIGTERM)
                    eventually(lambda: not daemon.pid_file.exists(), "the successor to leave")
                talk.say(b"NOOP\r\n")
                assert talk.line() != b""
            eventually(lambda: all(is_gone(pid) for pid in served_by), "the workers to end with the last session")
    assert len(served_by) == WORKERS


def test_the_service_manager_hears_once_that_all_are_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place))
        manager.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(place))
        with Proxy(f"--config_file={write_configuration(tmp_path, LEGS)}", OPTION) as proxy:
            ready = manager.recv(1024).decode().splitlines()

            assert ready == ["READY=1", f"MAINPID={proxy.pid}"]
            assert len(workers(proxy)) == WORKERS

            assert proxy.end(signal.SIGTERM) == 0
        assert manager.recv(1024) == b"STOPPING=1"
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(1024)


def test_one_worker_needs_no_supervisor(tmp_path: Path, certificates: Certificates) -> None:
    with Proxy(f"--config_file={write_configuration(tmp_path, LEGS)}", "--workers=1") as proxy:
        with reach(proxy.ports[1], Pop3(), "", certificates) as talk:
            assert worker_of(proxy, talk) == proxy.pid
        assert workers(proxy) == set()


def test_to_one_worker_quit_means_the_same_as_terminate(tmp_path: Path, real: RealServer) -> None:
    with (
        Proxy(f"--config_file={write_configuration(tmp_path, LEGS)}", "--workers=1") as proxy,
        log_in(proxy, real) as talk,
    ):
        proxy.process.send_signal(signal.SIGQUIT)
        proxy.wait_for("Exiting on signal 3")

        assert is_alive(talk)
        talk.close()
        assert proxy.process.wait(PATIENCE) == 0
