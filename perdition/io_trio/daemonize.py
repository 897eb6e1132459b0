"""Into the background, in such a way that whoever started us hears what came of it."""

import contextlib
import os
from collections.abc import Collection
from typing import Final, NoReturn

from perdition.io_trio import standard

STANDARD: Final = 3
"""How many descriptors everybody has."""
MOST_OCTETS: Final = 65536
WELL: Final = "0"
BADLY: Final = "1"


def close_inherited(keep: Collection[int]) -> None:
    """Close what the starter left open, but for standard descriptors and those to keep.

    A daemon that holds the end of a starter's pipe keeps him waiting for ever.
    """
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor >= STANDARD and descriptor not in keep:
            with contextlib.suppress(OSError):  # the one of the listing is gone
                os.close(descriptor)


class Launcher:
    """The process that was started, waiting for word of the daemon: its exit status, and what goes to its stderr."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        os.register_at_fork(after_in_child=self._close)  # a worker that has it would keep a dead daemon's word waiting

    def ready(self) -> None:
        """Let it end well."""
        self._tell(WELL)

    def failed(self, lines: str) -> None:
        """Let it print lines and end badly."""
        self._tell(BADLY + lines)

    def _tell(self, word: str) -> None:
        with contextlib.suppress(OSError):  # it was killed
            os.write(self._pipe, word.encode(errors="backslashreplace")[:MOST_OCTETS])
        self._close()

    def _close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


def daemonize() -> Launcher:
    """Become a daemon; only the daemon comes back, the process that called ends when it is told to.

    A session of its own and no terminal, by two forks; standard descriptors are /dev/null, the folder is /.
    """
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        _wait(reader)
    os.close(reader)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(STANDARD):
        os.dup2(nothing, descriptor)
    if nothing >= STANDARD:
        os.close(nothing)
    return Launcher(writer)


def _wait(reader: int) -> NoReturn:
    """Wait for the daemon's word; without one it has died."""
    with os.fdopen(reader, encoding="utf-8", errors="replace") as pipe:
        if pipe.read(1) == WELL:
            os._exit(0)
        lines = pipe.read()
    lines = lines or "the daemon ended before it was ready"
    standard.complain(lines.rstrip("\n"))
    os._exit(1)
