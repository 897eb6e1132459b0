"""A map's lookup runs where it belongs, within its bounds, and a bad map is an outcome."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from perdition.io_trio.lookup import PATIENCE_IN_AN_OUTAGE, Bounds, Lookup, Lookups
from perdition.maps import Absent, Broken, Found, Map, MapError, NativeMap, Outcome, Query, Runs, Unavailable
from perdition.maps.memory import Lifetimes
from perdition.session.effects import Level
from tests.io_trio.popmaps import ignore

JOE = Query(b"joe")
Asking = Callable[..., Lookup]


class Plain:
    """A map that says in which thread it ran, or raises."""

    by_address = False

    def __init__(self, runs: Runs, error: Exception | None = None) -> None:
        self.runs = runs
        self.error = error

    def lookup(self, query: Query) -> Outcome:
        if self.error is not None:
            raise self.error
        return Found(threading.current_thread().name.encode())

    def reload(self) -> None: ...

    def close(self) -> None: ...


class Wrong(Plain):
    """A map that answers whatever it was told to."""

    def __init__(self, runs: Runs, answer: Any) -> None:
        super().__init__(runs)
        self.answer = answer

    def lookup(self, query: Query) -> Outcome:
        return self.answer  # type: ignore[no-any-return]  # wrong


class Native:
    """The same, as a coroutine that waits first."""

    runs = Runs.NATIVE
    by_address = False

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def lookup(self, query: Query) -> Outcome:
        await trio.sleep(5)
        if self.error is not None:
            raise self.error
        return Found(query.key)

    def reload(self) -> None: ...

    def close(self) -> None: ...


def the_way_to(popmap: Map | NativeMap, bounds: Bounds | None = None) -> Lookups:
    return Lookups([Lookup("test", popmap, bounds or Bounds(), ignore)])


async def test_without_a_map_everybody_is_absent() -> None:
    assert await Lookups()(JOE) == Absent()


async def test_inline_runs_on_the_loop() -> None:
    assert await the_way_to(Plain(Runs.INLINE))(JOE) == Found(threading.current_thread().name.encode())


async def test_what_blocks_runs_in_another_thread() -> None:
    outcome = await the_way_to(Plain(Runs.THREAD))(JOE)

    assert isinstance(outcome, Found)
    assert outcome != Found(threading.current_thread().name.encode())


async def test_native_waits_on_the_loop(autojump_clock: trio.testing.MockClock) -> None:
    assert await the_way_to(Native())(JOE) == Found(b"joe")


@pytest.mark.parametrize("error", [RuntimeError("joe"), OSError("joe"), KeyError(b"joe")])
@pytest.mark.parametrize("runs", Runs)
async def test_a_map_that_raises_is_unavailable_and_says_nothing_of_the_key(
    autojump_clock: trio.testing.MockClock, runs: Runs, error: Exception
) -> None:
    popmap = Native(error) if runs is Runs.NATIVE else Plain(runs, error)

    assert await the_way_to(popmap)(JOE) == Unavailable(f"internal error of the map: {type(error).__name__}")


NO_OUTCOMES: dict[str, tuple[object, str]] = {
    "octets": (b"canary", "an answer of the type bytes, which is no outcome"),
    "nothing": (None, "an answer of the type NoneType, which is no outcome"),
    "text": (Found("canary"), "an outcome Found with something else than octets"),  # type: ignore[arg-type]  # wrong
    "error": (Broken(OSError("canary")), "an outcome Broken with something else than a text"),  # type: ignore[arg-type]  # wrong
}


@pytest.mark.parametrize("what", NO_OUTCOMES)
@pytest.mark.parametrize("runs", Runs)
async def test_what_is_no_outcome_is_unavailable(asking: Asking, runs: Runs, what: str) -> None:
    answer, wrong = NO_OUTCOMES[what]
    popmap = Answering() if runs is Runs.NATIVE else Wrong(runs, answer)
    if isinstance(popmap, Answering):
        popmap.answers[b"joe"] = answer  # type: ignore[assignment]  # wrong

    assert await asking(popmap)(JOE) == Unavailable(f"internal error of the map: {wrong}")


async def test_a_map_that_hangs_can_be_left_and_others_go_on() -> None:
    """The threads that hang are used up one by one; the deadline of each log-in holds nevertheless."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    class Hanging(Plain):
        def lookup(self, query: Query) -> Outcome:
            if query.key.startswith(b"hang"):
                begun.release()
                go_on.wait(20)
            return Absent()

    lookups = the_way_to(Hanging(Runs.THREAD))
    try:
        with trio.move_on_after(20) as scope:
            async with trio.open_nursery() as nursery:
                for number in range(Bounds().concurrency - 1):
                    nursery.start_soon(lookups, Query(b"hang%d" % number))
                for _ in range(Bounds().concurrency - 1):
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
    lookups = the_way_to(Counting(Runs.THREAD))
    async with trio.open_nursery() as nursery:
        for number in range(3 * Bounds().concurrency):
            nursery.start_soon(lookups, Query(b"%d" % number))
        await trio.testing.wait_all_tasks_blocked()
        gate.set()

    assert 0 < most <= Bounds().concurrency


