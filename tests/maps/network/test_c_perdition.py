"""The same option strings on the same real databases: the C perdition and ours send users to the same places.

Where the C program has a bug, both sides of the difference stand in a table, each with its reason.
"""

import os
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs
import psycopg
import pytest

from tests.maps.network.c_perdition import DEFAULT, RealServers, Route, both
from tests.maps.network.c_rows import NAMES, ROWS, inserts, ldif, rows
from tests.maps.network.mariadb import mariadb
from tests.maps.network.postgres import postgres
from tests.maps.network.server import find
from tests.maps.network.slapd import slapd
from tests.ports import free_port

pytestmark = pytest.mark.interop

# As perditiondb_mysql_makedb and its like make it.
TABLE: Final = """
CREATE TABLE {name} ({user} varchar(128) NOT NULL PRIMARY KEY, servername varchar(255) NOT NULL,
    port varchar(8) DEFAULT NULL);
"""
PADDED: Final = """
CREATE TABLE padded ("user" varchar(128) NOT NULL PRIMARY KEY, servername char(64) NOT NULL,
    port char(8) DEFAULT NULL);
"""
BASE: Final = "ou=routes,dc=example,dc=com"
LONGEST: Final = "l" * 64 + "@" + "d" * 55 + ".example"


@attrs.frozen
class Difference:
    """Where the two differ, and why."""

    c: Route
    ours: Route
    why: str


def let_in(server: str, name: str) -> Route:
    return Route("OK", server, server, name.encode())


def refused(server: str) -> Route:
    return Route("NO", server)


def default(name: str) -> Route:
    return let_in(f"{DEFAULT}:PORT", name)


CUT_OFF: Final = Route()


def injection(name: str, c: str = "127.0.1.1:PORT") -> Difference:
    return Difference(let_in(c, name), default(name), "2.2 puts the name into the SQL as it is")


def not_quoted(name: str, server: str) -> Difference:
    return Difference(
        default(name), let_in(server, name), "2.2 puts the name into the SQL as it is, and takes errors for absent"
    )


BLANK_BEHIND: Final = {
    b"blank.behind": Difference(
        refused("127.0.3.8 :PORT"), let_in("127.0.3.8:PORT", "blank.behind"), "blanks at the end are padding"
    )
}
QUOTES: Final = {
    b"o'brien": not_quoted("o'brien", "127.0.2.3:PORT"),
    b"two''quotes": not_quoted("two''quotes", "127.0.2.4:OTHER"),
}


def check(
    library: str,
    option: str,
    servers: RealServers,
    folder: Path,
    differences: Mapping[bytes, Difference],
    *,
    names: tuple[bytes, ...] = NAMES,
) -> None:
    """Run both; all but the differences agree, and the differences are as they stand."""
    c, ours = both(["-M", f"libperditiondb_{library}.so.0", "-m", option, "-U"], names, servers, folder)
    there = {name: (c[name], ours[name]) for name in names if c[name] != ours[name]}
    known = {name: (difference.c, difference.ours) for name, difference in differences.items()}

    assert {name: routes for name, routes in there.items() if known.get(name) != routes} == {}
    assert set(known) - set(there) == set()
    assert len(names) - len(there) >= 40
    assert sum(DEFAULT not in route.server for route in ours.values()) >= 40  # they are not all strangers


@pytest.fixture(scope="module")
def servers() -> Iterator[RealServers]:
    with RealServers().running() as servers:
        yield servers


# --- mysql


@pytest.fixture(scope="module")
def mysql(servers: RealServers) -> Iterator[int]:
    with mariadb() as (server, port):
        sql = "SET sql_mode='NO_BACKSLASH_ESCAPES'; USE dbPerdition;\n"
        sql += TABLE.format(name="routes", user="user") + inserts("routes", rows(servers.other))
        client = [find("mariadb"), "--no-defaults", f"--socket={server.log.parent}/my.sock", "-uroot"]
        client.append("--default-character-set=utf8mb4")
        subprocess.run(client, input=sql.encode(), check=True, timeout=60)
        yield port


