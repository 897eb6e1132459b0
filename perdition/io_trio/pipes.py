"""Pipes for splice: octets go from socket to socket inside the kernel.

Few streams carry most octets, so few pipes are enough; a session without one moves its octets by reading and
writing.  The number is also the bound of what readers who stopped reading can hold in the kernel.
"""

import contextlib
import fcntl
import os
from typing import Final

import attrs

SIZE: Final = 1 << 20
"""How many octets a pipe should hold: what /proc/sys/fs/pipe-max-size allows to everybody."""
IN_USE: Final = 64
SPARE: Final = 8
"""How many are kept while others are in use."""


@attrs.frozen
class Pipe:
    """Both ends; `size` is what it holds."""

    reader: int
    writer: int
    size: int

    def close(self) -> None:
        """Close both ends."""
        os.close(self.reader)
        os.close(self.writer)


class Pipes:
    """The pipes of one worker."""

    def __init__(self) -> None:
        self._spare: list[Pipe] = []
        self._in_use = 0

    def take(self) -> Pipe | None:
        """Give an empty pipe; None: there are enough, or none can be had."""
        if self._in_use >= IN_USE:
            return None
        pipe = self._spare.pop() if self._spare else make()
        if pipe is not None:
            self._in_use += 1
        return pipe

    def give_back(self, pipe: Pipe, *, empty: bool) -> None:
        """Take one back; what is left in it is thrown away with it."""
        self._in_use -= 1
        if empty and len(self._spare) < SPARE:
            self._spare.append(pipe)
        else:
            pipe.close()
        if not self._in_use:
            self.close()  # at rest nothing is held

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._spare:
            self._spare.pop().close()


def make() -> Pipe | None:
    """Make a pipe, as large as we may."""
    try:
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None  # no descriptors left: others need them more
    with contextlib.suppress(OSError):  # a user's pipes may be large up to a limit
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SIZE)
    return Pipe(reader, writer, fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ))
