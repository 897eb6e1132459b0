"""Standard input, output and error: each of them may be closed, or have no room."""

import contextlib
import os
import sys
from typing import Final

INPUT, OUTPUT, ERRORS = range(3)
ANYTHING: Final = "surrogateescape"


class CannotWrite(Exception):
    """Standard output takes nothing; the text says why."""


def open_closed() -> None:
    """Put /dev/null where a descriptor is closed: a socket in its place would have what is meant for people.

    It is for reading only where something asked for may be written: that is to fail, and not to be lost.
    """
    for descriptor, flags in ((INPUT, os.O_RDONLY), (OUTPUT, os.O_RDONLY), (ERRORS, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # has the lowest number that is free: this one
            os.set_inheritable(descriptor, True)
    if sys.stdout is None:
        sys.stdout = os.fdopen(OUTPUT, "w", encoding="utf-8", errors=ANYTHING, closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(ERRORS, "w", encoding="utf-8", errors=ANYTHING, closefd=False)


def write(text: str) -> None:
    """Write what somebody asked for to standard output.

    Raises:
        CannotWrite: it has not got there.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", ANYTHING))
        sys.stdout.flush()
    except OSError as error:
        _silence(OUTPUT)
        raise CannotWrite(f"standard output: {error.strerror}") from None


def complain(line: str) -> None:
    """Write a line to standard error, if it takes one: there is nowhere to say that it does not."""
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except OSError:
        _silence(ERRORS)


def _silence(descriptor: int) -> None:
    """Let Python, which tries again at its end, be rid of what is left."""
    with contextlib.suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, descriptor)
        os.close(nothing)