MYSQL: Final = {
    **BLANK_BEHIND,
    b"x" * 1000: Difference(CUT_OFF, default("x" * 1000), "2.2 writes beyond its buffer"),
}


def test_mysql(servers: RealServers, mysql: int, tmp_path: Path) -> None:
    """The table's collation compares without case, accents and trailing blanks; the name stays as it was typed."""
    check("mysql", f"127.0.0.1:{mysql}:dbPerdition:routes", servers, tmp_path, MYSQL)


def test_mysql_with_all_fields_hosts_and_expressions(servers: RealServers, mysql: int, tmp_path: Path) -> None:
    """The riseup way: a number for the port column.  What is long is too much for 2.2's 255 octets of SQL."""
    where = f"127.0.0.2,127.0.0.1:{mysql}:dbPerdition:routes:perdition:perdition"
    server = "concat(servername" + ", ''" * 20 + ")"
    differences = {
        b"blank.behind": Difference(
            refused("127.0.3.8 :OTHER"), let_in("127.0.3.8:OTHER", "blank.behind"), "blanks at the end are padding"
        ),
        LONGEST.encode(): Difference(default(LONGEST), let_in("127.0.2.25:OTHER", LONGEST), "2.2 cuts the SQL"),
        b"x" * 1000: Difference(CUT_OFF, default("x" * 1000), "2.2 writes beyond its buffer"),
    }
    check("mysql", f"{where}:{server}:user:{servers.other}", servers, tmp_path, differences)


def test_a_database_that_is_down(servers: RealServers, tmp_path: Path) -> None:
    """2.2 sends everybody to the default server, where an empty mailbox waits; ours has the client try again."""
    options = ["-M", "libperditiondb_mysql.so.0", "-m", f"127.0.0.1:{free_port()}:dbPerdition:routes"]
    c, ours = both(options, [b"joe", b"ann"], servers, tmp_path)

    assert c == {b"joe": default("joe"), b"ann": default("ann")}
    assert ours == dict.fromkeys((b"joe", b"ann"), refused("(null):PORT"))


# --- postgresql


@pytest.fixture(scope="module")
def postgresql(servers: RealServers) -> Iterator[tuple[int, Path]]:
    with postgres() as (server, port):
        sql = TABLE.format(name="routes", user='"user"') + PADDED
        sql += inserts("routes", rows(servers.other)) + inserts("padded", rows(servers.other))
        with psycopg.connect(
            f"host=127.0.0.1 port={port} user=postgres password=postgres dbname=dbperdition"
        ) as client:
            client.execute(f"{sql} GRANT SELECT ON routes, padded TO perdition;".encode())
        yield port, server.log.parent


POSTGRESQL: Final = {
    **QUOTES,
    b"' OR '1'='1": injection("' OR '1'='1"),
    b"blank.before": Difference(
        default("blank.before"), refused(" 127.0.3.7:PORT"), "2.2 takes what is before the first blank"
    ),
}


@pytest.mark.parametrize("table", ["routes", "padded:perdition:perdition:servername:user:port"])
def test_postgresql(servers: RealServers, postgresql: tuple[int, Path], tmp_path: Path, table: str) -> None:
    check("postgresql", f"127.0.0.1:{postgresql[0]}:dbperdition:{table}", servers, tmp_path, POSTGRESQL)


# --- odbc


