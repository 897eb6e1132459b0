"""The postgresql map against a real PostgreSQL."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import trio

from perdition.maps import Absent, Broken, Found, Outcome, Unavailable
from tests.maps.network.postgres import postgres
from tests.maps.network.server import Server
from tests.maps.network.suite import *  # noqa: F403  # the tests that all maps share
from tests.maps.network.suite import MapUnderTest, ask, the_way_to
from tests.ports import free_port

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[Server, int]]:
    with postgres() as running:
        yield running


@pytest.fixture
def under_test(database: tuple[Server, int]) -> MapUnderTest:
    server, port = database
    return MapUnderTest(
        library="/usr/lib/libperditiondb_postgresql.so.0.0.0",
        option=f"127.0.0.1:{port}",
        server=server,
        with_user=False,
        wrong=(
            (f"127.0.0.1:{port}::::canary", "password authentication failed"),
            (f"127.0.0.1:{port}:::nobody:canary", "password authentication failed"),
            (f"127.0.0.1:{port}:no_such_database", "does not exist"),
            (f"127.0.0.1:{port}::no_such_table", "does not exist"),
            (f"127.0.0.1:{port}:::::no_such_column", "does not exist"),
            (f"postgresql://127.0.0.1:{port}/?query=SELECT :key FROM", "syntax"),
            (f"127.0.0.1:{free_port()}", "refused"),
            ("no-such-host.invalid", "no-such-host.invalid"),
            (f"postgresql://127.0.0.1:{port}/?sslmode=require", "SSL"),
        ),
    )


async def test_columns_may_be_expressions(under_test: MapUnderTest) -> None:
    _, port = under_test.option.split(":")
    lookup = the_way_to(
        under_test, f"127.0.0.1:{port}:dbperdition:mailboxes:perdition:perdition:storage_ip:address:143"
    )
    found = await ask(lookup, "joe@example.com")
    lookup.close()

    assert found == Found(b"four.example.com:143")


async def test_hosts_are_tried_in_order(under_test: MapUnderTest) -> None:
    _, port = under_test.option.split(":")
    lookup = the_way_to(under_test, f"127.0.0.2,127.0.0.1,127.0.0.3:{port}")
    found = await ask(lookup, "joe")
    lookup.close()

    assert found == Found(b"one.example.com")


QUERIES: dict[str, Outcome] = {
    "login, storage_ip, 143 FROM mailboxes WHERE address = :key": Found(b"other@three.example.com:143"),
    "storage_ip, 143 FROM mailboxes WHERE address = :key": Found(b"three.example.com:143"),
    "line FROM mailboxes WHERE address = :key::text": Found(b"other@three.example.com:143"),
    "storage_ip FROM mailboxes WHERE address = lower(:key) AND false": Absent(),
    "login, NULL, 143 FROM mailboxes WHERE address = :key": Absent(),
    "login, storage_ip, NULL FROM mailboxes WHERE address = :key": Found(b"other@three.example.com"),
    " FROM odd WHERE name <> :key": Broken("expected a row with one to three columns"),
    "1 FROM no_such_table WHERE x = :key": Unavailable(
        'relation "no_such_table" does not exist LINE 1: SELECT 1 FROM no_such_table WHERE x = $1 ^'
    ),
}


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_of_ones_own(under_test: MapUnderTest, query: str) -> None:
    _, port = under_test.option.split(":")
    secret = "secret:canary%40pa%2Fss%3F%26%25"
    lookup = the_way_to(
        under_test, f"postgresql://{secret}@127.0.0.1:{port}/dbperdition?sslmode=prefer&query=SELECT {query}"
    )
    outcome = await ask(lookup, "mapped")
    lookup.close()

    assert outcome == QUERIES[query]


async def test_a_local_socket(under_test: MapUnderTest) -> None:
    _, port = under_test.option.split(":")
    folder = str(under_test.server.log.parent).replace("/", "%2F")
    lookup = the_way_to(under_test, f"postgresql://{folder}:{port}/")
    outcome = await ask(lookup, "joe")
    lookup.close()

    assert outcome == Found(b"one.example.com")


async def test_the_password_may_stand_in_a_file(under_test: MapUnderTest, tmp_path: Path) -> None:
    _, port = under_test.option.split(":")
    file = tmp_path / "password"
    file.write_text("canary@pa/ss?&%\n")
    lookup = the_way_to(under_test, f"postgresql://secret@127.0.0.1:{port}/?password_file={file}")
    outcome = await ask(lookup, "joe")
    lookup.close()

    assert outcome == Found(b"one.example.com")


@attrs.frozen
class Resolver(trio.abc.HostnameResolver):
    """Knows one name with several addresses."""

    addresses: tuple[str, ...]

    async def getaddrinfo(  # type: ignore[override]  # the names of the arguments do not matter
        self, host: bytes | None, port: bytes | str | int | None, *args: int
    ) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]:
        assert host == b"db.example.com"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in self.addresses]

    async def getnameinfo(self, sockaddr: object, flags: int) -> tuple[str, str]:
        raise NotImplementedError


@pytest.mark.parametrize("mute", [False, True], ids=["refuses", "says nothing"])
async def test_all_addresses_of_a_name_are_tried(under_test: MapUnderTest, mute: bool) -> None:
    """Only the first was."""
    _, port = under_test.option.split(":")
    trio.socket.set_custom_hostname_resolver(Resolver(("127.0.0.5", "127.0.0.1")))
    lookup = the_way_to(under_test, f"db.example.com:{port}", timeout=4)
    with socket.create_server(("127.0.0.5", int(port))) if mute else contextlib.nullcontext():
        found = await ask(lookup, "joe")
    lookup.close()

    assert found == Found(b"one.example.com")


IN_LATIN: dict[str, Outcome] = {
    "joe": Found(b"one.example.com"),
    "jos\u00e9": Found(b"two.example.com"),
    "\u043f\u043e\u0447\u0442\u0430": Absent(),
    "\u20ac\u0142": Absent(),
    "\U0001f600": Absent(),
}


async def test_a_name_that_the_database_cannot_have_is_absent(under_test: MapUnderTest) -> None:
    """The server's words for it are those of an error: the map was unavailable, and down in the log."""
    _, port = under_test.option.split(":")
    lookup = the_way_to(under_test, f"127.0.0.1:{port}:latin")
    heard = {key: await ask(lookup, key) for key in IN_LATIN}
    numbers = the_way_to(under_test, f"127.0.0.1:{port}::numbers")
    numbered = [await ask(numbers, key) for key in ("7", "joe", "99999999999", "")]
    lookup.close()
    numbers.close()

    assert heard == IN_LATIN
    assert numbered == [Found(b"seven.example.com"), Absent(), Absent(), Absent()]


async def test_the_same_error_about_a_row_is_trouble(under_test: MapUnderTest) -> None:
    _, port = under_test.option.split(":")
    query = "SELECT storage_ip::int FROM mailboxes WHERE address = :key"
    lookup = the_way_to(under_test, f"postgresql://127.0.0.1:{port}/?query={query}")
    outcome = await ask(lookup, "joe@example.com")
    lookup.close()

    assert isinstance(outcome, Unavailable)
