"""Where addresses are kept, and until when: one contract for all stores.

Times are seconds since 1970, for several machines and restarts share them.
"""

from collections.abc import Mapping
from typing import Protocol


class StoreTrouble(Exception):
    """The store cannot be used now; the message is one line without secrets."""


class BadStore(Exception):
    """The option makes no sense; the message is the expectation."""


class Store(Protocol):
    """A store, to be used and closed on the trio loop.  Each method may raise StoreTrouble, and none waits for long."""

    async def put(self, until: Mapping[str, float]) -> None:
        """Keep addresses, each until its time; what was known of them before is forgotten."""

    async def until(self, address: str) -> float | None:
        """Say until when an address is known; None: it is not."""

    async def remove(self, address: str) -> bool:
        """Forget an address; tell whether it was known."""

    async def clear(self) -> int:
        """Forget all; give how many there were."""

    async def entries(self) -> dict[str, float]:
        """Give all that are known, with their times."""

    async def expire(self) -> None:
        """Let go of those whose time is over."""

    def close(self) -> None:
        """Close it."""
