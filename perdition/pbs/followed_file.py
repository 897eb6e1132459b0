"""A log file that grows, is renamed and made anew, or truncated: what is new in it, each time somebody asks.

logrotate's `create` renames the file, and the program that writes it goes on with the old one until it is told.  So the
old one is read on until the new one has something in it, and then for a while.  `copytruncate` leaves the file where it
is, and it is shorter than it was.
"""

import errno
import os
import stat
from typing import Final

from perdition.pbs.lines import NEWLINE, Lines

AT_ONCE: Final = 65536
REMEMBERED: Final = 512
"""How many octets before our place must still be there: a file may be truncated and grow again between two looks."""
MOST_AT_ONCE: Final = 16 * AT_ONCE
"""How many octets one look at the file reads; the next look goes on."""
FAREWELL: Final = 30.0
"""How many seconds the old file is read once the new one is written to."""


class OpenLog:
    """An open file, and how far it has been read."""

    def __init__(self, path: str, *, at_end: bool) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        status = os.fstat(self._descriptor)
        if stat.S_ISDIR(status.st_mode):
            os.close(self._descriptor)
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        self.identity: Final = (status.st_dev, status.st_ino)
        self._regular = stat.S_ISREG(status.st_mode)
        self._place = status.st_size if at_end and self._regular else 0
        self._changed = 0
        self._before = self._read_before()
        self._lines = Lines(in_midst=not self._before.endswith(NEWLINE) and self._place > 0)

    def read(self) -> list[bytes]:
        """Give the lines that have come."""
        if not self._regular:
            return self._read_pipe()
        status = os.fstat(self._descriptor)
        if status.st_mtime_ns == self._changed and status.st_size == self._place:
            return []
        self._changed = status.st_mtime_ns
        if self._read_before() != self._before:
            self._place, self._lines = 0, Lines()
        lines: list[bytes] = []
        limit = self._place + MOST_AT_ONCE
        while self._place < limit and (octets := os.pread(self._descriptor, AT_ONCE, self._place)):
            self._place += len(octets)
            lines += self._lines.feed(octets)
        self._before = self._read_before()
        return lines

    def _read_before(self) -> bytes:
        """Read what stands before our place; less than was there says that the file is shorter now."""
        length = min(REMEMBERED, self._place)
        return os.pread(self._descriptor, length, self._place - length) if length else b""

    def _read_pipe(self) -> list[bytes]:
        try:
            return self._lines.feed(os.read(self._descriptor, AT_ONCE))
        except BlockingIOError:
            return []

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)


class FollowedFile:
    """The file of a name, whichever that is.

    Args:
        path: its name.

    Raises:
        OSError: it cannot be opened now; later that is waited for.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._current = OpenLog(path, at_end=True)
        self._former: OpenLog | None = None
        self._farewell = 0.0

    def read(self, now: float) -> list[bytes]:
        """Give the lines that have come since the last time.

        Args:
            now: any clock, in seconds.

        Raises:
            OSError: there is a new file, and it cannot be opened; the old one is read on next time.
        """
        lines: list[bytes] = []
        if self._former is not None:
            lines = self._former.read()
            if now >= self._farewell:
                self._leave_former()
        lines += self._current.read()
        if not lines and self._has_successor():
            successor = OpenLog(self._path, at_end=False)
            self._leave_former()
            self._former, self._current, self._farewell = self._current, successor, now + FAREWELL
            lines = self._former.read() + self._current.read()
        return lines

    def close(self) -> None:
        """Close what is open."""
        self._current.close()
        self._leave_former()

    def _leave_former(self) -> None:
        if self._former is not None:
            self._former.close()
            self._former = None

    def _has_successor(self) -> bool:
        """Tell whether the name is another file's now, with something in it."""
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) != self._current.identity and status.st_size > 0
