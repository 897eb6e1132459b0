"""The log lines that the C program's log watchers read, to the letter (perdition 2.2).

Names come from clients, and a map may make a server of a name: whatever is not plain ASCII, and every quote, is
escaped, so that nobody can forge a line or a field.
"""

import re
from collections.abc import Iterator
from typing import Final

from perdition.protocol.sasl import Credentials
from perdition.session.endpoints import Endpoints

TO_ESCAPE: Final = re.compile(rb"[^ !#-\[\]-~]")
TO_C_ESCAPE: Final = re.compile(rb"[^ !#-&(-\[\]-~]")
C_ESCAPES: Final = {
    b"\a": b"\\a",
    b"\b": b"\\b",
    b"\t": b"\\t",
    b"\n": b"\\n",
    b"\v": b"\\v",
    b"\f": b"\\f",
    b"\r": b"\\r",
    b'"': b'\\"',
    b"'": b"\\'",
    b"\\": b"\\\\",
}
LONGEST_PASSING: Final = 900
"""How many octets a line shows of what passes: four characters each still fit a line of the log."""
LONGEST_NAME: Final = 512
"""How many octets of a name a line shows."""


def escape(octets: bytes) -> str:
    """Write octets with `\\"`, `\\\\` and `\\ooo` for what is not printable ASCII."""

    def replacement(found: re.Match[bytes]) -> bytes:
        octet = found[0]
        return b"\\" + octet if octet in b'"\\' else b"\\%03o" % octet[0]

    return TO_ESCAPE.sub(replacement, octets).decode("ascii")


def passing(who: str, octets: bytes, way: str) -> Iterator[str]:
    """Write what passes in lines like the C program's, octets as C writes them in strings (connection_logging).

    Args:
        who: says it: SELF (we, to either side), CLIENT or REAL (the real server).
        octets: without a password.
        way: who talks to whom; the C program has a process for each, and no need of it.
    """
    for at in range(0, len(octets), LONGEST_PASSING):
        text = TO_C_ESCAPE.sub(_c_escaped, octets[at : at + LONGEST_PASSING]).decode("ascii")
        yield f'{who + ":":7} "{text}" {way}'.rstrip()


def _c_escaped(found: re.Match[bytes]) -> bytes:
    return C_ESCAPES.get(found[0]) or b"\\%03o" % found[0][0]


def words(text: str) -> str:
    """Write words that a map, a library or a peer's certificate chose."""
    return escape(text.encode("utf-8", "backslashreplace"))


def way(endpoints: Endpoints) -> str:
    """Write who talks to whom; IPv6 addresses have no brackets; "": it is not known (inetd_mode over pipes)."""
    client, local = endpoints.client, endpoints.local
    if not client[0]:
        return ""
    return f"{client[0]}:{client[1]}->{local[0]}:{local[1]}"


def name(octets: bytes) -> str:
    """Write a name; of a very long one the beginning, so that it cannot push the rest off the line."""
    return escape(octets) if len(octets) <= LONGEST_NAME else escape(octets[:LONGEST_NAME]) + "..."


def identities(credentials: Credentials) -> str:
    """Write the two ids of a log-in."""
    authzid = f'"{name(credentials.authzid)}"' if credentials.authzid else "NONE"
    return f'authorisation_id={authzid} authentication_id="{name(credentials.authcid)}"'


def auth(
    way: str,
    client_secure: str,
    credentials: Credentials,
    server: str,
    protocol: str,
    server_secure: str,
    status: str,
    *,
    with_password: bool = False,
) -> str:
    """Write the line of one log-in; the password only if the administrator wants it (log_passwd)."""
    password = f'passwd="{name(credentials.password.reveal())}" ' if with_password else ""
    at = f" {way}" if way else ""
    return (
        f"Auth:{at} client-secure={client_secure} {identities(credentials)} {password}"
        f'server="{words(server)}" protocol={protocol} server-secure={server_secure} status="{status}"'
    )
