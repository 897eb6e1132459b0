"""The loop: who is called, when, and how often."""

import os
import select
import socket
from collections.abc import AsyncIterator

import attrs
import pytest
import trio

from perdition.io_trio.loop import Loop
from tests.io_trio.talk import PATIENCE


@attrs.define(eq=False)
class Handler:
    """Notes what it is told, and reads if it is told to."""

    sock: socket.socket | None = None
    events: list[int] = attrs.field(factory=list)
    turns: int = 0
    lates: list[float] = attrs.field(factory=list)
    called: trio.Event = attrs.field(factory=trio.Event)

    def ready(self, descriptor: int, events: int, now: float) -> None:
        assert self.sock is None or descriptor == self.sock.fileno()
        self.events.append(events)
        self.called.set()

    def go_on(self, now: float) -> None:
        self.turns += 1
        self.called.set()

    def late(self, now: float) -> None:
        self.lates.append(now)
        self.called.set()

    async def wait(self) -> None:
        with trio.fail_after(PATIENCE):
            await self.called.wait()
        self.called = trio.Event()


@pytest.fixture
async def loop() -> AsyncIterator[Loop]:
    made = Loop()
    async with trio.open_nursery() as nursery:
        await nursery.start(made.run)
        yield made
        nursery.cancel_scope.cancel()
    made.close()


async def test_readiness_is_told_once_and_a_handler_may_take_the_place_of_another(loop: Loop) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        first, second = Handler(ours), Handler(ours)
        loop.register(ours.fileno(), first)
        await first.wait()
        theirs.send(b"x")
        await first.wait()
        loop.register(ours.fileno(), second)
        await trio.testing.wait_all_tasks_blocked(0.01)

        assert [bool(events & select.EPOLLIN) for events in first.events] == [False, True]
        assert second.events == []  # what was told is not told again

        theirs.send(b"y")
        await second.wait()

        assert len(first.events) == 2
        loop.forget(ours.fileno())


async def test_nobody_is_called_for_what_is_forgotten_or_left_open(loop: Loop) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        handler = Handler()
        loop.register(ours.fileno(), handler)
        await handler.wait()
        loop.unregister(ours.fileno())
        theirs.send(b"x")
        await trio.testing.wait_all_tasks_blocked(0.01)

        assert len(handler.events) == 1

        loop.register(ours.fileno(), handler)
        await handler.wait()
        loop.forget(ours.fileno())
        ours.close()
        theirs.close()
        await trio.testing.wait_all_tasks_blocked(0.01)

        assert len(handler.events) == 2


async def test_a_turn_that_is_asked_for_comes_also_when_nothing_is_ready(loop: Loop) -> None:
    handler = Handler()
    await trio.testing.wait_all_tasks_blocked()
    loop.again(handler)
    loop.again(handler)
    await handler.wait()
    await trio.testing.wait_all_tasks_blocked(0.01)

    assert handler.turns == 1  # each once


async def test_who_always_asks_for_a_turn_leaves_others_theirs(loop: Loop) -> None:
    class Greedy(Handler):
        def go_on(self, now: float) -> None:
            super().go_on(now)
            loop.again(self)

    greedy = Greedy()
    loop.again(greedy)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        handler = Handler(ours)
        loop.register(ours.fileno(), handler)
        await handler.wait()
        before = greedy.turns
        for _ in range(10):
            await trio.lowlevel.checkpoint()

        assert greedy.turns > before
        loop.forget(ours.fileno())


async def test_a_socket_that_is_always_ready_leaves_the_tasks_of_trio_their_turn(loop: Loop) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"x")
        handler = Handler(ours)
        loop.register(ours.fileno(), handler, select.EPOLLIN)  # it is told of as long as it is not read
        for _ in range(10):
            await trio.lowlevel.checkpoint()
        loop.unregister(ours.fileno())

    assert len(handler.events) > 0


async def test_limits_come_in_their_time(loop: Loop, autojump_clock: trio.testing.MockClock) -> None:
    begin = trio.current_time()
    early, late, never = Handler(), Handler(), Handler()
    for handler, after in ((late, 20), (early, 10), (never, 15)):
        limit = loop.limits.make(handler)
        loop.limits.set(limit, begin + after)
        if handler is never:
            loop.limits.drop(limit)
    await trio.sleep(30)

    assert early.lates == [begin + 10]
    assert late.lates == [begin + 20]
    assert never.lates == []


async def test_at_rest_nothing_happens(loop: Loop, autojump_clock: trio.testing.MockClock) -> None:
    turns = []

    class Watch(trio.abc.Instrument):
        def before_task_step(self, task: trio.lowlevel.Task) -> None:
            turns.append(task.name)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        handler = Handler(ours)
        loop.register(ours.fileno(), handler)
        await handler.wait()
        await trio.testing.wait_all_tasks_blocked(0.01)
        watch = Watch()
        trio.lowlevel.add_instrument(watch)
        await trio.sleep(10**6)
        trio.lowlevel.remove_instrument(watch)
        loop.forget(ours.fileno())

    assert not any("Loop" in name for name in turns)


async def test_closing_leaves_no_descriptor() -> None:
    before = len(os.listdir("/proc/self/fd"))
    Loop().close()

    assert len(os.listdir("/proc/self/fd")) == before
