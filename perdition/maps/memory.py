"""What a map answered lately, bounded in number and time.  Pure: the caller has the clock."""

from collections.abc import Hashable
from typing import Final

import attrs

from perdition.maps.outcome import Absent, Found, Outcome


@attrs.frozen(kw_only=True)
class Lifetimes:
    """How long an answer is good, in seconds; 0: it is not kept for that.

    Args:
        found: perdition option map_cache_lifetime.
        absent: perdition option map_negative_lifetime.
        last_known_good: perdition option map_stale_lifetime: how old a Found may be that stands in while
            the map is unavailable.
        size: perdition option map_cache_size: how many answers are kept; the longest unused goes first.
    """

    found: float = 0
    absent: float = 0
    last_known_good: float = 0
    size: int = 100_000


@attrs.frozen
class _Entry:
    outcome: Found | Absent
    since: float


class Memory:
    """The answers, the most recently used last."""

    def __init__(self, lifetimes: Lifetimes) -> None:
        self._lifetimes: Final = lifetimes
        self._entries: dict[Hashable, _Entry] = {}
        self._keeps: Final = {
            Found: max(lifetimes.found, lifetimes.last_known_good),
            Absent: lifetimes.absent,
        }

    def __len__(self) -> int:
        return len(self._entries)

    def fresh(self, key: Hashable, now: float) -> Found | Absent | None:
        """Give an answer that needs no question; None: ask the map."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        lifetime = self._lifetimes.found if isinstance(entry.outcome, Found) else self._lifetimes.absent
        if now - entry.since >= lifetime:
            return None
        self._entries[key] = self._entries.pop(key)
        return entry.outcome

    def last_known_good(self, key: Hashable, now: float) -> Found | None:
        """Give what stands in while the map is unavailable.  That a user was absent is no help: he may be new."""
        entry = self._entries.get(key)
        if entry is None or not isinstance(entry.outcome, Found):
            return None
        return entry.outcome if now - entry.since < self._lifetimes.last_known_good else None

    def keep(self, key: Hashable, outcome: Outcome, now: float) -> None:
        """Remember an answer of the map, if answers of its kind are kept.  Trouble is not."""
        if not isinstance(outcome, Found | Absent):
            return
        self._entries.pop(key, None)
        if self._keeps[type(outcome)] <= 0 or self._lifetimes.size <= 0:
            return
        self._entries[key] = _Entry(outcome, now)
        if len(self._entries) > self._lifetimes.size:
            del self._entries[next(iter(self._entries))]

    def forget(self) -> None:
        """Drop everything (SIGHUP)."""
        self._entries.clear()
