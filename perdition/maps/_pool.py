"""Connections to a server under a map that nobody uses now, the last used first."""

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

C = TypeVar("C")

IDLE: Final = 20
"""How many connections are kept open between lookups; map_concurrency bounds those in use."""
OLD: Final = 60.0
"""After how many idle seconds a connection is not used any more: firewalls forget those that say nothing."""


class Pool(Generic[C]):
    """Idle connections.  Its methods do not wait; a deque's ends may be used from several threads.

    Taking the last used first lets the others grow old.

    Args:
        close: closes a connection, and waits for nothing.
    """

    def __init__(self, close: Callable[[C], None]) -> None:
        self._close: Final = close
        self._idle: deque[tuple[C, float]] = deque()
        self._generation = 0

    @property
    def generation(self) -> int:
        """Changes when all connections have to be made anew."""
        return self._generation

    def take(self, now: float) -> C | None:
        """Give an idle connection, or None: make one."""
        self._close_old(now)
        try:
            return self._idle.pop()[0]
        except IndexError:
            return None

    def give_back(self, connection: C, generation: int, now: float) -> bool:
        """Keep a connection for the next lookup; False: close it."""
        self._close_old(now)
        if generation != self._generation or len(self._idle) >= IDLE:
            return False
        self._idle.append((connection, now))
        return True

    def close_idle(self) -> None:
        """Close all that are idle: what was found dead is seldom the only one."""
        while True:
            try:
                connection, _ = self._idle.pop()
            except IndexError:
                return
            self._close(connection)

    def renew(self) -> None:
        """Close all that are idle; those in use are not taken back."""
        self._generation += 1
        self.close_idle()

    def _close_old(self, now: float) -> None:
        try:
            while now - self._idle[0][1] > OLD:
                self._close(self._idle.popleft()[0])
        except IndexError:
            return
