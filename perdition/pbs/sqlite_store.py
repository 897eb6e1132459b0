"""The store in a SQLite file, on the trio loop: questions are asked there, at once; writing is done in a thread."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import trio

from perdition.pbs.sqlite_file import SqliteFile

T = TypeVar("T")


class SqliteStore:
    """The store.

    Args:
        path: the file; it is made if it is not there.

    Raises:
        StoreTrouble: it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._writer = SqliteFile(path, writable=True)
        try:
            self._reader = SqliteFile(path, writable=False)
        except BaseException:
            self._writer.close()
            raise
        self._one_thread = trio.CapacityLimiter(1)

    async def put(self, until: Mapping[str, float]) -> None:
        """Keep addresses."""
        await self._in_thread(lambda: self._writer.put(until))

    async def until(self, address: str) -> float | None:
        """Say until when an address is known."""
        return self._reader.until(address, time.time())

    async def remove(self, address: str) -> bool:
        """Forget an address."""
        return await self._in_thread(lambda: self._writer.remove(address))

    async def clear(self) -> int:
        """Forget all."""
        return await self._in_thread(self._writer.clear)

    async def entries(self) -> dict[str, float]:
        """Give all that are known."""
        return await self._in_thread(lambda: self._writer.entries(time.time()))

    async def expire(self) -> None:
        """Let go of those whose time is over."""
        await self._in_thread(lambda: self._writer.expire(time.time()))

    def close(self) -> None:
        """Close it."""
        self._reader.close()
        self._writer.close()

    async def _in_thread(self, do: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(do, limiter=self._one_thread)
