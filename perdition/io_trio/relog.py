"""Repeats the Auth line of each session while it lives: perdition option connect_relog.

POP-before-SMTP daemons that read the log know by it that a client is still there.
"""

import math

import trio

from perdition.io_trio.logs import Log
from perdition.session.effects import Level


class Repeated:
    """One session's line, and how many seconds lie between."""

    __slots__ = ("interval", "line")

    def __init__(self, line: str, interval: float) -> None:
        self.line = line
        self.interval = interval


class Relog:
    """The lines of all sessions.  `run` must be running.

    Args:
        log: where they go.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        # Of one interval, who was logged first is due first: no heap, and an end costs nothing.
        self._due: dict[float, dict[Repeated, float]] = {}
        self._waiting = trio.CancelScope()

    def __len__(self) -> int:
        return sum(map(len, self._due.values()))

    def add(self, line: str, interval: float) -> Repeated:
        """Repeat a line every `interval` seconds, until it is stopped."""
        repeated = Repeated(line, interval)
        due = trio.current_time() + interval
        self._due.setdefault(interval, {})[repeated] = due
        if due < self._waiting.deadline:  # hardly ever: the first one is due first
            self._waiting.deadline = due
        return repeated

    def stop(self, repeated: Repeated) -> None:
        """The session is over."""
        del self._due[repeated.interval][repeated]

    async def run(self) -> None:
        """Log what is due, for ever."""
        while True:
            first = min((next(iter(due.values())) for due in self._due.values() if due), default=math.inf)
            with trio.CancelScope(deadline=first) as self._waiting:
                await trio.sleep_forever()
            now = trio.current_time()
            for interval, lines in self._due.items():
                for repeated, due in list(lines.items()):
                    if due > now:
                        break
                    self._log(Level.NOTICE, repeated.line)
                    del lines[repeated]
                    lines[repeated] = now + interval
