"""How far a long command is, for a person who waits: nothing where standard error is no terminal."""

import time
from collections.abc import Iterable, Iterator
from typing import Final, TextIO, TypeVar

T = TypeVar("T")

EVERY: Final = 10_000
SECONDS: Final = 0.2


class Progress:
    """One line that is written over.

    Args:
        out: standard error.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out if out.isatty() else None
        self._shown = False
        self._next = time.monotonic() + SECONDS

    def counted(self, what: str, things: Iterable[T]) -> Iterator[T]:
        """Pass things on, and show how many there were."""
        if self._out is None:
            yield from things
            return
        for count, thing in enumerate(things, 1):
            if count % EVERY == 0 and time.monotonic() >= self._next:
                self.say(f"{what} {count:,}")
                self._next = time.monotonic() + SECONDS
            yield thing

    def say(self, text: str) -> None:
        """Show what is going on."""
        if self._out is not None:
            self._out.write(f"\r\x1b[K{text}")
            self._out.flush()
            self._shown = True

    def end(self) -> None:
        """Clear the line."""
        if self._out is not None and self._shown:
            self._out.write("\r\x1b[K")
            self._out.flush()
        self._shown = False