# --- bounds, memory and several maps


class Answering:
    """A native map that answers from a table after a while, may be taken down, and counts its lookups."""

    runs = Runs.NATIVE

    def __init__(self, seconds: float = 0, *, by_address: bool = False) -> None:
        self.seconds = seconds
        self.by_address = by_address
        self.answers: dict[bytes, Outcome] = {b"joe": Found(b"server")}
        self.asked: list[bytes] = []
        self.at_once = self.most = 0
        self.trouble: Outcome | None = None
        self.closed = False

    async def lookup(self, query: Query) -> Outcome:
        self.asked.append(query.key)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await trio.sleep(self.seconds)
        finally:
            self.at_once -= 1
        return self.trouble or self.answers.get(query.key, Absent())

    def reload(self) -> None:
        if self.trouble is not None:
            raise MapError("expected a database")

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def log() -> list[tuple[Level, str]]:
    return []


@pytest.fixture
def asking(log: list[tuple[Level, str]]) -> Asking:
    def asking(popmap: Map | NativeMap, **bounds: float) -> Lookup:
        kept = Lifetimes(
            found=bounds.pop("found", 0), absent=bounds.pop("absent", 0), last_known_good=bounds.pop("stale", 0)
        )
        concurrency = int(bounds.pop("concurrency", 20))

        def write(level: Level, line: str) -> None:
            log.append((level, line))

        return Lookup("test", popmap, Bounds(concurrency=concurrency, lifetimes=kept, **bounds), write)

    return asking


async def test_a_map_that_does_not_answer_in_time_is_unavailable(
    autojump_clock: trio.testing.MockClock, asking: Asking
) -> None:
    lookup = asking(Answering(31), timeout=30)
    begun = trio.current_time()

    assert await lookup(JOE) == Unavailable("no answer within 30 s")
    assert trio.current_time() - begun == pytest.approx(30)


async def test_without_a_time_out_the_log_in_alone_decides(
    autojump_clock: trio.testing.MockClock, asking: Asking
) -> None:
    assert await asking(Answering(3600))(JOE) == Found(b"server")


async def test_no_more_native_lookups_than_the_limit_run_at_once(
    autojump_clock: trio.testing.MockClock, asking: Asking
) -> None:
    popmap = Answering(1)
    lookup = asking(popmap, concurrency=3)
    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(lookup, Query(b"%d" % number))

    assert len(popmap.asked) == 10
    assert popmap.most == 3


async def test_those_who_ask_the_same_at_once_share_one_lookup(
    autojump_clock: trio.testing.MockClock, asking: Asking
) -> None:
    popmap, outcomes = Answering(1), []
    lookup = asking(popmap)

    async def ask() -> None:
        outcomes.append(await lookup(JOE))

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(ask)

    assert popmap.asked == [b"joe"]
    assert outcomes == [Found(b"server")] * 10

    await ask()  # one who comes later asks anew

    assert popmap.asked == [b"joe"] * 2


async def test_who_asks_first_may_leave_and_the_others_are_answered(
    autojump_clock: trio.testing.MockClock, asking: Asking
) -> None:
    popmap, outcomes = Answering(10), []
    lookup = asking(popmap)

    async def ask(patience: float) -> None:
        with trio.move_on_after(patience):
            outcomes.append(await lookup(JOE))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, 1)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ask, 100)
        nursery.start_soon(ask, 100)

    assert outcomes == [Found(b"server")] * 2
    assert popmap.asked == [b"joe"] * 2
    assert popmap.at_once == 0


