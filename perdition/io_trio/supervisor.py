"""The supervisor: workers that serve side by side, a process each, and one in the place of each that dies.

It has bound the sockets and read the keys before the first fork, and keeps the sockets, so that the clients in their
queues outlive a worker.  It serves nobody itself: it sleeps until a signal comes or a worker says a word.  All
workers accept from the same sockets, whoever is free first: a connection waits for no worker in particular, not
even for one that has died.  With SO_REUSEPORT it would, and a second daemon could bind the same port unnoticed; that
costs some 30 us of CPU less a connection while nobody has anything to do, nothing less under load, and there the
median of 16 clients waited twice as long (measured with two workers).

What the signals mean, here as in a worker alone: SIGTERM: nobody new is served, and the sessions go on.  SIGINT: they
end when no log-in is under way.  The second one ends all at once.  SIGQUIT: like SIGTERM, and the supervisor leaves as
soon as nobody listens any more; the workers end with their last session.  In the background SIGTERM means that, too, as
with perdition 2.2: Debian's init script kills what has not ended in 30 s.  SIGHUP: the log is opened again by all;
the supervisor reads everything again, and if it can, new workers are made of that.  When one serves, the old one in
its place accepts nobody any more, and ends with its last session.
"""

import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NoReturn

import attrs

from perdition.io_trio import signals
from perdition.io_trio.crash import internal_error
from perdition.io_trio.logs import Log
from perdition.io_trio.tally import Tally
from perdition.session.effects import Level

SIGNALS: Final = signals.HEARD | {signal.SIGCHLD}
PAUSE: Final = 1.0
"""How many seconds lie between two starts in the same place, at the least."""
FAILURES: Final = 3
"""So many workers that die one after the other before they serve are a reason to give up."""
RETIRE: Final = signal.SIGUSR1
"""Has a worker accept nobody any more, and end with its last session."""
READY: Final = "r"
RELEASED: Final = "s"
AT_ONCE: Final = 64
"""Octets to read at once: a signal and a word are one each."""
CRASHED: Final = 70
"""Exit status of a worker that ended by an exception (sysexits.h, EX_SOFTWARE)."""


class Worker:
    """A worker's side of its way to the supervisor.

    Args:
        number: its place, from 0.
        channel: a socket whose other end only the supervisor has: at its end the supervisor is gone.
    """

    def __init__(self, number: int, channel: socket.socket) -> None:
        self.number = number
        self.channel = channel

    def ready(self) -> None:
        """Say that connections are being accepted."""
        self._say(READY)

    def released(self) -> None:
        """Say that none will be accepted any more, and that the sockets are closed."""
        self._say(RELEASED)

    def _say(self, word: str) -> None:
        with suppress(OSError):  # nobody is there to hear it
            self.channel.send(word.encode())


@attrs.define(eq=False)
class _Process:
    """A worker that lives.

    Args:
        number: its place.
        generation: how often everything had been read again when it was made.
        pid: of the process.
        channel: our end of the way to it; None: it has closed the other.
        is_ready: it serves.
        is_stopping: it has been told to stop.
        has_released: its sockets are closed.
    """

    number: int
    generation: int
    pid: int
    channel: socket.socket | None
    is_ready: bool = False
    is_stopping: bool = False
    has_released: bool = False

    def signal(self, number: int) -> None:
        """Send a signal; nobody else has the pid until we have waited for it."""
        os.kill(self.pid, number)


@attrs.frozen
class Hooks:
    """What the supervisor has others do.

    Args:
        work: what a worker does, in a process of its own; gives the exit status.
        reload: reads everything again for the workers to come; tells whether that was possible.
        ready: called once, when all workers serve.
        release: called once, when no more connections are to be accepted: closes the sockets.
        released: called once, when no worker has them open any more either: others may listen there.
    """

    work: Callable[[Worker], int]
    reload: Callable[[], bool]
    ready: Callable[[], None]
    release: Callable[[], None]
    released: Callable[[], None]


