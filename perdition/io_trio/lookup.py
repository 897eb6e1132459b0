"""Asks maps, each where it belongs (on the loop, in a thread, as a coroutine), within bounds and from memory."""

from collections.abc import Hashable, Sequence
from typing import Final, cast

import attrs
import trio

from perdition.io_trio.logs import Log
from perdition.maps import Absent, Broken, Found, Map, MapError, NativeMap, Outcome, Query, Runs, Unavailable
from perdition.maps.memory import Lifetimes, Memory
from perdition.maps.patience import within
from perdition.maps.secret_files import take_notes
from perdition.session.effects import Level

FOREVER: Final = float("inf")
PATIENCE_IN_AN_OUTAGE: Final = 1.0
"""How many seconds a map that did not answer last time is waited for, if an older answer can stand in."""


@attrs.frozen(kw_only=True)
class Bounds:
    """What a lookup may cost.

    Args:
        timeout: perdition option map_timeout, in seconds; 0: the log-in's own deadline alone.
        concurrency: perdition option map_concurrency: how many lookups of one map run at once; the others wait.
        lifetimes: how long answers are good.
    """

    timeout: float = 0
    concurrency: int = 20
    lifetimes: Lifetimes = attrs.field(factory=Lifetimes)


ARGUMENTS: Final = {Found: "octets", Unavailable: "a text", Broken: "a text"}
RETIRED: Final = Unavailable("the listener is no longer there")


class Lookups:
    """The way to all maps of a listener, in their order: what one does not know the next is asked.

    No map at all: every user is absent.  A map that cannot answer ends the search, for what stands behind it
    might be wrong for the user.
    """

    def __init__(self, popmaps: Sequence["Lookup"] = ()) -> None:
        self._popmaps = popmaps
        self._asking = 0
        self._retired = False

    def at_once(self, query: Query) -> Outcome | None:
        """Give the answer that needs no waiting; None: a map has to be waited for."""
        if self._retired:
            return RETIRED
        for popmap in self._popmaps:
            outcome = popmap.at_once(query)
            if not isinstance(outcome, Absent):
                return outcome
        return Absent()

    async def __call__(self, query: Query) -> Outcome:
        """Ask the maps."""
        if self._retired:
            return RETIRED
        self._asking += 1
        try:
            for popmap in self._popmaps:
                outcome = await popmap(query)
                if not isinstance(outcome, Absent):
                    return outcome
            return Absent()
        finally:
            self._asking -= 1
            self._close_if_retired()

    def retire(self) -> None:
        """Let go of the maps when the last lookup under way is over: nobody is to ask any more."""
        self._retired = True
        self._close_if_retired()

    def _close_if_retired(self) -> None:
        if self._retired and not self._asking:
            self.close()

    async def reload(self) -> list[str]:
        """Have every map read its source again and forget its answers (SIGHUP); give a line for each that cannot."""
        return [line for popmap in self._popmaps for line in await popmap.reload()]

    def close(self) -> None:
        """Let go of the maps."""
        for popmap in self._popmaps:
            popmap.close()


