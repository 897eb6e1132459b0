"""The users whom every map of the suite knows, and names that must find nobody."""

from typing import Final

import attrs


@attrs.frozen
class User:
    """A row: key, and user, server and port as they are stored; None: nothing is."""

    key: str
    user: str | None
    server: str | None
    port: str | None = None


USERS: Final = (
    User("joe", "joe", "one.example.com"),
    User("ann", "ann", "two.example.com", "1143"),
    User("mapped", "other", "three.example.com", "143"),
    User("joe@example.com", "joe", "four.example.com", "993"),
    User("jos\u00e9", "jos\u00e9", "five.example.com"),
    User("o'brien", "obrien", "six.example.com"),
    User('say "hi"', "hi", "seven.example.com"),
    User("back\\slash", "back", "eight.example.com"),
    User("per%cent", "percent", "nine.example.com"),
    User("under_score", "under", "ten.example.com"),
    User("star*", "star", "eleven.example.com"),
    User("paren(s)", "parens", "twelve.example.com"),
    User("six", "six", "2001:db8::6", "143"),
    User("address", "address", "192.0.2.7", "10143"),
    User("nowhere", "nowhere", ""),
)
"""Those that have a server are found, "nowhere" is absent."""

STRANGERS: Final = (
    "nobody",
    "",
    "jo",
    "joe ",
    "joe@",
    "*",
    "j*",
    "%",
    "j_e",
    "_oe",
    "' OR '1'='1",
    "' OR ''='",
    "nobody' UNION SELECT 'x','evil.example.com','143' -- ",
    "\\' OR 1=1 -- ",
    '" OR ""="',
    "nobody\\",
    "*)(uid=*",
    "joe)(|(uid=*",
    "joe)(uid=*))(|(uid=*",
    "joe\\2a",
    "$1",
    "${jndi:ldap://127.0.0.1/}",
    "joe\nann",
    "joe\r\nGET ann",
    "joe\x7f",
    "x" * 255,
    "x" * 4096,
    "%s%s%n",
    ":key",
    "?",
)
"""Injection: as keys these find nobody, and are an answer, not trouble."""

OCTETS: Final = (b"jos\xe9", b"\xff\xfe", b"joe\0", b"joe\0ann", b"\x80" * 300)
"""Keys that are no UTF-8, or no text at all."""


def value(user: User, delimiter: bytes = b"@", *, with_user: bool) -> bytes:
    """Give the result string that a map has to make of a row."""
    server = f"[{user.server}]" if user.server and ":" in user.server else user.server or ""
    result = f"{server}:{user.port}" if user.port else server
    return (user.user or "").encode() + delimiter + result.encode() if with_user else result.encode()