@pytest.fixture(scope="module")
def odbc(servers: RealServers, postgresql: tuple[int, Path]) -> Iterator[None]:
    port, folder = postgresql
    with sqlite3.connect(folder / "users.sqlite") as lite:
        lite.executescript(TABLE.format(name="routes", user="user") + inserts("routes", rows(servers.other)))
    lite.close()
    (folder / "odbcinst.ini").write_text("[pg]\nDriver = psqlodbcw.so\n[lite]\nDriver = libsqlite3odbc.so\n")
    sources = f"[lite]\nDriver = lite\nDatabase = {folder}/users.sqlite\n[pg]\nDriver = pg\nServername = 127.0.0.1\n"
    (folder / "odbc.ini").write_text(f"{sources}Port = {port}\nDatabase = dbperdition\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "ODBCSYSINI", str(folder))
        patch.setitem(os.environ, "ODBCINI", f"{folder}/odbc.ini")
        yield


ODBC: Final = {
    **BLANK_BEHIND,
    **QUOTES,
    b"' OR '1'='1": injection("' OR '1'='1"),
    b"' OR user='joe": injection("' OR user='joe"),
    b"' OR user='joe' -- ": injection("' OR user='joe' -- "),
}


def test_odbc(servers: RealServers, odbc: None, tmp_path: Path) -> None:
    where = "localhost:0:lite:routes:perdition:perdition:servername:user:port"
    check("odbc", where, servers, tmp_path, ODBC)


def test_odbc_with_another_driver_and_expressions(servers: RealServers, odbc: None, tmp_path: Path) -> None:
    """With this driver 2.2 takes a port that is NULL from whatever is on its stack: here none is."""
    where = "localhost:0:pg:routes:perdition:perdition:servername:\"user\":coalesce(port,'')"
    names = tuple(row.key.encode() for row in ROWS)
    check("odbc", where, servers, tmp_path, {**BLANK_BEHIND, **QUOTES}, names=names)


# --- ldap


@pytest.fixture(scope="module")
def ldap(servers: RealServers) -> Iterator[int]:
    with slapd() as directory:
        folder = directory.server.log.parent
        directory.server.kill()
        (folder / "routes.ldif").write_text(ldif(rows(servers.other), BASE))
        command = [find("slapadd"), "-q", "-f", str(folder / "slapd.conf"), "-l", str(folder / "routes.ldif")]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        directory.server.start()
        yield directory.port


def user(key: str) -> str:
    """Give the username of an entry."""
    return f"user{[row.key for row in ROWS].index(key)}"


def not_escaped(key: str, server: str) -> Difference:
    return Difference(default(key), let_in(server, user(key)), "2.2 puts the name into the filter or URL as it is")


def matches(name: str, key: str, server: str) -> Difference:
    return Difference(
        let_in(server, user(key)), default(name), "2.2 puts the name into the filter as it is: it is a pattern"
    )


LDAP: Final = {
    b"back\\slash": not_escaped("back\\slash", "127.0.2.6:PORT"),
    b"back\\\\slashes": not_escaped("back\\\\slashes", "127.0.2.7:PORT"),
    b"per%cent": not_escaped("per%cent", "127.0.2.8:PORT"),
    b"percent%s": not_escaped("percent%s", "127.0.2.9:PORT"),
    b"paren(s)": not_escaped("paren(s)", "127.0.2.12:PORT"),
    b"question?": not_escaped("question?", "127.0.2.21:PORT"),
    b"back\\\\slash": matches("back\\\\slash", "back\\slash", "127.0.2.6:PORT"),
    b"jo\\65": matches("jo\\65", "joe", "127.0.1.1:PORT"),
    b"*": Difference(CUT_OFF, default("*"), "the name is a pattern for 2.2, and it crashes when several entries match"),
    b"j*": Difference(CUT_OFF, default("j*"), "the same"),
    b"port.in.server": Difference(
        refused("127.0.3.1:OTHER:PORT"),
        let_in("127.0.3.1:OTHER", user("port.in.server")),
        "2.2 takes mailhost for a name, here it may be server:port",
    ),
    b"user.in.server": Difference(
        refused("boss@127.0.3.2:PORT"), let_in("127.0.3.2:PORT", f"{user('user.in.server')}@boss"), "the same"
    ),
    b"brackets": Difference(refused("[127.0.3.9]:OTHER:PORT"), let_in("127.0.3.9:OTHER", user("brackets")), "the same"),
    b"six.brackets": Difference(refused("[::1]:OTHER"), refused("::1:OTHER"), "the same; nobody listens there"),
    b"blank.behind": Difference(
        refused("127.0.3.8 :PORT"), let_in("127.0.3.8:PORT", user("blank.behind")), "blanks at the end are padding"
    ),
}


def test_ldap(servers: RealServers, ldap: int, tmp_path: Path) -> None:
    url = f"ldap://127.0.0.1:{ldap}/{BASE}?username,mailhost,port?one?(uid=%s)"
    check("ldap", f"3:{url}", servers, tmp_path, LDAP)