async def test_a_map_that_looks_at_addresses_is_asked_for_each_client(
    autojump_clock: trio.testing.MockClock, asking: Asking
) -> None:
    popmap = Answering(1, by_address=True)
    lookup = asking(popmap, found=100)
    async with trio.open_nursery() as nursery:
        for port in (1, 2, 1):
            nursery.start_soon(lookup, Query(b"joe", client=("192.0.2.1", port)))
    await lookup(Query(b"joe", client=("192.0.2.1", 2)))

    assert popmap.asked == [b"joe"] * 2


async def test_an_answer_with_one_delimiter_is_none_with_another(
    autojump_clock: trio.testing.MockClock, asking: Asking
) -> None:
    """Listeners with different options domain_delimiter share a map, and it stands in what the map gives."""
    popmap = Answering(1)
    lookup = asking(popmap, found=100)
    async with trio.open_nursery() as nursery:
        for delimiter in (b"@", b"%", b"@"):
            nursery.start_soon(lookup, Query(b"joe", delimiter))
    await lookup(Query(b"joe", b"%"))

    assert popmap.asked == [b"joe"] * 2


async def test_a_fresh_answer_needs_no_lookup(autojump_clock: trio.testing.MockClock, asking: Asking) -> None:
    popmap = Answering()
    lookup = asking(popmap, found=10, absent=5)
    heard = []
    for _ in range(3):
        heard.append((await lookup(JOE), await lookup(Query(b"ann"))))
        await trio.sleep(6)

    assert heard == [(Found(b"server"), Absent())] * 3
    assert popmap.asked == [b"joe", b"ann", b"ann", b"joe", b"ann"]


async def test_an_inline_map_is_asked_each_time(asking: Asking) -> None:
    lookups = 0

    class Counting(Plain):
        def lookup(self, query: Query) -> Outcome:
            nonlocal lookups
            lookups += 1
            return Absent()

    lookup = asking(Counting(Runs.INLINE), absent=10)
    await lookup(JOE)
    await lookup(JOE)

    assert lookups == 2


async def test_an_older_answer_stands_in_while_the_map_is_down(
    autojump_clock: trio.testing.MockClock, asking: Asking, log: list[tuple[Level, str]]
) -> None:
    popmap = Answering()
    lookup = asking(popmap, stale=60)
    await lookup(JOE)
    popmap.trouble = Unavailable("connection refused")

    assert await lookup(JOE) == Found(b"server")
    assert await lookup(Query(b"ann")) == Unavailable("connection refused")

    popmap.trouble = Broken("no server")  # trouble with a row is none with the map

    assert await lookup(Query(b"ann")) == Broken("no server")

    popmap.trouble = Unavailable("connection refused")
    await trio.sleep(60)

    assert await lookup(JOE) == Unavailable("connection refused")

    popmap.trouble = None

    assert await lookup(JOE) == Found(b"server")
    down = (Level.ERR, "Map test is unavailable: connection refused; its answers of the last 60 s stand in")
    up = (Level.NOTICE, "Map test is available again")
    assert log == [down, up, down, up]


async def test_an_outage_costs_little_time_where_an_older_answer_is_at_hand(
    autojump_clock: trio.testing.MockClock, asking: Asking, log: list[tuple[Level, str]]
) -> None:
    popmap = Answering()
    lookup = asking(popmap, stale=600, timeout=30)
    await lookup(JOE)
    popmap.seconds = 1000
    times = []
    for _ in range(3):
        begun = trio.current_time()
        assert await lookup(JOE) == Found(b"server")
        times.append(trio.current_time() - begun)

    assert times == pytest.approx([30, PATIENCE_IN_AN_OUTAGE, PATIENCE_IN_AN_OUTAGE])
    assert [line for _, line in log] == [
        "Map test is unavailable: no answer within 30 s; its answers of the last 600 s stand in"
    ]


async def test_an_outage_is_logged_once_without_a_memory_too(asking: Asking, log: list[tuple[Level, str]]) -> None:
    popmap = Answering()
    popmap.trouble = Unavailable("down")
    lookup = asking(popmap)

    assert [await lookup(JOE), await lookup(JOE)] == [Unavailable("down")] * 2
    assert log == [(Level.ERR, "Map test is unavailable: down")]


