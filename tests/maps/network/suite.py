"""What every map on a server has to do: the same tests for all kinds.

A test module makes a fixture `under_test` of a MapUnderTest and imports the tests from here.
"""

import itertools
from collections.abc import Callable, Sequence

import attrs
import pytest
import trio

from perdition.io_trio.lookup import Bounds, Lookup
from perdition.maps import Absent, Found, Outcome, Query, Unavailable
from perdition.maps.memory import Lifetimes
from perdition.maps.registry import open_map
from perdition.session.effects import Level
from tests.maps.network.server import Server
from tests.maps.network.users import OCTETS, STRANGERS, USERS, User, value


@attrs.frozen
class MapUnderTest:
    """A kind of map with a server that runs and has the users.

    Args:
        library: perdition option map_library.
        option: perdition option map_library_opt.
        server: may be killed, frozen and started again.
        with_user: whether the map gives user names.
        wrong: options that open but lead to trouble, each with words of the reason that is logged.
        stored: those of USERS that this kind of database can hold.
        strangers: names that must find nobody.
        forget: called after the server was started again, if it loses its data.
    """

    library: str
    option: str
    server: Server
    with_user: bool = True
    wrong: Sequence[tuple[str, str]] = ()
    stored: Sequence[User] = USERS
    strangers: Sequence[str] = STRANGERS
    forget: Callable[[], None] = lambda: None


def the_way_to(under_test: MapUnderTest, option: str = "", *, timeout: float = 20, stale: float = 0) -> Lookup:
    """Open the map as the daemon does."""
    popmap = open_map(under_test.library, option or under_test.option)
    assert popmap is not None
    bounds = Bounds(timeout=timeout, lifetimes=Lifetimes(last_known_good=stale))
    return Lookup(under_test.library, popmap, bounds, ignore)


def ignore(level: Level, line: str) -> None:
    """Write no log."""


async def ask(lookup: Lookup, key: str | bytes) -> Outcome:
    """Look a key up."""
    return await lookup(Query(key.encode() if isinstance(key, str) else key))


def expected(under_test: MapUnderTest, user: User) -> Outcome:
    """Give what the map should answer for a row."""
    return Found(value(user, with_user=under_test.with_user)) if user.server else Absent()


async def test_every_user_is_found_where_he_is(under_test: MapUnderTest) -> None:
    lookup = the_way_to(under_test)
    heard = {user.key: await ask(lookup, user.key) for user in under_test.stored}
    lookup.close()

    assert heard == {user.key: expected(under_test, user) for user in under_test.stored}
    assert len(heard) >= 10


async def test_the_delimiter_stands_between_user_and_server(under_test: MapUnderTest) -> None:
    lookup = the_way_to(under_test)
    [ann] = [user for user in under_test.stored if user.key == "ann"]
    outcome = await lookup(Query(b"ann", delimiter=b"%%"))
    lookup.close()

    assert outcome == Found(value(ann, b"%%", with_user=under_test.with_user))


async def test_strangers_are_absent_whatever_their_names_try(under_test: MapUnderTest) -> None:
    lookup = the_way_to(under_test)
    keys: list[str | bytes] = [*under_test.strangers, *OCTETS]
    heard = {key: await ask(lookup, key) for key in keys}
    lookup.close()

    assert heard == dict.fromkeys(keys, Absent())


async def test_many_at_once_each_get_their_own_answer(under_test: MapUnderTest) -> None:
    lookup = the_way_to(under_test)
    users = list(itertools.islice(itertools.cycle(under_test.stored), 200))
    heard: list[tuple[User, Outcome]] = []

    async def one(user: User) -> None:
        heard.append((user, await ask(lookup, user.key)))

    async with trio.open_nursery() as nursery:
        for user in users:
            nursery.start_soon(one, user)
    lookup.close()

    assert len(heard) == 200
    assert all(outcome == expected(under_test, user) for user, outcome in heard)


async def test_a_server_that_was_started_again_is_found_by_the_next_lookup(under_test: MapUnderTest) -> None:
    lookup = the_way_to(under_test)
    before = await ask(lookup, "joe")
    under_test.server.kill()
    down = await ask(lookup, "joe")
    under_test.server.start()
    under_test.forget()
    after = await ask(lookup, "joe")
    lookup.close()

    assert isinstance(before, Found)
    assert isinstance(down, Unavailable)
    assert down.why
    assert after == before


async def test_a_server_that_hangs_costs_the_time_out_and_no_more(under_test: MapUnderTest) -> None:
    lookup = the_way_to(under_test, timeout=0.5)
    patient = the_way_to(under_test)
    assert isinstance(await ask(patient, "joe"), Found)
    under_test.server.freeze()
    try:
        hung = await ask(lookup, "joe")
    finally:
        under_test.server.thaw()
    later = await ask(patient, "joe")
    lookup.close()
    patient.close()

    assert hung == Unavailable("no answer within 0.5 s")
    assert isinstance(later, Found)


async def test_a_server_that_dies_during_a_lookup_is_unavailable(under_test: MapUnderTest) -> None:
    lookup = the_way_to(under_test)
    outcomes: list[Outcome] = []

    async def one() -> None:
        outcomes.append(await ask(lookup, "joe"))

    under_test.server.freeze()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one)
        await trio.testing.wait_all_tasks_blocked(0.1)
        under_test.server.kill()
    under_test.server.start()
    under_test.forget()
    lookup.close()

    assert len(outcomes) == 1
    assert isinstance(outcomes[0], Unavailable)


async def test_trouble_is_unavailable_and_says_why_without_the_password(under_test: MapUnderTest) -> None:
    assert under_test.wrong
    for option, words in under_test.wrong:
        lookup = the_way_to(under_test, option)
        outcome = await ask(lookup, "joe")
        lookup.close()

        assert isinstance(outcome, Unavailable), option
        assert words in outcome.why, (option, outcome.why)
        assert "canary" not in outcome.why
        assert "\n" not in outcome.why


@pytest.mark.parametrize("reloads", [1, 3])
async def test_reload_connects_anew(under_test: MapUnderTest, reloads: int) -> None:
    lookup = the_way_to(under_test)
    before = await ask(lookup, "joe")
    complaints = [await lookup.reload() for _ in range(reloads)]
    after = await ask(lookup, "joe")
    lookup.close()

    assert complaints == [[]] * reloads
    assert before == after
    assert isinstance(after, Found)
