"""The log lines that the C program's log watchers read, to the letter (perdition 2.2).

Names come from clients, and a map may make a server of a name: whatever is not plain ASCII, and every quote, is
escaped, so that nobody can forge a line or a field.
"""

import re
from typing import Final

from perdition.protocol.sasl import Credentials
from perdition.session.endpoints import Endpoints

TO_ESCAPE: Final = re.compile(rb"[^ !#-\[\]-~]")


LONGEST_NAME: Final = 512
"""How many octets of a name a line shows."""


def escape(octets: bytes) -> str:
    """Write octets with `\\"`, `\\\\` and `\\ooo` for what is not printable ASCII."""

    def replacement(found: re.Match[bytes]) -> bytes:
        octet = found[0]
        return b"\\" + octet if octet in b'"\\' else b"\\%03o" % octet[0]

    return TO_ESCAPE.sub(replacement, octets).decode("ascii")


def words(text: str) -> str:
    """Write words that a map, a library or a peer's certificate chose."""
    return escape(text.encode("utf-8", "backslashreplace"))


def way(endpoints: Endpoints) -> str:
    """Write who talks to whom; IPv6 addresses have no brackets."""
    client, local = endpoints.client, endpoints.local
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
) -> str:
    """Write the line of one log-in."""
    return (
        f"Auth: {way} client-secure={client_secure} {identities(credentials)} "
        f'server="{words(server)}" protocol={protocol} server-secure={server_secure} status="{status}"'
    )
