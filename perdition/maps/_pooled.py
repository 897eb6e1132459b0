"""A native map on a server: a pool of connections, one lookup at a time on each."""

import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol, TypeAlias

import trio

from perdition.maps._hosts import SECONDS_TO_CONNECT, Hosts, share, share_of_kept
from perdition.maps._pool import Pool
from perdition.maps.contract import Runs
from perdition.maps.outcome import Outcome, Query, Unavailable


class ServerTrouble(Exception):
    """The server cannot be reached, says nonsense or refuses; the message is one line without secrets."""

    def __init__(self, text: str) -> None:
        super().__init__(" ".join(text.split()) or "the connection is lost")


class Connection(Protocol):
    """One connection to the server."""

    async def ask(self, query: Query) -> Outcome:
        """Look a key up; ServerTrouble or a cancellation: the connection is of no more use."""

    def close(self) -> None:
        """Close it, whatever is under way, and wait for nothing."""


Connect: TypeAlias = Callable[[str], Awaitable[Connection]]


class PooledMap:
    """The map.

    Args:
        connect: connects to a host, or raises ServerTrouble.
        hosts: tried in this order until one answers; each has its share of the time.
        by_address: as in the contract of maps.
        reread: reads again the files that the option names; what it gives takes the place of `connect`.
    """

    runs: Final = Runs.NATIVE

    def __init__(
        self,
        connect: Connect,
        hosts: Sequence[str],
        *,
        by_address: bool = False,
        reread: Callable[[], Connect] | None = None,
    ) -> None:
        self._connect = connect
        self._hosts = Hosts(hosts)
        self.by_address: Final = by_address
        self._reread = reread
        self._pool: Pool[Connection] = Pool(lambda connection: connection.close())

    async def lookup(self, query: Query) -> Outcome:
        """Ask the server.  A connection that was idle may be dead: then a new one is tried, once."""
        kept = self._pool.take(trio.current_time())
        if kept is not None:
            with trio.move_on_after(share_of_kept(_remaining(), len(self._hosts))), suppress(ServerTrouble):
                return await self._over(kept, query, self._pool.generation)
            self._pool.close_idle()  # the server may have been restarted, or the way to it have changed
        return await self._anew(query)

    def reload(self) -> None:
        """Read files again and close what is idle (SIGHUP): the next lookups connect anew.

        Raises:
            MapError: a file cannot be read.
        """
        if self._reread is not None:
            self._connect = self._reread()
        self._pool.renew()

    def close(self) -> None:
        """Close what is idle."""
        self._pool.renew()

    async def _over(self, connection: Connection, query: Query, generation: int) -> Outcome:
        kept = False
        try:
            outcome = await connection.ask(query)
            kept = self._pool.give_back(connection, generation, trio.current_time())
        finally:
            if not kept:
                connection.close()
        return outcome

    async def _anew(self, query: Query) -> Outcome:
        """Ask over a new connection, host by host until one answers."""
        why = ""
        hosts = self._hosts.order(trio.current_time())
        for left, host in zip(range(len(hosts), 0, -1), hosts, strict=True):
            seconds = share(_remaining(), left) if left > 1 else math.inf
            why = f"{host}: no answer within {seconds:.3g} s"
            with trio.move_on_after(seconds):
                try:
                    outcome = await self._at(host, query)
                except ServerTrouble as trouble:
                    why = str(trouble)
                    continue
                self._hosts.answered(host, trio.current_time())
                return outcome
        return Unavailable(why)

    async def _at(self, host: str, query: Query) -> Outcome:
        generation = self._pool.generation  # from before it is made: perhaps with a password that is no longer right
        connection: Connection | None = None
        with trio.move_on_after(SECONDS_TO_CONNECT):
            connection = await self._connect(host)
        if connection is None:
            raise ServerTrouble(f"{host}: no connection within {SECONDS_TO_CONNECT:g} s")
        return await self._over(connection, query, generation)


def _remaining() -> float:
    return trio.current_effective_deadline() - trio.current_time()
