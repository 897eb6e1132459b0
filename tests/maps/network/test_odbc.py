"""The odbc map: unixODBC with its drivers for PostgreSQL and SQLite."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator

import pytest

from perdition.maps import Found, MapError
from perdition.maps.odbc import in_braces
from perdition.maps.registry import open_map
from tests.maps.network.postgres import postgres
from tests.maps.network.server import Server
from tests.maps.network.suite import *  # noqa: F403  # the tests that all maps share
from tests.maps.network.suite import MapUnderTest, ask, expected, the_way_to
from tests.maps.network.users import USERS

pytestmark = pytest.mark.interop

DRIVERS = """
[pg]
Driver = psqlodbcw.so
[lite]
Driver = libsqlite3odbc.so
"""
SOURCES = """
[dbPerdition]
Driver = pg
Servername = 127.0.0.1
Port = {port}
Database = dbperdition
[lite]
Driver = lite
Database = {file}
[users of mine]
Driver = lite
Database = {file}
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("odbc")
    with postgres() as (server, port):
        (folder / "odbcinst.ini").write_text(DRIVERS)
        (folder / "odbc.ini").write_text(SOURCES.format(port=port, file=folder / "users.sqlite"))
        with sqlite3.connect(folder / "users.sqlite") as lite:
            lite.execute("CREATE TABLE tblPerdition (user TEXT PRIMARY KEY, servername TEXT, port INTEGER)")
            lite.executemany(
                "INSERT INTO tblPerdition VALUES (?, ?, ?)", [(user.key, user.server, user.port) for user in USERS]
            )
        lite.close()
        before = {name: os.environ.get(name) for name in ("ODBCSYSINI", "ODBCINI")}
        os.environ["ODBCSYSINI"], os.environ["ODBCINI"] = str(folder), str(folder / "odbc.ini")
        yield server
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


# "user" is a word of PostgreSQL's own, so the option has to quote it, in 2.2 as well.
OPTION = '::dbPerdition:::{password}::"user":'


@pytest.fixture
def under_test(database: Server) -> MapUnderTest:
    return MapUnderTest(
        library="/usr/lib/libperditiondb_odbc.so.0.0.0",
        option=OPTION.format(password=""),
        server=database,
        with_user=False,
        wrong=(
            (OPTION.format(password="canary"), "password authentication failed"),
            ("::no_such_source:::canary:", "Data source name not found"),
            ('::dbPerdition:no_such_table::::"user":', "does not exist"),
            ('::dbPerdition::::no_such_column:"user":', "does not exist"),
        ),
    )


@pytest.mark.parametrize("source", ["lite", "users of mine"])
async def test_another_driver(under_test: MapUnderTest, source: str) -> None:
    """SQLite's, where a port is a number; the name of a source may have blanks."""
    lookup = the_way_to(under_test, f"::{source}")
    heard = {user.key: await ask(lookup, user.key) for user in under_test.stored}
    lookup.close()

    assert heard == {user.key: expected(under_test, user) for user in under_test.stored}


async def test_a_query_of_ones_own(under_test: MapUnderTest) -> None:
    option = "odbc:///lite?query=SELECT 'joe@' || servername FROM tblPerdition WHERE user = :key"
    lookup = the_way_to(under_test, option)
    found = await ask(lookup, "ann")
    lookup.close()

    assert found == Found(b"joe@two.example.com")


@pytest.mark.parametrize("name", ["lite;Database=x", "{lite}", " lite", "lite ", "li\tte"])
def test_a_name_of_a_source_smuggles_nothing_into_the_connection_string(name: str) -> None:
    with pytest.raises(MapError, match="expected the name of a data source as the third field"):
        open_map("odbc", f"::{name}")


@pytest.mark.parametrize(("value", "written"), [("", ""), ("pw", "pw"), ("a;b}c", "{a;b}}c}")])
def test_values_of_a_connection_string(value: str, written: str) -> None:
    assert in_braces(value) == written


def test_nothing_of_python_is_left_to_load_at_the_first_lookup() -> None:
    """By then the daemon has dropped its rights, and a Python in somebody's home is out of its reach."""
    program = "import sys; from perdition.maps.odbc import open_map; open_map('')"
    program += "; print('encodings.utf_16_le' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)

    assert done.stdout == "True\n"
