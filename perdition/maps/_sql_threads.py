"""A map on a blocking DB-API driver: one connection a lookup, kept between lookups."""

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from perdition.maps._hosts import Hosts, share, share_of_kept
from perdition.maps._pool import Pool
from perdition.maps._sql_row import key_of, outcome_of
from perdition.maps.contract import Runs
from perdition.maps.outcome import Absent, Outcome, Query, Unavailable
from perdition.maps.patience import remaining, within


class Connection(Protocol):
    """What is needed of a connection of the DB-API (PEP 249)."""

    def cursor(self) -> Any:
        """Give a cursor."""

    def close(self) -> None:
        """Close it."""


Ask = Callable[[Any, str], Sequence[object] | None]


class SqlThreads:
    """The map; its lookups block and run in threads.

    Args:
        connect: makes a connection to a host.
        hosts: tried in order until one answers; each has its share of the time (`patience.remaining`).
        ask: sends the SQL for a key and gives the first row.
        errors: what the driver raises.
    """

    runs: Final = Runs.THREAD
    by_address: Final = False

    def __init__(
        self,
        connect: Callable[[str], Connection],
        hosts: Sequence[str],
        ask: Ask,
        errors: tuple[type[Exception], ...],
    ) -> None:
        self._connect = connect
        self._hosts = Hosts(hosts)
        self._ask = ask
        self._errors = errors
        self._pool: Pool[Connection] = Pool(self._quietly_close)

    def lookup(self, query: Query) -> Outcome:
        """Ask the database.  A connection that was idle may be dead: then a new one is tried, once."""
        key = key_of(query)
        if key is None:
            return Absent()
        kept = self._pool.take(time.monotonic())
        if kept is not None:
            generation = self._pool.generation
            with within(share_of_kept(remaining(), len(self._hosts))), contextlib.suppress(*self._errors):
                return self._over(kept, key, query, generation)
            self._pool.close_idle()  # the database may have been restarted, or the way to it have changed
        return self._anew(key, query)

    def reload(self) -> None:
        """Close what is idle (SIGHUP): the next lookups connect anew."""
        self._pool.renew()

    def close(self) -> None:
        """Close what is idle."""
        self._pool.renew()

    def _over(self, connection: Connection, key: str, query: Query, generation: int) -> Outcome:
        kept = False
        try:
            row = self._ask(connection, key)
            kept = self._pool.give_back(connection, generation, time.monotonic())
        finally:
            if not kept:
                self._quietly_close(connection)
        return outcome_of(row, query.delimiter)

    def _anew(self, key: str, query: Query) -> Outcome:
        """Ask over a new connection, host by host until one answers."""
        why = ""
        hosts = self._hosts.order(time.monotonic())
        for left, host in zip(range(len(hosts), 0, -1), hosts, strict=True):
            generation = self._pool.generation  # from before it is made
            with within(share(remaining(), left)):
                try:
                    outcome = self._over(self._connect(host), key, query, generation)
                except self._errors as error:
                    why = reason(error)
                    continue
            self._hosts.answered(host, time.monotonic())
            return outcome
        return Unavailable(why)

    def _quietly_close(self, connection: Connection) -> None:
        with contextlib.suppress(*self._errors):  # it may be dead
            connection.close()


def reason(error: Exception) -> str:
    """Say in one line what the driver says."""
    return " ".join(" ".join(str(part) for part in error.args).split()) or type(error).__name__
