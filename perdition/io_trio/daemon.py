"""The daemon: what signals tell the hub, from the start to the end."""

import signal
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

import trio

from perdition.io_trio import signals
from perdition.io_trio.crash import internal_error
from perdition.io_trio.descriptors import room
from perdition.io_trio.hub import Hub
from perdition.io_trio.logs import Log
from perdition.io_trio.set_up import SetUp
from perdition.io_trio.systemd import Notify
from perdition.session.effects import Level

FOREVER: Final = float("inf")
INTERRUPTED: Final = 30.0
"""How many seconds log-ins under way may take after SIGINT, if shutdown_grace does not say."""
BETWEEN_NUMBERS: Final = 30.0
"""How many seconds lie between two looks at how many sessions there are."""


def nothing() -> None:
    """Do nothing."""


class HangUp(Protocol):
    """What SIGHUP does."""

    def reopen_log(self) -> None:
        """Open the log by its name again."""

    async def __call__(self, hub: Hub) -> bool:
        """Read everything again; tell whether that was possible."""


class Daemon:
    """Serves listeners until it is told to stop.

    SIGTERM or SIGQUIT closes the listeners, and sessions run on to their own end, as with perdition 2.2; SIGINT ends
    them as soon as nobody is in the middle of a log-in.  A second signal ends all at once.

    Args:
        set_up: what it serves.
        log: where log lines go.
        reload: what SIGHUP does; None: nothing.
        notify: who wants to hear how we are.
        on_closed: called when the listeners are closed.
        is_worker: the supervisor has said already which signal it was.
    """

    def __init__(
        self,
        set_up: SetUp,
        log: Log,
        reload: HangUp | None = None,
        notify: Notify | None = None,
        on_closed: Callable[[], None] = nothing,
        *,
        is_worker: bool = False,
    ) -> None:
        self._set_up = set_up
        self._log = log
        self._reload = reload
        self._notify = Notify() if notify is None else notify
        self._on_closed = on_closed
        self._is_worker = is_worker
        self._hub = Hub(list(set_up.listeners.values()), log, room())
        self._reloading = trio.Lock()
        self._stopping = False

    @property
    def log_ins(self) -> int:
        """How many connections are before their log-in."""
        return self._hub.log_ins

    @property
    def sessions(self) -> int:
        """How many sessions are behind it."""
        return self._hub.sessions

    @property
    def is_stopping(self) -> bool:
        """Whether nobody new is served."""
        return self._stopping

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until SIGTERM or SIGINT has come and everything is over."""
        try:
            with (
                trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT) as to_end,
                trio.open_signal_receiver(signal.SIGHUP) as hang_ups,
            ):
                signals.release()
                async with trio.open_nursery() as nursery:
                    await nursery.start(self._hub.run)
                    nursery.start_soon(self._hear_hang_ups, hang_ups)
                    if self._notify:
                        nursery.start_soon(self._tell_numbers)
                    self._notify.ready()
                    task_status.started()
                    number = await self._wait_for(to_end)
                    nursery.start_soon(self._end_at_once, to_end, nursery.cancel_scope)
                    await self._wind_up(number)
                    nursery.cancel_scope.cancel()
        finally:
            self._set_up.popmaps.close()

    async def retire(self) -> None:
        """Close the listeners, and wait for the end of all log-ins and sessions: others serve in our place."""
        self._stopping = True
        self._hub.stop_accepting()
        self._on_closed()
        await self._hub.wait_for_sessions()

    async def _wait_for(self, to_end: AsyncIterator[int]) -> int:
        async for number in to_end:
            if not self._is_worker:
                self._log(Level.INFO, f"Exiting on signal {int(number)}")
            return number
        raise AssertionError("signals never end")

    async def _wind_up(self, number: int) -> None:
        """Close the listeners, let log-ins under way finish and sessions run on, for as long as they may."""
        self._stopping = True
        self._notify.stopping()
        async with self._reloading:  # it may be binding sockets
            self._hub.stop_accepting()
        self._on_closed()
        self._hub.stop_idle_log_ins()
        grace = self._set_up.config.common.shutdown_grace
        if number == signal.SIGINT:
            with trio.move_on_after(grace or INTERRUPTED):
                await self._hub.wait_for_log_ins()
        else:
            with trio.move_on_after(grace or FOREVER):
                await self._hub.wait_for_sessions()

    async def _end_at_once(self, to_end: AsyncIterator[int], everything: trio.CancelScope) -> None:
        await self._wait_for(to_end)
        everything.cancel()

    async def _hear_hang_ups(self, hang_ups: AsyncIterator[int]) -> None:
        async for _ in hang_ups:
            if self._reload is None:
                continue
            self._reload.reopen_log()
            if self._stopping:
                continue  # sessions go on as they began
            async with self._reloading:
                self._notify.reloading()
                try:
                    await self._reload(self._hub)
                except Exception:  # a map may be anybody's
                    self._log(Level.ERR, internal_error())
                self._notify.ready()

    async def _tell_numbers(self) -> None:
        while True:
            self._notify.status(f"{self.sessions} sessions, {self.log_ins} log-ins")
            await trio.sleep(BETWEEN_NUMBERS)
