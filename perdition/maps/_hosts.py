"""Several servers under one map: which is tried first, and how long."""

import math
from collections.abc import Sequence
from typing import Final

SECONDS_TO_CONNECT: Final = 10.0
SECONDS_OF_NO_END: Final = 30.0
"""How long a host is waited for where nothing bounds the lookup (map_timeout = 0) and there are others."""
SECONDS_AWAY: Final = 60.0
"""For how long hosts that were passed over are left alone; then one lookup begins with them again."""


class Hosts:
    """The hosts of a map in the order of its option; one that was passed over does not cost every lookup its share."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names: Final = tuple(names)
        self._first: str | None = None
        self._until = 0.0

    def __len__(self) -> int:
        return len(self._names)

    def order(self, now: float) -> Sequence[str]:
        """Give the order in which they are to be tried."""
        first = self._first
        if first is None:
            return self._names
        if now >= self._until:
            self._until = now + SECONDS_AWAY  # this lookup sees whether the others are back
            return self._names
        return (first, *(name for name in self._names if name != first))

    def answered(self, host: str, now: float) -> None:
        """Remember who answered: the next lookups begin there."""
        if host == self._names[0]:
            self._first = None
        elif host != self._first:
            self._first, self._until = host, now + SECONDS_AWAY


def share(remaining: float, left: int) -> float:
    """Give the seconds that one of several tries may take, of those that remain for all: one is silent, not all."""
    return SECONDS_OF_NO_END if remaining == math.inf else max(remaining, 0) / left


def share_of_kept(remaining: float, hosts: int) -> float:
    """Give the seconds that a kept connection may take for its answer, so that there is time for a new one."""
    return min(SECONDS_TO_CONNECT, share(remaining, hosts + 1))