async def test_maps_are_asked_in_order_until_one_knows_or_cannot_say(asking: Asking) -> None:
    first, second = Answering(), Answering()
    second.answers[b"ann"] = Found(b"other")
    lookups = Lookups([asking(first), asking(second)])

    assert await lookups(JOE) == Found(b"server")
    assert await lookups(Query(b"ann")) == Found(b"other")
    assert await lookups(Query(b"eve")) == Absent()
    assert second.asked == [b"ann", b"eve"]

    first.trouble = Unavailable("down")

    assert await lookups(Query(b"ann")) == Unavailable("down")
    assert second.asked == [b"ann", b"eve"]


async def test_reload_forgets_and_says_what_cannot_be_read(asking: Asking) -> None:
    first, second = Answering(), Answering()
    lookups = Lookups([asking(first, found=100), asking(second, found=100)])
    await lookups(JOE)
    first.answers[b"joe"] = Found(b"elsewhere")

    assert await lookups.reload() == []
    assert await lookups(JOE) == Found(b"elsewhere")

    first.trouble = second.trouble = Unavailable("down")

    assert await lookups.reload() == ["Map test: expected a database"] * 2
    assert await lookups(JOE) == Found(b"elsewhere")  # from memory: nothing was forgotten

    lookups.close()

    assert first.closed
    assert second.closed


@pytest.mark.parametrize("runs", [Runs.INLINE, Runs.THREAD])
async def test_a_map_that_raises_in_reload_or_close_is_said_and_harms_nobody(
    asking: Asking, log: list[tuple[Level, str]], runs: Runs
) -> None:
    class Raising(Plain):
        def reload(self) -> None:
            raise OSError("canary")

        def close(self) -> None:
            raise OSError("canary")

    lookups = Lookups([asking(Raising(runs))])

    assert await lookups.reload() == ["Map test: internal error of the map: OSError"]

    lookups.close()

    assert log == [(Level.ERR, "Map test: internal error of the map: OSError")]


async def test_an_answer_that_was_begun_before_a_reload_is_neither_kept_nor_shared(
    autojump_clock: trio.testing.MockClock, asking: Asking
) -> None:
    popmap, outcomes = Answering(10), []
    lookups = Lookups([asking(popmap, found=100)])

    async def ask() -> None:
        outcomes.append(await lookups(JOE))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        await lookups.reload()
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()

        assert popmap.asked == [b"joe"] * 2  # the second and the third share one

    await ask()

    assert outcomes == [Found(b"server")] * 4
    assert popmap.asked == [b"joe"] * 2  # what the second got was kept


async def test_an_answer_that_comes_after_a_reload_is_not_kept(
    autojump_clock: trio.testing.MockClock, asking: Asking
) -> None:
    popmap = Answering(10)
    lookups = Lookups([asking(popmap, found=100)])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lookups, JOE)
        await trio.testing.wait_all_tasks_blocked()
        await lookups.reload()
    await lookups(JOE)

    assert popmap.asked == [b"joe"] * 2


async def test_maps_that_others_replace_are_let_go_of_when_nobody_waits_for_them(
    asking: Asking, autojump_clock: trio.testing.MockClock
) -> None:
    class Closing(Native):
        closed = False

        def close(self) -> None:
            self.closed = True

    busy, idle = Closing(), Answering()
    asked, unasked = Lookups([asking(busy)]), Lookups([asking(idle)])
    outcomes: list[Outcome] = []

    async def ask() -> None:
        outcomes.append(await asked(JOE))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        asked.retire()
        unasked.retire()

        assert not busy.closed
        assert idle.closed

    assert outcomes == [Found(JOE.key)]
    assert busy.closed
    assert await asked(JOE) == Unavailable("the listener is no longer there")


async def test_a_map_that_blocks_reloads_in_a_thread(asking: Asking) -> None:
    threads = []

    class Reloading(Plain):
        def reload(self) -> None:
            threads.append(threading.current_thread())

    await asking(Reloading(Runs.THREAD)).reload()
    await asking(Reloading(Runs.INLINE)).reload()

    assert threads[0] is not threading.current_thread()
    assert threads[1] is threading.current_thread()
