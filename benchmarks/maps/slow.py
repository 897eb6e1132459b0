"""Does a slow map disturb those who are logged in?  NOOPs beside hundreds of log-ins a second that wait for it."""

import collections
import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from benchmarks.cases import Case, Protocol, Transport
from benchmarks.launch import Launch, Place, Target
from benchmarks.measure import Bench, Sample
from benchmarks.processes import Proxy, Server, certificate, free_port, program_of_load
from benchmarks.run import Machine
from benchmarks.targets import ours

DELAY: Final = 0.1
"""Seconds that each lookup takes."""
ROUND_TRIPS: Final = 4
LOG_INS: Final = 60
"""Clients that log in, out and in again; with 50 of them in the map at any time that is 500 log-ins a second."""
AT_ONCE: Final = 1
"""So many clients make about as many log-ins with a map that answers at once: what they cost shows beside the map."""
CONCURRENCY: Final = 200
PAUSE: Final = 0.05
NOBODY: Final = b"$-1\r\n"
"""Redis's word for a key that it does not have."""


def cases(seconds: float) -> Iterator[Case]:
    """Give the cases: sessions alone, beside log-ins, and beside log-ins that wait for the map."""
    names = {
        0: "NOOP on 4 sessions",
        AT_ONCE: "the same beside log-ins, with a map that answers at once",
        LOG_INS: f"the same beside log-ins, each of them {DELAY * 1e3:g} ms in the map",
    }
    for sessions, title in names.items():
        yield Case(
            f"slow-map-{sessions}", title, "slow-map", sessions=sessions, round_trips=ROUND_TRIPS, seconds=seconds
        )


def samples(
    seconds: float, repeats: int, machine: Machine, folder: Path, say: Callable[[str], None]
) -> Iterator[Sample]:
    """Measure.

    Raises:
        RunError: the load generator or the proxy cannot be made or started.
    """
    say("compiling the load generator")
    program = program_of_load(folder)
    own, key = certificate(folder)
    slow_map = SlowMap()
    with (
        slow_map.running() as slow,
        Server(program, own, key, [(Protocol.IMAP, Transport.PLAIN)], machine.load) as server,
    ):
        [port] = server.ports
        place = Place(folder / "ours", free_port(), free_port(), port, Protocol.IMAP, Transport.PLAIN, own, key)
        proxy = Proxy(slow_target(slow), place, machine.proxy)
        try:
            proxy.wait_until_ready()
            bench = Bench(program, machine.load)
            for repeat in range(repeats):
                for case in cases(seconds):
                    say(f"{case.name} {repeat + 1}/{repeats}")
                    slow_map.delay = DELAY if case.sessions == LOG_INS else 0.0
                    yield bench.measure(case, "ours", proxy.port, proxy, server)
        finally:
            proxy.end()


def slow_target(port: int) -> Target:
    """Give our proxy with the slow map, which never knows a user: the default server is everybody's."""

    def launch(place: Place) -> Launch:
        plain = ours(place)
        words = ["-M", "redis", "-m", f"redis://127.0.0.1:{port}/0?key={{key}}", "--map_concurrency", str(CONCURRENCY)]
        return Launch([*plain.argv, *words], plain.files, plain.logs, plain.folders, plain.environment)

    return Target("ours", "perdition-trio with a slow map", launch)


class SlowMap:
    """Speaks as Redis does, knows nobody, and takes its time for each answer, however many wait."""

    def __init__(self, delay: float = DELAY) -> None:
        self.delay = delay
        self._stop = threading.Event()
        self._due: collections.deque[tuple[float, socket.socket]] = collections.deque()

    @contextlib.contextmanager
    def running(self) -> Iterator[int]:
        """Run it in a thread; give its port."""
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            listener.setblocking(False)
            thread = threading.Thread(target=self._serve, args=(listener,))
            thread.start()
            try:
                port: int = listener.getsockname()[1]
                yield port
            finally:
                self._stop.set()
                thread.join()

    def _serve(self, listener: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            while not self._stop.is_set():
                wait = self._due[0][0] - time.monotonic() if self._due else PAUSE
                for ready, _ in selector.select(max(0.0, min(wait, PAUSE))):
                    if ready.fileobj is listener:
                        client, _ = listener.accept()
                        selector.register(client, selectors.EVENT_READ, client)
                    else:
                        self._hear(ready.data, selector)
                while self._due and self._due[0][0] <= time.monotonic():
                    _, client = self._due.popleft()
                    with contextlib.suppress(OSError):  # who asked may be gone
                        client.sendall(NOBODY)
            for kept in list(selector.get_map().values()):
                if kept.fileobj is not listener:
                    kept.data.close()

    def _hear(self, client: socket.socket, selector: selectors.BaseSelector) -> None:
        """Note when to answer.  A connection has one question at a time, short enough for one segment."""
        try:
            octets = client.recv(4096)
        except OSError:
            octets = b""
        if octets:
            self._due.append((time.monotonic() + self.delay, client))
        else:
            selector.unregister(client)
            client.close()
