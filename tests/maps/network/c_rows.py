"""The users whom the C perdition and ours are both asked for, in each kind of database."""

import base64
from collections.abc import Sequence
from typing import Final

import attrs

from tests.maps.network.mariadb import quoted

OTHER: Final = "OTHER"
"""Stands for the port of the other real server."""


@attrs.frozen
class Row:
    """A row: key, server and port as they are stored; None: nothing is."""

    key: str
    server: str
    port: str | None = None


ROWS: Final = (
    # with and without port
    Row("joe", "127.0.1.1"),
    Row("ann", "127.0.1.2", OTHER),
    Row("joe@example.com", "127.0.1.3"),
    Row("ann@example.com", "127.0.1.4", OTHER),
    Row("ann@example.org", "127.0.1.5"),
    Row("a@b@example.com", "127.0.1.6", OTHER),
    Row("Mixed.Case", "127.0.1.7"),
    Row("plus+tag@example.com", "127.0.1.8"),
    Row("123", "127.0.1.9"),
    Row("z", "127.0.1.10", OTHER),
    # octets that mean something to SQL, LDAP, ODBC, IMAP or a shell
    Row("jos\u00e9", "127.0.2.1"),
    Row("\u043f\u043e\u0447\u0442\u0430@example.com", "127.0.2.2", OTHER),
    Row("o'brien", "127.0.2.3"),
    Row("two''quotes", "127.0.2.4", OTHER),
    Row('say "hi"', "127.0.2.5"),
    Row("back\\slash", "127.0.2.6"),
    Row("back\\\\slashes", "127.0.2.7"),
    Row("per%cent", "127.0.2.8"),
    Row("percent%s", "127.0.2.9"),
    Row("under_score", "127.0.2.10"),
    Row("star*", "127.0.2.11"),
    Row("paren(s)", "127.0.2.12"),
    Row("semi;colon", "127.0.2.13"),
    Row("com,ma", "127.0.2.14"),
    Row("equal=s", "127.0.2.15"),
    Row("a colon:b", "127.0.2.16"),
    Row("two words", "127.0.2.17", OTHER),
    Row("-- dash", "127.0.2.18"),
    Row("#hash", "127.0.2.19"),
    Row("dollar$1", "127.0.2.20"),
    Row("question?", "127.0.2.21"),
    Row("{brace}", "127.0.2.22"),
    Row("tab\there", "127.0.2.23"),
    Row("slash/bar|and&", "127.0.2.24"),
    Row("l" * 64 + "@" + "d" * 55 + ".example", "127.0.2.25"),
    # servers and ports out of the ordinary
    Row("nowhere", ""),
    Row("nowhere.but.port", "", OTHER),
    Row("port.in.server", f"127.0.3.1:{OTHER}"),
    Row("user.in.server", "boss@127.0.3.2"),
    Row("name", "localhost"),
    Row("port.is.name", "127.0.3.3", "imap"),
    Row("port.is.nonsense", "127.0.3.4", "x1"),
    Row("port.too.great", "127.0.3.5", "99999"),
    Row("port.empty", "127.0.3.6", ""),
    Row("blank.before", " 127.0.3.7"),
    Row("blank.behind", "127.0.3.8 "),
    Row("brackets", f"[127.0.3.9]:{OTHER}"),
    Row("six.brackets", "[::1]", OTHER),
    Row("six", "::1", OTHER),
    Row("no.such.host", "no-such-host.invalid"),
)

OTHERS: Final = (
    b"nobody",
    b"nobody@example.com",
    b"JOE",
    b"mixed.case",
    b"jo",
    b"joe ",
    b" joe",
    b"joe@",
    b"@example.com",
    b"joe@EXAMPLE.COM",
    b"%",
    b"j%",
    b"_oe",
    b"*",
    b"j*",
    b"jose",
    b"jos\xe9",
    b"\xff\xfe",
    b"obrien",
    b"back\\",
    b"back\\\\slash",
    b"percent%%s",
    b"' OR '1'='1",
    b"' OR user='joe",
    b"' OR user='joe' -- ",
    b"\\' OR user=0x6a6f65 -- ",
    b'" OR ""="',
    b"*)(uid=joe",
    b"joe)(uid=*))(|(uid=*",
    b"jo\\65",
    b"joe\nann",
    b"line\n",
    b"x" * 128,
    b"x" * 250,
    b"x" * 1000,
)
"""Names that are in no row, most of them."""

NAMES: Final = (*(row.key.encode() for row in ROWS), *OTHERS)


def rows(other: int) -> list[Row]:
    """Give the rows for a real server's port."""
    return [
        attrs.evolve(
            row, server=row.server.replace(OTHER, str(other)), port=str(other) if row.port == OTHER else row.port
        )
        for row in ROWS
    ]


def inserts(table: str, stored: Sequence[Row]) -> str:
    """Write the rows as SQL."""
    return "".join(
        f"INSERT INTO {table} VALUES ({quoted(row.key)}, {quoted(row.server)}, {quoted(row.port)});\n" for row in stored
    )


def ldif(stored: Sequence[Row], base: str) -> str:
    """Write the rows as entries of a directory; the user name in each is another one than its key."""
    text = f"dn: {base}\nobjectClass: organizationalUnit\nou: routes\n"
    for number, row in enumerate(stored):
        values = {"uid": row.key, "username": f"user{number}", "mailhost": row.server, "port": row.port or ""}
        text += f"\ndn: uid=r{number},{base}\nobjectClass: perditionPopmap\nuid: r{number}\n"
        text += "".join(
            f"{name}:: {base64.b64encode(value.encode()).decode()}\n" for name, value in values.items() if value
        )
    return text
