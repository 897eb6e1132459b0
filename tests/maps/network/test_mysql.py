"""The mysql map against a real MariaDB."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perdition.maps import Absent, Broken, Found, Outcome, Unavailable
from tests.maps.network.mariadb import mariadb
from tests.maps.network.server import Server
from tests.maps.network.suite import *  # noqa: F403  # the tests that all maps share
from tests.maps.network.suite import MapUnderTest, ask, the_way_to
from tests.ports import free_port

pytestmark = pytest.mark.interop

OLD_NAME = "/usr/lib/libperditiondb_mysql.so.0.0.0"


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[Server, int]]:
    with mariadb() as running:
        yield running


@pytest.fixture
def under_test(database: tuple[Server, int]) -> MapUnderTest:
    server, port = database
    return MapUnderTest(
        library=OLD_NAME,
        option=f"127.0.0.1:{port}",
        server=server,
        with_user=False,
        wrong=(
            (f"127.0.0.1:{port}::::canary", "Access denied"),
            (f"127.0.0.1:{port}:::nobody:canary", "Access denied"),
            (f"127.0.0.1:{port}:no_such_database", "Access denied"),
            (f"127.0.0.1:{port}::no_such_table", "doesn't exist"),
            (f"127.0.0.1:{port}::::: no_such_column", "Unknown column"),
            (f"mysql://127.0.0.1:{port}/?query=SELECT :key FROM", "syntax"),
            (f"127.0.0.1:{free_port()}", "Can't connect"),
        ),
    )


async def test_riseups_columns_may_be_expressions(under_test: MapUnderTest) -> None:
    """`143` where a column should be, as a configuration in the wild has it."""
    _, port = under_test.option.split(":")
    lookup = the_way_to(
        under_test, f"127.0.0.1:{port}:dbPerdition:mailboxes:perdition:perdition:storage_ip:address:143"
    )
    found = await ask(lookup, "joe@example.com")
    with_port = await ask(lookup, "six")
    lookup.close()

    assert found == Found(b"four.example.com:143")
    assert with_port == Found(b"[2001:db8::6]:143")


async def test_hosts_are_tried_in_order(under_test: MapUnderTest) -> None:
    _, port = under_test.option.split(":")
    lookup = the_way_to(under_test, f"127.0.0.2,127.0.0.1,127.0.0.3:{port}")
    found = await ask(lookup, "joe")
    lookup.close()

    assert found == Found(b"one.example.com")


QUERIES = {
    "login, storage_ip, 143 FROM mailboxes WHERE address = :key": Found(b"other@three.example.com:143"),
    "storage_ip, 143 FROM mailboxes WHERE address = :key": Found(b"three.example.com:143"),
    "line FROM mailboxes WHERE address = :key": Found(b"other@three.example.com:143"),
    "concat(login, ':key :keys') FROM mailboxes WHERE address = concat(:key, '')": None,
    "storage_ip FROM mailboxes WHERE address = lower(:key) AND 1 = 0": Absent(),
    "login, NULL, 143 FROM mailboxes WHERE address = :key": Absent(),
    "login, storage_ip, NULL FROM mailboxes WHERE address = :key": Found(b"other@three.example.com"),
    "storage_ip, 'a', 'b', 'c' FROM mailboxes WHERE address = :key": Found(b"three.example.com@a:b"),
    "server FROM odd WHERE name <> :key": Broken("expected texts and numbers in the row, not float"),
    "count(*) FROM no_such_table WHERE x = :key": Unavailable("1146 Table 'dbPerdition.no_such_table' doesn't exist"),
}


@pytest.mark.parametrize("query", [query for query in QUERIES if QUERIES[query]])
async def test_a_query_of_ones_own(under_test: MapUnderTest, query: str) -> None:
    _, port = under_test.option.split(":")
    secret = "secret:canary%40pa%2Fss%3F%26%25"
    option = f"mysql://{secret}@127.0.0.1:{port}/dbPerdition?query=SELECT {query.replace('%', '%25')}"
    lookup = the_way_to(under_test, option)
    outcome = await ask(lookup, "mapped")
    lookup.close()

    assert outcome == QUERIES[query]


async def test_the_password_may_stand_in_a_file_and_columns_in_the_url(
    under_test: MapUnderTest, tmp_path: Path
) -> None:
    _, port = under_test.option.split(":")
    file = tmp_path / "password"
    file.write_text("canary@pa/ss?&%\n")
    option = f"mysql://secret@127.0.0.1:{port}/?password_file={file}&table=mailboxes&server_column=storage_ip"
    lookup = the_way_to(under_test, f"{option}&user_column=address&port_column=''")
    outcome = await ask(lookup, "mapped")
    lookup.close()

    assert outcome == Found(b"three.example.com")


IN_LATIN: dict[str, Outcome] = {
    "joe": Found(b"one.example.com"),
    "jos\u00e9": Found(b"two.example.com"),
    "\u043f\u043e\u0447\u0442\u0430": Absent(),
    "\u20ac\u0142": Absent(),
    "\U0001f600": Absent(),
}


async def test_a_name_that_the_columns_character_set_cannot_have_is_absent(under_test: MapUnderTest) -> None:
    """The server's words for it are those of an error: the map was unavailable, and down in the log."""
    _, port = under_test.option.split(":")
    lookup = the_way_to(under_test, f"127.0.0.1:{port}::latin")
    heard = {key: await ask(lookup, key) for key in IN_LATIN}
    numbers = the_way_to(under_test, f"127.0.0.1:{port}::numbers")
    numbered = [await ask(numbers, key) for key in ("7", "joe", "jos\u00e9")]
    lookup.close()
    numbers.close()

    assert heard == IN_LATIN
    assert numbered == [Found(b"seven.example.com"), Absent(), Absent()]


async def test_the_same_error_about_the_query_is_trouble(under_test: MapUnderTest) -> None:
    _, port = under_test.option.split(":")
    query = "SELECT a FROM mixed WHERE a = b AND a <> :key"
    lookup = the_way_to(under_test, f"mysql://127.0.0.1:{port}/?query={query}")
    outcome = await ask(lookup, "joe")
    lookup.close()

    assert isinstance(outcome, Unavailable)
    assert "collations" in outcome.why
