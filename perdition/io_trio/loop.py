"""The loop of a worker: all its sockets on one edge-triggered epoll, and plain functions on readiness.

One trio task waits for that epoll and one for the first limit; no socket has a task, a cancel scope or a timer of
its own.  A socket is registered once, for everything, and has a handler, which may change.  Readiness is told once:
who is told of it must take all there is, or ask for another turn.  It may also be told of for nothing (a number is
used again as soon as it is closed), so that a handler tries and is ready to find that it would block.
"""

import os
import select
from collections.abc import Awaitable, Callable
from typing import Final, ParamSpec, Protocol

import trio

from perdition.io_trio.limits import Limits
from perdition.io_trio.readiness import EVENTS

Arguments = ParamSpec("Arguments")

READY_AT_ONCE: Final = 512
ROUNDS: Final = 8
"""How often sockets are asked for before trio's other tasks have their turn."""


class Handler(Protocol):
    """What is called when a socket is ready.  It raises nothing."""

    def ready(self, descriptor: int, events: int, now: float) -> None:
        """Take notice of readiness."""

    def go_on(self, now: float) -> None:
        """Take the turn that was asked for by `Loop.again`."""


class Loop:
    """The sockets of a worker.  `run` must be running."""

    def __init__(self) -> None:
        self.limits = Limits(self._earlier)
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._again: dict[Handler, None] = {}  # whose turn was over before their work was, each once
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)  # is never read: each ring is an edge
        self._epoll.register(self._bell, select.EPOLLIN | select.EPOLLET)
        self._in_turn = False
        self._nursery: trio.Nursery | None = None
        self._waiting = trio.CancelScope()  # for the first limit

    def register(self, descriptor: int, handler: Handler, events: int = EVENTS) -> None:
        """Have a handler called for a descriptor, perhaps in the place of another one."""
        if descriptor not in self._handlers:
            self._epoll.register(descriptor, events)
        self._handlers[descriptor] = handler

    def forget(self, descriptor: int) -> None:
        """Call nobody any more for a descriptor that is closed right now: thereby it leaves the epoll."""
        self._handlers.pop(descriptor, None)

    def unregister(self, descriptor: int) -> None:
        """Call nobody any more for a descriptor that stays open."""
        self._epoll.unregister(descriptor)
        del self._handlers[descriptor]

    def again(self, handler: Handler) -> None:
        """Give a handler another turn, after the others."""
        self._again[handler] = None
        if not self._in_turn:
            os.eventfd_write(self._bell, 1)

    def start(
        self, function: Callable[Arguments, Awaitable[None]], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> None:
        """Run a coroutine in a task of its own, for what cannot be done at once."""
        assert self._nursery is not None  # noqa: S101  # `run` is running
        self._nursery.start_soon(function, *args, **kwargs)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Wait and call handlers, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._watch_limits)
            task_status.started()
            while True:
                if self._again:
                    await trio.lowlevel.checkpoint()
                else:
                    await trio.lowlevel.wait_readable(self._epoll.fileno())
                self._in_turn = True
                try:
                    self._turn()
                finally:
                    self._in_turn = False

    def close(self) -> None:
        """Let go of the epoll; the sockets are their handlers'."""
        self._epoll.close()
        os.close(self._bell)

    def _turn(self) -> None:
        handlers = self._handlers
        for _ in range(ROUNDS):
            now = trio.current_time()
            again, self._again = self._again, {}
            found = self._epoll.poll(0, READY_AT_ONCE)
            for descriptor, events in found:
                handler = handlers.get(descriptor)
                if handler is not None:
                    handler.ready(descriptor, events, now)
            for handler in again:
                handler.go_on(now)
            if not found or self._again:
                return

    def _earlier(self) -> None:
        if self.limits.first < self._waiting.deadline:
            self._waiting.deadline = self.limits.first

    async def _watch_limits(self) -> None:
        while True:
            with trio.CancelScope(deadline=self.limits.first) as self._waiting:
                await trio.sleep_forever()
            now = trio.current_time()
            for owner in self.limits.late(now):
                owner.late(now)