class Supervisor:
    """Runs workers until it is told to stop.

    Args:
        count: how many serve at a time.
        hooks: what they do, and what is to be done about them.
        tally: where they count their connections.
        log: where it is said that one has died.
        leaves: whether SIGTERM means the same as SIGQUIT.
    """

    def __init__(self, count: int, hooks: Hooks, tally: Tally, log: Log, *, leaves: bool = False) -> None:
        self._count = count
        self._hooks = hooks
        self._tally = tally
        self._log = log
        self._leaves = leaves
        self._processes: list[_Process] = []
        self._started = [float("-inf")] * count  # when the last one was, in each place
        self._generation = 0
        self._poll = select.poll()
        self._wake_up = -1
        self._was_ready = False
        self._stopping = False
        self._leaving = False
        self._was_released = False
        self._failures = 0
        self._status = 0

    def run(self) -> int:
        """Serve until a signal has come and all is over; give the exit status, not 0 if no worker could be kept."""
        gc.collect()
        gc.freeze()  # what is there now stays: the workers' collectors leave these pages shared
        with _signals() as self._wake_up:
            self._poll.register(self._wake_up, select.POLLIN)
            while True:
                self._start_workers()
                for descriptor, _ in self._poll.poll(self._patience()):
                    if descriptor == self._wake_up:
                        for number in os.read(self._wake_up, AT_ONCE):
                            self._handle(number)
                    else:
                        self._hear(descriptor)
                self._tell_what_has_come()
                if self._was_released and (self._leaving or not self._processes):
                    return self._status

    # --- workers come

    def _missing(self) -> list[int]:
        """Give the places where nobody serves who has read what is to be served."""
        if self._stopping:
            return []
        there = {process.number for process in self._processes if process.generation == self._generation}
        return [number for number in range(self._count) if number not in there]

    def _patience(self) -> float | None:
        """Give the milliseconds until a worker may be started; None: no time matters."""
        waits = [self._started[number] + PAUSE - time.monotonic() for number in self._missing()]
        return max(0.0, min(waits)) * 1000 + 1 if waits else None

    def _start_workers(self) -> None:
        now = time.monotonic()
        for number in self._missing():
            if now - self._started[number] >= PAUSE:
                self._started[number] = now
                self._start(number)

    def _start(self, number: int) -> None:
        row = self._tally.free_row()
        if row is None:
            self._log(Level.ERR, "Too many workers wait for their last session; no new ones until some have ended")
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        # What is sent to the child before it has handlers of its own waits, and then ends it, as it should.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = os.fork()
            if not pid:
                ours.close()
                self._tally.row = row
                self._be_a_worker(Worker(number, theirs))
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        theirs.close()
        ours.setblocking(False)
        self._tally.take(row, pid)
        self._processes.append(_Process(number, self._generation, pid, ours))
        self._poll.register(ours, select.POLLIN)

    def _be_a_worker(self, worker: Worker) -> NoReturn:
        """Do a worker's work, in the child."""
        status = CRASHED
        try:
            os.setpgid(0, 0)  # Ctrl-C at a terminal reaches the supervisor, and us by it, once
            os.close(signal.set_wakeup_fd(-1))
            os.close(self._wake_up)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            # The others' ends: while anybody but the supervisor has one, its death goes unnoticed.
            for process in self._processes:
                if process.channel is not None:
                    process.channel.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            status = self._hooks.work(worker)
        except BaseException:
            self._log(Level.ERR, internal_error())
        finally:
            os._exit(status)

    # --- they speak, and they die

    def _hear(self, descriptor: int) -> None:
        """Take what a worker says; at the end of its channel it has died, and SIGCHLD tells of that."""
        for process in self._processes:
            if process.channel is None or process.channel.fileno() != descriptor:
                continue
            try:
                words = process.channel.recv(AT_ONCE).decode()
            except OSError:
                words = ""
            if not words:
                self._close_channel(process)
            if READY in words:
                process.is_ready = True
                self._failures = 0
                self._retire(process)
            if RELEASED in words:
                process.has_released = True

    def _close_channel(self, process: _Process) -> None:
        if process.channel is not None:
            self._poll.unregister(process.channel)
            process.channel.close()
            process.channel = None

    def _retire(self, successor: _Process) -> None:
        """Have those accept nobody whose place another has taken, who has read everything again."""
        for process in self._processes:
            is_old = process.number == successor.number and process.generation < successor.generation
            if is_old and not process.is_stopping:
                process.is_stopping = True
                process.signal(RETIRE if process.is_ready else signal.SIGTERM)

    def _bury(self) -> None:
        for process in list(self._processes):
            pid, status = os.waitpid(process.pid, os.WNOHANG)
            if not pid:
                continue
            self._processes.remove(process)
            self._close_channel(process)
            self._tally.free(pid)
            if process.is_stopping:
                continue
            self._log(Level.ERR, f"Worker {pid} {_end(status)}; another takes its place")
            self._failures += not process.is_ready
            if self._failures >= FAILURES:
                self._log(Level.ERR, f"{FAILURES} workers ended before they served anybody; giving up")
                self._status = 1
                self._leaving = True
                self._stop(signal.SIGTERM)

    # --- what has come

    def _handle(self, number: int) -> None:
        match number:
            case signal.SIGTERM | signal.SIGINT:
                self._log(Level.INFO, f"Exiting on signal {number}")
                self._leaving = self._leaving or (self._leaves and number == signal.SIGTERM)
                self._stop(number)
            case signal.SIGQUIT:
                self._log(Level.INFO, f"Exiting on signal {number}")
                self._leaving = True
                if not self._stopping:
                    self._stop(signal.SIGTERM)
            case signal.SIGHUP:
                for process in self._processes:
                    if process.is_ready:  # another would be ended by it, and has the log from us
                        process.signal(signal.SIGHUP)
                if not self._stopping and self._hooks.reload():
                    self._generation += 1
            case _:
                self._bury()

    def _stop(self, number: int) -> None:
        """Have all workers stop; the sessions of those who do already end."""
        if not self._stopping:
            self._stopping = True
            self._hooks.release()
        for process in self._processes:
            process.is_stopping = True
            process.signal(number)

    def _tell_what_has_come(self) -> None:
        if not self._was_ready and not self._stopping and not self._missing():
            self._was_ready = all(process.is_ready for process in self._processes)
            if self._was_ready:
                self._hooks.ready()
        if self._stopping and not self._was_released and all(process.has_released for process in self._processes):
            self._was_released = True
            self._hooks.released()


def _end(status: int) -> str:
    """Say how a process ended, by its status of wait(2)."""
    code = os.waitstatus_to_exitcode(status)
    return f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"


@contextmanager
def _signals() -> Iterator[int]:
    """Have signals written to a pipe, a number each; give the end to read from."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    old = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signals.release()
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(before)
        for number, handler in old.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)
