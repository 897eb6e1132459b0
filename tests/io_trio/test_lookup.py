"""A map's lookup runs where it belongs, and a bad map is an outcome."""

import threading

import pytest
import trio

from perdition.io_trio.lookup import THREADS, Lookups
from perdition.maps import Absent, Found, Outcome, Query, Runs, Unavailable

JOE = Query(b"joe")


class Plain:
    """A map that says in which thread it ran, or raises."""

    def __init__(self, runs: Runs, error: Exception | None = None) -> None:
        self.runs = runs
        self.error = error

    def lookup(self, query: Query) -> Outcome:
        if self.error is not None:
            raise self.error
        return Found(threading.current_thread().name.encode())

    def reload(self) -> None: ...

    def close(self) -> None: ...


class Native:
    """The same, as a coroutine that waits first."""

    runs = Runs.NATIVE

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def lookup(self, query: Query) -> Outcome:
        await trio.sleep(5)
        if self.error is not None:
            raise self.error
        return Found(query.key)

    def reload(self) -> None: ...

    def close(self) -> None: ...


async def test_without_a_map_everybody_is_absent() -> None:
    assert await Lookups(None)(JOE) == Absent()


async def test_inline_runs_on_the_loop() -> None:
    assert await Lookups(Plain(Runs.INLINE))(JOE) == Found(threading.current_thread().name.encode())


async def test_what_blocks_runs_in_another_thread() -> None:
    outcome = await Lookups(Plain(Runs.THREAD))(JOE)

    assert isinstance(outcome, Found)
    assert outcome != Found(threading.current_thread().name.encode())


async def test_native_waits_on_the_loop(autojump_clock: trio.testing.MockClock) -> None:
    assert await Lookups(Native())(JOE) == Found(b"joe")


@pytest.mark.parametrize("error", [RuntimeError("joe"), OSError("joe"), KeyError(b"joe")])
@pytest.mark.parametrize("runs", Runs)
async def test_a_map_that_raises_is_unavailable_and_says_nothing_of_the_key(
    autojump_clock: trio.testing.MockClock, runs: Runs, error: Exception
) -> None:
    popmap = Native(error) if runs is Runs.NATIVE else Plain(runs, error)

    assert await Lookups(popmap)(JOE) == Unavailable(f"internal error of the map: {type(error).__name__}")


async def test_a_map_that_hangs_can_be_left_and_others_go_on() -> None:
    """The threads that hang are used up one by one; the deadline of each log-in holds nevertheless."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    class Hanging(Plain):
        def lookup(self, query: Query) -> Outcome:
            if query.key == b"hang":
                begun.release()
                go_on.wait(20)
            return Absent()

    lookups = Lookups(Hanging(Runs.THREAD))
    try:
        with trio.move_on_after(20) as scope:
            async with trio.open_nursery() as nursery:
                for _ in range(THREADS - 1):
                    nursery.start_soon(lookups, Query(b"hang"))
                for _ in range(THREADS - 1):
                    await trio.to_thread.run_sync(begun.acquire)
                beside = await lookups(JOE)  # one thread is left
                nursery.cancel_scope.cancel()
    finally:
        go_on.set()

    assert beside == Absent()
    assert not scope.cancelled_caught


async def test_no_more_threads_than_the_limit_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()

    class Counting(Plain):
        def lookup(self, query: Query) -> Outcome:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            gate.wait(20)
            with lock:
                running -= 1
            return Absent()

    gate = threading.Event()
    lookups = Lookups(Counting(Runs.THREAD))
    async with trio.open_nursery() as nursery:
        for _ in range(3 * THREADS):
            nursery.start_soon(lookups, JOE)
        await trio.testing.wait_all_tasks_blocked()
        gate.set()

    assert 0 < most <= THREADS
