"""From a row of an SQL map to an outcome, and from a key to a text that the database can compare."""

import ipaddress
from collections.abc import Sequence

from perdition.maps.outcome import Absent, Broken, Found, Outcome, Query


def key_of(query: Query) -> str | None:
    """Give the key as text; None if no text of a database equals it: it is not UTF-8, or has a NUL."""
    try:
        key = query.key.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in key else key


def outcome_of(row: Sequence[object] | None, delimiter: bytes) -> Outcome:
    """Read the first row.

    Args:
        row: one column: `[user<delimiter>]server[:port]`.  Two: server and port.  Three or more: user, server, port.
        delimiter: what comes between user and server in the outcome (perdition option domain_delimiter).
    """
    if row is None:
        return Absent()
    try:
        user, server, port = _fields([_octets(field) for field in row[:3]])
    except TypeError as error:
        return Broken(str(error))
    if not server:
        return Absent()  # as in perdition 2.2: the default server's users may have a row
    if len(row) > 1 and _is_ipv6(server):
        server = b"[%b]" % server
    value = server + b":" + port if port else server
    return Found(user + delimiter + value if user else value)


def _fields(row: Sequence[bytes]) -> tuple[bytes, bytes, bytes]:
    match row:
        case [server]:
            return b"", server, b""
        case [server, port]:
            return b"", server, port
        case [user, server, port]:
            return user, server, port
    raise TypeError("expected a row with one to three columns")


def _octets(field: object) -> bytes:
    # Blanks at the end are the padding of a CHAR column.
    match field:
        case None:
            return b""
        case bytes() | bytearray() | memoryview():
            return bytes(field).rstrip(b" ")
        case str():
            return field.rstrip(" ").encode("utf-8", "surrogateescape")
        case int():
            return str(field).encode("ascii")
    raise TypeError(f"expected texts and numbers in the row, not {type(field).__name__}")


def _is_ipv6(server: bytes) -> bool:
    try:
        ipaddress.IPv6Address(server.decode("ascii"))
    except ValueError:
        return False
    return True
