"""A file to read from by position: in memory if it is small, in place if not.

Nothing is mapped: a file that is cut short under a mapping ends the process with SIGBUS.
"""

import contextlib
import fcntl
import os
import stat
from typing import Final

HELD: Final = 8 << 20
"""Up to this size a file is held in memory, and what it said stays known while it is written anew in place."""


class FormatError(Exception):
    """The octets are not what the format says; the message tells what was expected."""


class Octets:
    """An open file; `close` lets go of it.

    Raises:
        FormatError: it is no file, but a folder, say.
        OSError: it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self._held: bytes | None = None
        self.status: Final = os.fstat(self._descriptor)
        self.size: Final = self.status.st_size
        if not stat.S_ISREG(self.status.st_mode):
            self.close()
            raise FormatError("expected a regular file")

    def read(self, offset: int, size: int) -> bytes:
        """Give exactly so many octets.

        Raises:
            FormatError: the file does not have them.
            OSError: it cannot be read.
        """
        if offset < 0 or size < 0 or offset + size > self.size:
            raise FormatError("expected more octets than the file has: it is damaged, or being written")
        if self._held is not None:
            return self._held[offset : offset + size]
        data = os.pread(self._descriptor, size, offset)
        if len(data) != size:
            raise FormatError("expected more octets than the file has left: it is being written")
        return data

    def hold(self) -> None:
        """Take a small file into memory; a large one stays where it is.

        Raises:
            FormatError: it was changed meanwhile.
        """
        if self.size > HELD:
            return
        data = self.read(0, self.size)
        if self.has_changed():
            raise FormatError("the file is being written")
        self._held = data
        self.close()

    def has_changed(self) -> bool:
        """Tell whether the file was written to since it was opened; what is held in memory was not."""
        if self._held is not None:
            return False
        now = os.fstat(self._descriptor)
        return (now.st_mtime_ns, now.st_size) != (self.status.st_mtime_ns, self.size)

    def see_that_nobody_writes(self) -> None:
        """Try for the lock that a writer would hold, and let go of it at once.

        Raises:
            BlockingIOError: somebody has it.
        """
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # a file system without locks: nobody can hold one
            return
        with contextlib.suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; twice is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
