"""Maps on a server: which connection a lookup gets, and which are kept."""

from collections.abc import Awaitable, Callable

import attrs
import pytest
import trio
import trio.testing

from perdition.maps import Found, Outcome, Query, Unavailable
from perdition.maps._pooled import Connection, PooledMap, ServerTrouble


@attrs.define
class Numbered:
    """A connection that says which one it is.

    Args:
        good_for: how often; then it is found dead.
        mute: whether it says nothing.
    """

    number: int
    good_for: int = 1000
    closed: bool = False
    mute: bool = False

    async def ask(self, query: Query) -> Outcome:
        if self.mute:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        if not self.good_for:
            raise ServerTrouble("gone")
        self.good_for -= 1
        return Found(b"%d" % self.number)

    def close(self) -> None:
        self.closed = True


def connecting(made: list[Numbered], gate: trio.Event | None = None) -> Callable[[str], Awaitable[Connection]]:
    async def connect(host: str) -> Connection:
        made.append(Numbered(len(made)))
        if gate is not None:
            await gate.wait()
        return made[-1]

    return connect


async def test_a_connection_is_kept() -> None:
    made: list[Numbered] = []
    popmap = PooledMap(connecting(made), ["a"])

    assert [await popmap.lookup(Query(b"")) for _ in range(3)] == [Found(b"0")] * 3
    popmap.close()
    assert [connection.closed for connection in made] == [True]


async def test_a_dead_one_is_replaced_once() -> None:
    made: list[Numbered] = []
    popmap = PooledMap(connecting(made), ["a"])
    await popmap.lookup(Query(b""))
    made[0].good_for = 0

    assert await popmap.lookup(Query(b"")) == Found(b"1")
    assert [connection.closed for connection in made] == [True, False]


async def test_one_that_was_being_made_when_all_were_to_be_made_anew_is_not_kept() -> None:
    """It may have been made with a password that is no longer right."""
    made: list[Numbered] = []
    gate = trio.Event()
    heard: list[Outcome] = []
    popmap = PooledMap(connecting(made, gate), ["a"])

    async def one() -> None:
        heard.append(await popmap.lookup(Query(b"")))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one)
        await trio.testing.wait_all_tasks_blocked()
        popmap.reload()
        gate.set()

    assert heard == [Found(b"0")]
    assert [connection.closed for connection in made] == [True]


async def test_a_lookup_that_is_given_up_closes_its_connection() -> None:
    made: list[Numbered] = []
    popmap = PooledMap(connecting(made), ["a"])
    await popmap.lookup(Query(b""))
    with trio.CancelScope() as scope:
        scope.cancel()
        await popmap.lookup(Query(b""))

    assert [connection.closed for connection in made] == [True]


async def test_hosts_are_tried_in_order_and_the_last_ones_reason_is_said() -> None:
    tried: list[str] = []

    async def connect(host: str) -> Connection:
        tried.append(host)
        raise ServerTrouble(f"{host}:\n refused")

    outcome = await PooledMap(connect, ["a", "b"]).lookup(Query(b""))

    assert tried == ["a", "b"]
    assert outcome == Unavailable("b: refused")


async def test_reload_takes_what_was_read_again() -> None:
    first: list[Numbered] = []
    second: list[Numbered] = []
    popmap = PooledMap(connecting(first), ["a"], reread=lambda: connecting(second))
    await popmap.lookup(Query(b""))
    popmap.reload()
    await popmap.lookup(Query(b""))

    assert (len(first), len(second)) == (1, 1)


async def test_a_kept_connection_that_says_nothing_leaves_time_for_a_new_one(autojump_clock: object) -> None:
    made: list[Numbered] = []
    popmap = PooledMap(connecting(made), ["a"])
    await popmap.lookup(Query(b""))
    made[0].mute = True
    began = trio.current_time()
    with trio.fail_after(4):
        outcome = await popmap.lookup(Query(b""))

    assert outcome == Found(b"1")
    assert trio.current_time() - began == 2
    assert [connection.closed for connection in made] == [True, False]


async def test_when_one_is_found_dead_all_that_are_idle_are_closed() -> None:
    made: list[Numbered] = []
    popmap = PooledMap(connecting(made), ["a"])
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(popmap.lookup, Query(b""))
    for connection in made:
        connection.good_for = 0
    outcome = await popmap.lookup(Query(b""))

    assert outcome == Found(b"3")
    assert [connection.closed for connection in made] == [True, True, True, False]


async def test_one_that_was_idle_for_long_is_not_used(autojump_clock: object) -> None:
    made: list[Numbered] = []
    popmap = PooledMap(connecting(made), ["a"])
    await popmap.lookup(Query(b""))
    await trio.sleep(61)

    assert await popmap.lookup(Query(b"")) == Found(b"1")
    assert [connection.closed for connection in made] == [True, False]


@pytest.mark.parametrize("where", ["connect", "ask"])
async def test_a_host_that_says_nothing_costs_its_share_and_once(autojump_clock: object, where: str) -> None:
    """Connecting failed over, but not the question."""
    tried: list[str] = []
    made: list[Numbered] = []

    async def connect(host: str) -> Connection:
        tried.append(host)
        if host == "mute" and where == "connect":
            await trio.sleep_forever()
        made.append(Numbered(1, mute=host == "mute"))
        return made[-1]

    popmap = PooledMap(connect, ["mute", "b", "c"])
    with trio.fail_after(6):
        first = await popmap.lookup(Query(b""))
        took = trio.current_time()
    popmap.reload()  # a connection anew
    second = await popmap.lookup(Query(b""))

    assert first == second == Found(b"1")
    assert took == pytest.approx(2)
    assert trio.current_time() == pytest.approx(2)
    assert tried == ["mute", "b", "b"]
    assert all(connection.closed for connection in made if connection.mute)


async def test_the_reason_names_the_host_that_said_nothing(autojump_clock: object) -> None:
    async def connect(host: str) -> Connection:
        await trio.sleep_forever()
        raise AssertionError

    with trio.fail_after(100):
        outcome = await PooledMap(connect, ["a", "b"]).lookup(Query(b""))

    assert outcome == Unavailable("b: no connection within 10 s")
