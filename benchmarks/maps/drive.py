"""Ask one map as the daemon does, and see what it costs."""

import statistics
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import trio

from benchmarks.maps.sources import Open
from benchmarks.processes import RunError
from perdition.io_trio.lookup import Bounds, Lookup
from perdition.maps import Found, MapError, Query, Runs
from perdition.maps.memory import Lifetimes
from perdition.maps.registry import open_map
from perdition.session.effects import Level

WARM: Final = 0.2
"""Part of a measurement's time that goes before it."""
DAY: Final = 86400.0
FEW: Final = 1000
"""How many users ask again and again where answers are cached."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a measurement gave.

    Attributes:
        kind: of map.
        rows: how many users it has; 0: that means nothing.
        at_once: how many ask at the same time.
        cached: whether the answers come from the cache.
        inline: whether the map answers on the loop.
        per_second: lookups by second of the clock.
        cpu_us: CPU of this process, all threads, by lookup; a server's own is not in it.
        p50_us, p99_us: how long one lookup took.
        failed: why there are no figures.
    """

    kind: str
    rows: int
    at_once: int
    cached: bool
    inline: bool = False
    per_second: float = 0.0
    cpu_us: float = 0.0
    p50_us: float = 0.0
    p99_us: float = 0.0
    remark: str = ""
    failed: str = ""


def measure(source: Open, rows: int, keys: Sequence[bytes], at_once: int, seconds: float, *, cached: bool) -> Sample:
    """Measure one map.

    Raises:
        RunError: it cannot be opened, or does not find a user.
    """
    try:
        popmap = open_map(source.library, source.option)
    except MapError as error:
        raise RunError(str(error)) from None
    if popmap is None:
        raise RunError("expected a map")
    inline = popmap.runs is Runs.INLINE
    lifetimes = Lifetimes(found=DAY) if cached else Lifetimes()
    lookup = Lookup(source.library, popmap, Bounds(timeout=60, lifetimes=lifetimes), ignore)
    run = _Run(lookup, keys[:FEW] if cached else keys, at_once, yields=(inline or cached) and at_once > 1)
    return trio.run(run.sample, source, rows, seconds, cached, inline)


def ignore(level: Level, line: str) -> None:
    """Write no log."""


class _Run:
    """Some tasks that ask, each one lookup after the other.

    Args:
        yields: whether a task lets the others go first after each lookup: one that does not wait never would.
    """

    def __init__(self, lookup: Lookup, keys: Sequence[bytes], at_once: int, *, yields: bool) -> None:
        self._lookup, self._keys, self._at_once, self._yields = lookup, keys, at_once, yields
        self._next = count()
        self._limit = 0.0
        self._times = array("d")
        self._wrong: RunError | None = None

    async def sample(self, source: Open, rows: int, seconds: float, cached: bool, inline: bool) -> Sample:
        """Warm up, measure, close the map."""
        try:
            return await self._sample(source, rows, seconds, cached, inline)
        finally:
            self._lookup.close()

    async def _sample(self, source: Open, rows: int, seconds: float, cached: bool, inline: bool) -> Sample:
        if cached:
            for key in self._keys:
                await self._ask(key)
        await self._for(seconds * WARM)
        self._times = array("d")
        began, cpu = time.perf_counter(), time.process_time()
        await self._for(seconds)
        used, passed = time.process_time() - cpu, time.perf_counter() - began
        done = len(self._times)
        quantiles = statistics.quantiles(self._times, n=100) if done > 1 else [0.0] * 99
        return Sample(
            source.library,
            rows,
            self._at_once,
            cached,
            inline,
            done / passed,
            used / done * 1e6,
            quantiles[49] * 1e6,
            quantiles[98] * 1e6,
            source.remark,
        )

    async def _for(self, seconds: float) -> None:
        self._limit = time.perf_counter() + seconds
        async with trio.open_nursery() as nursery:
            for _ in range(self._at_once):
                nursery.start_soon(self._one)
        if self._wrong is not None:
            raise self._wrong

    async def _one(self) -> None:
        while time.perf_counter() < self._limit:
            key = self._keys[next(self._next) % len(self._keys)]
            began = time.perf_counter()
            try:
                await self._ask(key)
            except RunError as error:
                self._wrong, self._limit = error, 0.0
            self._times.append(time.perf_counter() - began)
            if self._yields:
                await trio.lowlevel.checkpoint()

    async def _ask(self, key: bytes) -> None:
        outcome = await self._lookup(Query(key))
        if not isinstance(outcome, Found):
            raise RunError(f"expected {key.decode()} to be found, not {outcome}")
