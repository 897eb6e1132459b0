"""What it costs to build a map of many users, by ours and by the C program's commands."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.maps.rows import write_popmap
from benchmarks.maps.sources import build_command
from benchmarks.processes import RunError

KINDS: Final = ("gdbm", "bdb", "cdb", "sqlite")
THEIRS: Final = {"gdbm": "/usr/bin/makegdbm", "bdb": "/usr/bin/makebdb"}
"""By their paths, for ours have the same names."""

Command: TypeAlias = Callable[[str, Path], list[str]]


@dataclass(frozen=True, slots=True)
class Built:
    """What building one took."""

    kind: str
    by: str
    rows: int
    seconds: float
    cpu: float
    peak_mb: float
    file_mb: float


def builds(folder: Path, count: int) -> Iterator[Built]:
    """Build a map of each kind.

    Raises:
        RunError: a command fails.
    """
    popmap = folder / f"popmap-{count}"
    if not popmap.exists():
        write_popmap(popmap, count)
    for kind in KINDS:
        yield built(kind, "perdition-map build", count, popmap, folder / f"ours.{kind}", build_command)
        if kind in THEIRS and shutil.which(THEIRS[kind]):
            yield built(
                kind, Path(THEIRS[kind]).name + " of 2.2", count, popmap, folder / f"theirs.{kind}", their_command
            )


def their_command(kind: str, file: Path) -> list[str]:
    """Give the C program's command."""
    return [THEIRS[kind], str(file)]


def built(kind: str, by: str, count: int, popmap: Path, file: Path, command: Command) -> Built:
    """Build one, and look at the clocks and at the most memory that it had."""
    words = command(kind, file)
    began, peak = time.perf_counter(), 0
    with popmap.open("rb") as lines:
        process = subprocess.Popen(words, stdin=lines, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done, status, used = os.wait4(process.pid, os.WNOHANG)
    while not done:
        peak = max(peak, high_water(process.pid))  # ru_maxrss would have our own memory in it, from before exec
        time.sleep(0.01)
        done, status, used = os.wait4(process.pid, os.WNOHANG)
    passed = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RunError(f"{words[0]} failed with status {process.returncode}")
    size = file.stat().st_size / 1e6
    file.unlink()
    return Built(kind, by, count, passed, used.ru_utime + used.ru_stime, peak / 1024, size)


def high_water(process: int) -> int:
    """Give the most memory that a process has had so far, in KB; 0 if it is over."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
