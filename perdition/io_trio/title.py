"""What ps(1) shows of the process: its command line without secrets, and the program's name."""

import contextlib
import ctypes
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from perdition.config import command_line

SECRET: Final = frozenset(("map_library_opt", "further_map"))
"""Options the values of which may hold passwords."""
LONGEST_NAME: Final = 15
"""How many octets of a name the kernel keeps (proc(5), /proc/PID/comm)."""
ARG_START, ARG_END = 47, 48
"""Fields of /proc/PID/stat, counted from 0 (proc(5) counts from 1)."""
HIDDEN: Final = "*"
DASH: Final = "-"
END: Final = "\0"


def hide_secrets(words: Sequence[str]) -> None:
    """Overwrite the values of options that may hold passwords, where the kernel reads the command line.

    Whoever can log in to the machine may read it in /proc/PID/cmdline.

    Args:
        words: the options, as they were given.
    """
    secrets = {str(given.value) for given in command_line.read(words).given if given.name in SECRET}
    hide(secrets - {""})


def name_process(program: str) -> None:
    """Set what `ps -o comm` and killall(1) know the process by."""
    with contextlib.suppress(OSError):  # /proc is not there
        Path("/proc/self/comm").write_bytes(os.fsencode(program)[:LONGEST_NAME])


def hide(secrets: Collection[str]) -> None:
    """Overwrite texts in our own command line; what is not found where it is expected is left alone."""
    if not secrets:
        return
    with contextlib.suppress(OSError, ValueError, IndexError):
        start, area = _arguments()
        hidden = hidden_in(area, [os.fsencode(secret) for secret in secrets])
        if ctypes.string_at(start, len(area)) == area:  # it is our memory and no other
            ctypes.memmove(start, hidden, len(hidden))


def hidden_in(area: bytes, secrets: Collection[bytes]) -> bytes:
    """Put stars over each secret that is a word, or the end of a word that is an option."""
    end, dash, star = END.encode(), DASH.encode(), HIDDEN.encode()
    words = area.split(end)
    for number, word in enumerate(words):
        for secret in sorted(secrets, key=len, reverse=True):
            if word == secret or (word.startswith(dash) and word.endswith(secret)):
                words[number] = word[: len(word) - len(secret)] + star * len(secret)
                break
    return end.join(words)


def _arguments() -> tuple[int, bytes]:
    """Give the place of the command line in our memory, and what it is."""
    stat = Path("/proc/self/stat").read_text(errors="replace")
    fields = stat.rpartition(")")[2].split()
    start, end = (int(fields[field - 2]) for field in (ARG_START, ARG_END))
    area = Path("/proc/self/cmdline").read_bytes()
    if end - start != len(area):
        raise ValueError
    return start, area
