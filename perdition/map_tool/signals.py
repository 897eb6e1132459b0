"""SIGTERM and SIGHUP while a map is written: the command ends as it does at an error, and leaves no files."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Final, NoReturn

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def clean_ends() -> Iterator[None]:
    """Have them raise SystemExit with the shell's status; one that is ignored (nohup) stays ignored."""
    taken = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
