"""Servers that accept and say nothing, and firewalls that have forgotten connections: neither costs the log-in."""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Final

import pytest
import trio

from perdition.io_trio.lookup import Bounds, Lookup
from perdition.maps import Found, Outcome, Query
from perdition.maps.registry import open_map
from tests.maps.network.mariadb import mariadb
from tests.maps.network.nginx import nginx
from tests.maps.network.postgres import postgres
from tests.maps.network.redis import redis
from tests.maps.network.slapd import BASE, slapd

pytestmark = pytest.mark.interop

FORMS: Final[dict[str, Callable[[list[str], int], str]]] = {
    "mysql": lambda hosts, port: f"{','.join(hosts)}:{port}",
    "postgresql": lambda hosts, port: f"{','.join(hosts)}:{port}",
    "redis": lambda hosts, port: f"redis://{','.join(f'{host}:{port}' for host in hosts)}?key=server:{{key}}",
    "ldap": lambda hosts, port: f"ldap://{' '.join(f'{host}:{port}' for host in hosts)}/{BASE}?none,mailhost?one",
    "http": lambda hosts, port: f"http://{','.join(f'{host}:{port}' for host in hosts)}/json?name={{key}}",
}
HERE: Final = "127.0.0.1"
MUTE: Final = "127.0.0.5"


@pytest.fixture(scope="module", params=FORMS)
def place(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """Run a server; give the kind of its map and its port."""
    with contextlib.ExitStack() as stack:
        match request.param:
            case "mysql":
                _, port = stack.enter_context(mariadb())
            case "postgresql":
                _, port = stack.enter_context(postgres())
            case "redis":
                port = stack.enter_context(redis()).port
            case "ldap":
                port = stack.enter_context(slapd()).port
            case _:
                port = stack.enter_context(nginx()).port
        yield request.param, port


def the_way_to(kind: str, hosts: list[str], port: int, timeout: float) -> Lookup:
    popmap = open_map(kind, FORMS[kind](hosts, port))
    assert popmap is not None
    return Lookup(kind, popmap, Bounds(timeout=timeout), lambda level, line: None)


@pytest.fixture
def mute(place: tuple[str, int]) -> Iterator[socket.socket]:
    """Accept connections and say nothing, at the server's port of another address."""
    with socket.create_server((MUTE, place[1]), backlog=100) as listener:
        listener.setblocking(False)
        yield listener


def callers(listener: socket.socket) -> int:
    """Count who has connected."""
    number = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            number += 1
    return number


async def test_a_host_that_says_nothing_is_passed_over_and_then_left_alone(
    place: tuple[str, int], mute: socket.socket
) -> None:
    """Only who did not accept was passed over, and with some kinds of map only after ten seconds."""
    kind, port = place
    lookup = the_way_to(kind, [MUTE, HERE], port, 4)
    began = trio.current_time()
    first = await lookup(Query(b"joe"))
    took = trio.current_time() - began
    outcomes: list[Outcome] = []

    async def one(number: int) -> None:
        outcomes.append(await lookup(Query(b"joe", delimiter=b"%d" % number)))

    async with trio.open_nursery() as nursery:  # more than are kept
        for number in range(10):
            nursery.start_soon(one, number)
    lookup.close()

    assert isinstance(first, Found)
    assert 1 < took < 4
    assert callers(mute) == 1
    assert [type(outcome) for outcome in outcomes] == [Found] * 10


class Firewall:
    """Passes octets on, until it is to forget what it knows."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._day = 0

    def forget(self) -> None:
        self._day += 1

    async def __call__(self, stream: trio.SocketStream) -> None:
        async with await trio.open_tcp_stream(HERE, self._port) as server, trio.open_nursery() as nursery:
            nursery.start_soon(self._pass_on, stream, server, self._day)
            nursery.start_soon(self._pass_on, server, stream, self._day)

    async def _pass_on(self, source: trio.SocketStream, sink: trio.SocketStream, day: int) -> None:
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for octets in source:
                if day == self._day:
                    await sink.send_all(octets)


@contextlib.asynccontextmanager
async def behind(firewall: Firewall) -> AsyncIterator[int]:
    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, firewall, 0, host=HERE))
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def test_connections_that_a_firewall_has_forgotten_cost_one_lookup_some_time_and_no_refusal(
    place: tuple[str, int],
) -> None:
    """Each of those that were kept cost a log-in the whole time-out, and then it was refused."""
    kind, port = place
    firewall = Firewall(port)
    outcomes: list[Outcome] = []
    async with behind(firewall) as port_in_front:
        lookup = the_way_to(kind, [HERE], port_in_front, 4)

        async def one(number: int) -> None:
            outcomes.append(await lookup(Query(b"joe", delimiter=b"%d" % number)))

        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(one, number)
        firewall.forget()
        began = trio.current_time()
        after = [await lookup(Query(b"joe")) for _ in range(5)]
        took = trio.current_time() - began
        lookup.close()

    assert [type(outcome) for outcome in [*outcomes, *after]] == [Found] * 10
    assert 1 < took < 4
