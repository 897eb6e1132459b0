"""Runs a map's lookup where it belongs: on the loop, in a thread, or as a coroutine."""

from typing import Final, cast

import trio

from perdition.maps import Absent, Map, NativeMap, Outcome, Query, Runs, Unavailable

THREADS: Final = 20
"""How many lookups of one blocking map may run at once; the others wait, under their log-in's deadline."""


class Lookups:
    """The way to one map; None: there is no map, and every user is absent from it."""

    def __init__(self, popmap: Map | NativeMap | None) -> None:
        self._map = popmap
        self._limiter = trio.CapacityLimiter(THREADS)

    async def __call__(self, query: Query) -> Outcome:
        """Ask the map; an exception of it is an outcome, too."""
        try:
            return await self._ask(query)
        except Exception as error:  # a third party's map must not end a log-in, nor show the key in a traceback
            return Unavailable(f"internal error of the map: {type(error).__name__}")

    async def _ask(self, query: Query) -> Outcome:
        if self._map is None:
            return Absent()
        if self._map.runs is Runs.NATIVE:
            return await cast(NativeMap, self._map).lookup(query)
        plain = cast(Map, self._map)
        if plain.runs is Runs.INLINE:
            return plain.lookup(query)
        return await trio.to_thread.run_sync(plain.lookup, query, limiter=self._limiter, abandon_on_cancel=True)
