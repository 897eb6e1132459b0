"""From addresses that were seen to the store: in batches, and later if the store cannot be had now."""

import math
import time
from collections.abc import Sequence
from typing import Final

import trio

from perdition.io_trio.logs import Log
from perdition.pbs.addresses import Network, within
from perdition.pbs.store import Store, StoreTrouble
from perdition.session.effects import Level
from perdition.session.log_lines import words

MOST: Final = 100_000
"""How many addresses wait for the store at the most; the oldest make room."""
BETWEEN_TRIALS: Final = 1.0
BETWEEN_CLEARANCES: Final = 60.0
"""How many seconds lie between two removals of what has expired."""


class Recorder:
    """Writes to the store.  `run` must be running.

    Args:
        store: the store.
        lifetime: for how many seconds an address is known.
        ignored: networks the addresses of which are never kept.
        log: where log lines go.
    """

    def __init__(self, store: Store, lifetime: float, ignored: Sequence[Network], log: Log) -> None:
        self._store = store
        self._lifetime = lifetime
        self._ignored = ignored
        self._log = log
        self._waiting: dict[str, float] = {}
        self._lost = 0
        self._news = trio.Event()
        self._down = False

    def seen(self, address: str) -> None:
        """Somebody has logged in from there, now."""
        if within(address, self._ignored):
            return
        self._waiting.pop(address, None)  # so that the oldest stands first
        self._waiting[address] = time.time() + self._lifetime
        if len(self._waiting) > MOST:
            del self._waiting[next(iter(self._waiting))]
            self._lost += 1
        self._news.set()
        self._log(Level.DEBUG, f"Log-in from {address}")

    async def run(self) -> None:
        """Write, for ever."""
        clearance = -math.inf
        while True:
            with trio.move_on_after(BETWEEN_CLEARANCES):
                await self._news.wait()
            if not await self.write():
                await trio.sleep(BETWEEN_TRIALS)
            elif trio.current_time() >= clearance:
                await self._clear_away()
                clearance = trio.current_time() + BETWEEN_CLEARANCES

    async def write(self) -> bool:
        """Write what waits; False: the store cannot be had now, and it waits on."""
        now = time.time()
        batch = {address: until for address, until in self._waiting.items() if until > now}
        self._waiting = {}
        self._news = trio.Event()
        try:
            if batch:
                await self._store.put(batch)
        except BaseException as trouble:
            self._waiting = batch | self._waiting  # what came meanwhile is newer
            self._news.set()
            if not isinstance(trouble, StoreTrouble):
                raise  # we are told to stop: the last trial is still to come
            self._tell(str(trouble))
            return False
        if batch:
            self._tell("")
        return True

    async def _clear_away(self) -> None:
        try:
            await self._store.expire()
        except StoreTrouble as trouble:
            self._tell(str(trouble))

    def _tell(self, trouble: str) -> None:
        """Say it once when the store cannot be had, and once when it can again."""
        if trouble and not self._down:
            self._log(Level.ERR, f"The store cannot be written, addresses wait: {words(trouble)}")
        elif not trouble and self._down:
            lost = f"; {self._lost} addresses were lost" if self._lost else ""
            self._log(Level.NOTICE, f"The store is written again{lost}")
            self._lost = 0
        self._down = bool(trouble)
