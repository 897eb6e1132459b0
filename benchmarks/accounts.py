"""What a proxy costs: CPU seconds and memory of all its processes, the dead ones included.

As root a proxy has a cgroup (version 2) of its own, which counts in microseconds and forgets nobody.  Otherwise its
processes are those of its session (setsid) and below; those that ended are in what their parents have reaped.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

TICK: Final = 1 / os.sysconf("SC_CLK_TCK")


class Account(Protocol):
    """The processes of one proxy."""

    @property
    def gate(self) -> str:
        """The file in which a process writes 0 to become one of them; empty if they are known otherwise."""

    def began(self, process: int) -> None:
        """Be told of the first process."""

    def processes(self) -> list[int]:
        """Give those alive."""

    def cpu(self) -> float:
        """Give the CPU seconds so far."""

    def close(self) -> None:
        """Forget, when no process is left."""


@dataclass(frozen=True, slots=True)
class Memory:
    """In KB: what nobody else has, and with its share of what others have too."""

    private: float
    proportional: float


class Cgroup:
    """A cgroup of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def gate(self) -> str:
        return str(self._folder / "cgroup.procs")

    def began(self, process: int) -> None:
        pass

    def processes(self) -> list[int]:
        return [int(word) for word in (self._folder / "cgroup.procs").read_text().split()]

    def cpu(self) -> float:
        return read_usage((self._folder / "cpu.stat").read_text())

    def close(self) -> None:
        for _ in range(100):
            with contextlib.suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.05)


class Session:
    """The processes of a session, as /proc shows them."""

    def __init__(self) -> None:
        self._first = 0

    @property
    def gate(self) -> str:
        return ""

    def began(self, process: int) -> None:
        self._first = process

    def processes(self) -> list[int]:
        stats = {stat.process: stat for stat in all_stats()}
        return [stat.process for stat in stats.values() if self._is_ours(stat, stats)]

    def cpu(self) -> float:
        ours = set(self.processes())
        return sum(stat.cpu for stat in all_stats() if stat.process in ours)

    def close(self) -> None:
        pass

    def _is_ours(self, stat: "Stat", stats: dict[int, "Stat"]) -> bool:
        if self._first in (stat.process, stat.session):
            return True
        parent = stats.get(stat.parent)
        return parent is not None and self._is_ours(parent, stats)


def open_account(name: str) -> Account:
    """Make a cgroup below our own one, or do without."""
    with contextlib.suppress(OSError, StopIteration):
        mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
        mount = next(words[1] for words in mounts if words[2] == "cgroup2")
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        own = next(line for line in lines if line.startswith("0::")).removeprefix("0::/")
        folder = Path(mount, own, f"perdition-bench-{os.getpid()}-{name}")
        folder.mkdir()
        with contextlib.suppress(OSError, ValueError):
            read_usage((folder / "cpu.stat").read_text())
            return Cgroup(folder)
        folder.rmdir()
    return Session()


# --- what the kernel writes


def read_usage(text: str) -> float:
    """Read CPU seconds from cpu.stat of a cgroup."""
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == "usage_usec":
            return int(value) / 1e6
    raise ValueError("expected usage_usec in cpu.stat")


@dataclass(frozen=True, slots=True)
class Stat:
    """A line of /proc/PID/stat; `cpu` has the children that were reaped."""

    process: int
    parent: int
    session: int
    cpu: float


def read_stat(text: str) -> Stat:
    """Read /proc/PID/stat (proc(5)); the name in it may hold anything."""
    process = int(text.partition(" ")[0])
    words = text.rpartition(")")[2].split()
    return Stat(process, int(words[1]), int(words[3]), sum(int(word) for word in words[11:15]) * TICK)


def all_stats() -> Iterator[Stat]:
    """Read all processes."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                yield read_stat(Path("/proc", name, "stat").read_text(errors="replace"))


def read_busy(text: str) -> float:
    """Read the CPU seconds of the whole machine from /proc/stat: all but idle, I/O wait and what others stole."""
    user, nice, system, _idle, _wait, interrupts, soft_interrupts = (int(word) for word in text.split()[1:8])
    return (user + nice + system + interrupts + soft_interrupts) * TICK


def machine_busy() -> float:
    """Give the CPU seconds that the machine has worked."""
    return read_busy(Path("/proc/stat").read_text())


def process_cpu(process: int) -> float:
    """Give the CPU seconds of one process of one thread."""
    return int(Path("/proc", str(process), "schedstat").read_text().split()[0]) / 1e9


def busiest(began: Mapping[int, float]) -> float:
    """Give the CPU seconds of that process which took most of them since; 0: there is none."""
    return max((process_cpu(process) - before for process, before in began.items()), default=0.0)


def read_memory(text: str) -> Memory:
    """Read /proc/PID/smaps_rollup."""
    sizes = {name: float(rest.split()[0]) for name, _, rest in (line.partition(":") for line in text.splitlines()[1:])}
    return Memory(sizes["Private_Clean"] + sizes["Private_Dirty"], sizes["Pss"])


def memory(processes: Iterable[int]) -> Memory:
    """Sum the memory of processes; those that end meanwhile count nothing."""
    private = proportional = 0.0
    for process in processes:
        with contextlib.suppress(OSError, KeyError):
            one = read_memory(Path("/proc", str(process), "smaps_rollup").read_text())
            private += one.private
            proportional += one.proportional
    return Memory(private, proportional)


def wake_ups(processes: Iterable[int]) -> int:
    """Count how often processes have gone to sleep by themselves: so often they woke up."""
    total = 0
    for process in processes:
        with contextlib.suppress(OSError):
            for line in Path("/proc", str(process), "status").read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    total += int(line.split()[1])
    return total
