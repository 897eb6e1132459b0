"""The supervisor and its workers, real processes: who dies, who comes in his place, and who hears which signal."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest

from perdition.io_trio.supervisor import RETIRE
from tests.io_trio.proxy import ROOT, eventually
from tests.io_trio.talk import PATIENCE, Talk, call
from tests.io_trio.toy import UNHAPPY, WORKERS

READ_WRITE: Final = b"hello\n"


class Supervised:
    """The toy as a process."""

    def __init__(self, folder: Path, behaviour: str) -> None:
        self._log = folder / "log"
        port = folder / "port"
        command = [sys.executable, "-m", "tests.io_trio.toy", str(port), str(self._log), behaviour]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        try:
            eventually(lambda: port.exists() and port.read_text() != "", "the toy to listen")
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.port = int(port.read_text())
        self.known: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.workers()
        self.process.kill()
        self.process.wait()
        for pid in self.known:  # they end by themselves, but for those whose sessions the test has left open
            with contextlib.suppress(ProcessLookupError):
                if "tests.io_trio.toy" in command_line(pid):
                    os.kill(pid, signal.SIGKILL)

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def wait_for(self, words: str, times: int = 1) -> None:
        eventually(lambda: self.log.count(words) >= times, f"{words!r} {times} times in {self.log}")

    def workers(self) -> set[int]:
        """Give the pids of the workers that there are."""
        with contextlib.suppress(FileNotFoundError):
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            now = {int(word) for word in text.split()}
            self.known |= now
            return now
        return set()

    def meet(self) -> dict[int, Talk]:
        """Connect until every worker has a session; give one of each."""
        met: dict[int, Talk] = {}
        while set(met) != self.workers():
            talk = call(self.port)
            pid = int(talk.line())
            if pid in met:
                talk.close()
            else:
                met[pid] = talk
        return met


def command_line(pid: int) -> str:
    assert pid > 1
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def is_alive(talk: Talk) -> bool:
    """Tell whether a session answers."""
    talk.say(READ_WRITE)
    return talk.line() == READ_WRITE


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Supervised]:
    with Supervised(tmp_path, "serve") as running:
        running.wait_for("all ready")
        yield running


@contextlib.contextmanager
def sessions(toy: Supervised) -> Iterator[dict[int, Talk]]:
    """Have a session with each worker."""
    met = toy.meet()
    try:
        yield met
    finally:
        for talk in met.values():
            talk.close()


def test_all_workers_serve_and_it_is_said_once(toy: Supervised) -> None:
    with sessions(toy) as met:
        assert len(met) == WORKERS
        assert toy.process.pid not in met
        assert all(is_alive(talk) for talk in met.values())
    assert toy.log.count("all ready") == 1


def test_a_worker_that_is_killed_is_replaced_and_the_other_does_not_notice(toy: Supervised) -> None:
    with sessions(toy) as met:
        (killed, lost), (other, kept) = met.items()
        os.kill(killed, signal.SIGKILL)
        toy.wait_for(f"Worker {killed} was killed by signal 9; another takes its place")

        assert lost.rest() == b""
        assert is_alive(kept)
        eventually(lambda: len(toy.workers()) == WORKERS, "another worker")
        with sessions(toy) as later:
            assert other in later
            assert killed not in later
        assert is_alive(kept)
        assert toy.log.count("all ready") == 1


def test_no_connection_is_lost_when_all_workers_are_killed(toy: Supervised) -> None:
    for pid in toy.workers():
        os.kill(pid, signal.SIGKILL)
    talks = [call(toy.port) for _ in range(10)]  # into the queue: nobody accepts at the moment, or a dying worker did
    toy.wait_for("another takes its place", WORKERS)
    try:
        assert all(talk.line() for talk in talks)
    finally:
        for talk in talks:
            talk.close()


def test_one_signal_stops_accepting_and_the_next_ends_sessions(toy: Supervised) -> None:
    with sessions(toy) as met:
        toy.process.send_signal(signal.SIGTERM)
        toy.wait_for("all released")

        with pytest.raises(ConnectionRefusedError):
            call(toy.port)
        assert all(is_alive(talk) for talk in met.values())
        assert toy.process.poll() is None

        toy.process.send_signal(signal.SIGTERM)

        assert toy.process.wait(PATIENCE) == 0
        assert [talk.rest() for talk in met.values()] == [b""] * WORKERS
    assert toy.log.count("Exiting on signal 15") == 2
    assert "takes its place" not in toy.log


def test_it_ends_with_the_last_session(toy: Supervised) -> None:
    with sessions(toy) as met:
        toy.process.send_signal(signal.SIGTERM)
        toy.wait_for("all released")
        (pid, first), (_, second) = met.items()
        first.close()
        eventually(lambda: pid not in toy.workers(), "the first worker to end")

        assert toy.process.poll() is None
        assert is_alive(second)

        second.close()

        assert toy.process.wait(PATIENCE) == 0


def test_on_quit_it_leaves_and_the_sessions_stay(toy: Supervised) -> None:
    with sessions(toy) as met:
        toy.process.send_signal(signal.SIGQUIT)

        assert toy.process.wait(PATIENCE) == 0
        toy.wait_for("orphaned", WORKERS)
        assert all(is_alive(talk) for talk in met.values())
        with pytest.raises(ConnectionRefusedError):
            call(toy.port)
    for pid in met:
        eventually(lambda pid=pid: command_line(pid) == "", "a worker without sessions to end")  # type: ignore[misc]


def test_workers_without_a_supervisor_accept_nobody_and_keep_their_sessions(toy: Supervised) -> None:
    with sessions(toy) as met:
        toy.process.kill()
        toy.process.wait()
        toy.wait_for("orphaned", WORKERS)
        toy.wait_for("signal 15", WORKERS)
        eventually(lambda: is_refused(toy.port), "nobody to listen")

        assert all(is_alive(talk) for talk in met.values())


def is_refused(port: int) -> bool:
    try:
        call(port).close()
    except ConnectionError:
        return True
    return False


def test_on_a_hang_up_others_take_the_places_and_the_sessions_stay(toy: Supervised) -> None:
    with sessions(toy) as met:
        toy.process.send_signal(signal.SIGHUP)
        toy.wait_for(f"signal {RETIRE}\n", WORKERS)
        toy.wait_for("signal 1\n", WORKERS)

        assert len(toy.workers()) == 2 * WORKERS
        assert all(is_alive(talk) for talk in met.values())
        for _ in range(10):
            with call(toy.port) as talk:
                assert int(talk.line()) not in met
    eventually(lambda: len(toy.workers()) == WORKERS, "the first workers to end")

    assert "takes its place" not in toy.log
    assert toy.log.count("born") == 2 * WORKERS
    assert toy.log.count("reload") == 1
    assert toy.log.count("all ready") == 1


def test_after_a_hang_up_all_generations_hear_signals(toy: Supervised) -> None:
    with sessions(toy) as old:
        toy.process.send_signal(signal.SIGHUP)
        toy.wait_for(f"signal {RETIRE}\n", WORKERS)
        with contextlib.ExitStack() as stack:
            new = [stack.enter_context(call(toy.port)) for _ in range(4)]
            assert all(talk.line() for talk in new)
            toy.process.send_signal(signal.SIGHUP)
            toy.wait_for("signal 1\n", 3 * WORKERS)
            toy.wait_for(f"signal {RETIRE}\n", 2 * WORKERS)
            toy.process.send_signal(signal.SIGINT)

            assert toy.process.wait(PATIENCE) == 0
            assert [talk.rest() for talk in (*old.values(), *new)] == [b""] * (WORKERS + 4)


def test_who_stops_since_a_hang_up_keeps_sessions_when_all_stop(toy: Supervised) -> None:
    with sessions(toy) as met:
        toy.process.send_signal(signal.SIGHUP)
        toy.wait_for(f"signal {RETIRE}\n", WORKERS)
        toy.process.send_signal(signal.SIGTERM)
        toy.wait_for("all released")

        assert all(is_alive(talk) for talk in met.values())

        toy.process.send_signal(signal.SIGTERM)

        assert toy.process.wait(PATIENCE) == 0
        assert [talk.rest() for talk in met.values()] == [b""] * WORKERS


def test_what_cannot_be_read_again_leaves_everybody_where_he_is(tmp_path: Path) -> None:
    with Supervised(tmp_path, "stay") as toy:
        toy.wait_for("all ready")
        workers = toy.workers()
        toy.process.send_signal(signal.SIGHUP)
        toy.wait_for("reload")
        toy.wait_for("signal 1\n", WORKERS)  # they open the log again
        with call(toy.port) as talk:
            assert int(talk.line()) in workers
        assert toy.workers() == workers


def test_a_worker_that_dies_after_a_hang_up_is_replaced_once(toy: Supervised) -> None:
    toy.process.send_signal(signal.SIGHUP)
    toy.wait_for(f"signal {RETIRE}\n", WORKERS)
    eventually(lambda: len(toy.workers()) == WORKERS, "the first workers to end")
    os.kill(min(toy.workers()), signal.SIGKILL)
    toy.wait_for("takes its place")
    toy.wait_for("born", 2 * WORKERS + 1)

    eventually(lambda: len(toy.workers()) == WORKERS, "another worker")
    assert toy.log.count("born") == 2 * WORKERS + 1


def test_workers_that_cannot_serve_end_it(tmp_path: Path) -> None:
    with Supervised(tmp_path, "die") as toy:
        assert toy.process.wait(PATIENCE) == 1
        assert len(re.findall(rf"Worker \d+ ended with status {UNHAPPY}; another takes its place", toy.log)) == 3
        assert "3 workers ended before they served anybody; giving up" in toy.log
        assert "all ready" not in toy.log
        assert is_refused(toy.port)


def test_workers_that_cannot_be_replaced_end_it_and_the_sessions_stay(tmp_path: Path) -> None:
    with Supervised(tmp_path, "die-later") as toy:
        toy.wait_for("all ready")
        with sessions(toy) as met:
            (killed, lost), (_, kept) = met.items()
            os.kill(killed, signal.SIGKILL)

            assert toy.process.wait(PATIENCE) == 1
            assert lost.rest() == b""
            assert is_alive(kept)
            assert is_refused(toy.port)


def test_it_sleeps(toy: Supervised) -> None:
    def switches() -> str:
        status = Path(f"/proc/{toy.process.pid}/status").read_text()
        return next(line for line in status.splitlines() if line.startswith("voluntary_ctxt_switches"))

    def state() -> str:
        return Path(f"/proc/{toy.process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    eventually(lambda: state() == "S", "it to sleep")
    before = switches()
    with sessions(toy) as met:
        for _ in range(100):
            assert all(is_alive(talk) for talk in met.values())

    assert switches() == before
