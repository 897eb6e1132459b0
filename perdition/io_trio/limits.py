"""When something has lasted too long: the limits of all log-ins and sessions of a worker, in one heap.

A limit that is moved back, as each octet does to a session's, costs nothing: it is looked at when it was due
before.  An entry holds the limit, not whose it is, so that nothing of a log-in outlives it here.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator
from typing import Final, Protocol, TypeAlias

FOREVER: Final = float("inf")
FEW: Final = 64
"""Up to so many entries nobody looks how many of them are of no use any more."""


class Owner(Protocol):
    """Whoever is told."""

    def late(self, now: float) -> None:
        """Take notice that the limit has come."""


class Limit:
    """One limit.

    Attributes:
        at: when it comes, by trio's clock; only `Limits.set` may bring it forward.
        owner: who is told; None: nobody any more.
    """

    __slots__ = ("at", "filed", "owner")

    def __init__(self, owner: Owner) -> None:
        self.owner: Owner | None = owner
        self.at = FOREVER
        self.filed = FOREVER  # when its entry in the heap is due


Entry: TypeAlias = tuple[float, int, Limit]
"""When it is due, a number that no other has, and the limit."""


def is_of_use(entry: Entry) -> bool:
    """Tell whether somebody is to be told by an entry, and by no other one."""
    due, _, limit = entry
    return limit.owner is not None and due == limit.filed


class Limits:
    """All limits.

    Args:
        earlier: called when `first` has come nearer.
    """

    def __init__(self, earlier: Callable[[], None]) -> None:
        self._earlier = earlier
        self._heap: list[Entry] = []
        self._number = itertools.count()
        self._live = 0  # how many limits have an owner

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def first(self) -> float:
        """When to look again."""
        return self._heap[0][0] if self._heap else FOREVER

    def make(self, owner: Owner) -> Limit:
        """Make a limit that never comes until it is set; it must be dropped."""
        self._live += 1
        return Limit(owner)

    def drop(self, limit: Limit) -> None:
        """Forget a limit."""
        limit.owner = None
        self._live -= 1
        self._shed()

    def set(self, limit: Limit, at: float) -> None:
        """Move a limit."""
        limit.at = at
        if at < limit.filed:
            self._file(limit)

    def late(self, now: float) -> Iterator[Owner]:
        """Give the owner of each limit that has come; it never comes again unless it is set."""
        while self._heap and self._heap[0][0] <= now:
            _, _, limit = heapq.heappop(self._heap)
            limit.filed = FOREVER
            self._shed()
            if limit.at > now:
                self.set(limit, limit.at)
                continue
            limit.at = FOREVER
            assert limit.owner is not None  # noqa: S101  # what is of no use is never at the front
            yield limit.owner

    def _shed(self) -> None:
        """Let go of entries of no use at the front: nobody is to wait for them."""
        while self._heap and not is_of_use(self._heap[0]):
            heapq.heappop(self._heap)

    def _file(self, limit: Limit) -> None:
        if len(self._heap) > FEW and len(self._heap) > 2 * self._live:
            self._heap = [entry for entry in self._heap if is_of_use(entry)]
            heapq.heapify(self._heap)
        limit.filed = limit.at
        heapq.heappush(self._heap, (limit.at, next(self._number), limit))
        if self._heap[0][2] is limit:
            self._earlier()