class Lookup:
    """The way to one map.

    A map that answers on the loop is asked each time: it is as near as the memory.  For the others an answer
    that is fresh needs no question, and those who ask for the same key at once share one.

    Args:
        name: for the log.
        popmap: the map; this is its only user.
        bounds: what a lookup may cost.
        log: where it is said that the map is unavailable, and that it is back.
    """

    def __init__(self, name: str, popmap: Map | NativeMap, bounds: Bounds, log: Log) -> None:
        self._name = name
        self._map = popmap
        self._log = log
        self._timeout = bounds.timeout or FOREVER
        self._limiter = trio.CapacityLimiter(bounds.concurrency)
        self._stale = bounds.lifetimes.last_known_good
        self._memory = Memory(bounds.lifetimes)
        self._flights: dict[Hashable, _Flight] = {}
        self._down = False

    def at_once(self, query: Query) -> Outcome | None:
        """Give the answer of a map on the loop, or one that is fresh in memory; None: there is none yet."""
        if self._map.runs is Runs.INLINE:
            return self._on_the_loop(query)
        return self._memory.fresh(self._key(query), trio.current_time())

    async def __call__(self, query: Query) -> Outcome:
        """Ask the map; trouble with it, an exception too, is an outcome."""
        outcome = self.at_once(query)
        return await self._shared(self._key(query), query) if outcome is None else outcome

    def _key(self, query: Query) -> Hashable:
        return query if self._map.by_address else (query.key, query.delimiter)

    async def reload(self) -> list[str]:
        """Have the map read its source again, and forget its answers; give the line that says why it cannot."""
        try:
            if self._map.runs is Runs.THREAD:
                await trio.to_thread.run_sync(self._map.reload)
            else:
                self._map.reload()
        except MapError as error:
            return [f"Map {self._name}: {error}"]
        except Exception as error:
            return [f"Map {self._name}: {internal_error(error).why}"]
        self._memory.forget()
        self._flights = {}  # what is under way may come from the old source
        return [f"Map {self._name}: {note}" for note in take_notes()]

    def close(self) -> None:
        """Let go of the map."""
        try:
            self._map.close()
        except Exception as error:
            self._log(Level.ERR, f"Map {self._name}: {internal_error(error).why}")

    async def _shared(self, key: Hashable, query: Query) -> Outcome:
        """Ask, or wait for another who asks the same; if that one gives up, ask after all."""
        while (flight := self._flights.get(key)) is not None:
            await flight.over.wait()
            if flight.outcome is not None:
                return flight.outcome
        flights = self._flights
        flights[key] = flight = _Flight()
        try:
            flight.outcome = await self._asked(key, query)
            return flight.outcome
        finally:
            del flights[key]
            flight.over.set()

    async def _asked(self, key: Hashable, query: Query) -> Outcome:
        now = trio.current_time()
        old = self._memory.last_known_good(key, now)
        patience = min(self._timeout, PATIENCE_IN_AN_OUTAGE) if self._down and old is not None else self._timeout
        outcome: Outcome = Unavailable(f"no answer within {patience:g} s")
        flights = self._flights
        with trio.move_on_after(patience), within(patience):
            outcome = await self._elsewhere(query)
        self._note(outcome)
        if self._flights is flights:  # no reload in between
            self._memory.keep(key, outcome, now)
        return old if isinstance(outcome, Unavailable) and old is not None else outcome

    def _note(self, outcome: Outcome) -> None:
        """Say it once when the map goes down, and once when it is back."""
        if isinstance(outcome, Unavailable) is self._down:
            return
        self._down = not self._down
        if isinstance(outcome, Unavailable):
            stand_in = f"; its answers of the last {self._stale:g} s stand in" if self._stale else ""
            self._log(Level.ERR, f"Map {self._name} is unavailable: {outcome.why}{stand_in}")
        else:
            self._log(Level.NOTICE, f"Map {self._name} is available again")

    def _on_the_loop(self, query: Query) -> Outcome:
        try:
            return sound(cast(Map, self._map).lookup(query))
        except Exception as error:
            return internal_error(error)

    async def _elsewhere(self, query: Query) -> Outcome:
        try:
            if self._map.runs is Runs.NATIVE:
                async with self._limiter:
                    return sound(await cast(NativeMap, self._map).lookup(query))
            answer = await trio.to_thread.run_sync(
                cast(Map, self._map).lookup, query, limiter=self._limiter, abandon_on_cancel=True
            )
            return sound(answer)
        except Exception as error:
            return internal_error(error)


class _Flight:
    """A question under way, and its answer, if it got one."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.outcome: Outcome | None = None


def sound(answer: object) -> Outcome:
    """See that what a third party's map gave is an outcome; it may be anything."""
    match answer:
        case Found(bytes()) | Absent() | Unavailable(str()) | Broken(str()):
            return answer
        case Found() | Unavailable() | Broken():
            wrong = f"an outcome {type(answer).__name__} with something else than {ARGUMENTS[type(answer)]}"
        case _:
            wrong = f"an answer of the type {type(answer).__name__}, which is no outcome"
    return Unavailable(f"internal error of the map: {wrong}")


def internal_error(error: Exception) -> Unavailable:
    """Turn what a third party's map raised into an outcome that does not show the key."""
    return Unavailable(f"internal error of the map: {type(error).__name__}")
