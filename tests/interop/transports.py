"""What the two legs of a session can be: protocols, and ways to TLS."""

import enum
import itertools
from typing import Final

import pytest


class Protocol(enum.Enum):
    """The value is the option `protocol`, for a listener in clear."""

    POP3 = "POP3"
    IMAP4 = "IMAP4"
    MANAGESIEVE = "MANAGESIEVE"


class Tls(enum.Enum):
    """How one leg gets TLS; the value is what the log says of it."""

    PLAIN = "plaintext"
    SSL = "ssl"
    STARTTLS = "starttls"


LISTEN: Final = {Tls.PLAIN: [], Tls.SSL: ["ssl_listen"], Tls.STARTTLS: ["tls_listen_force"]}
OUTGOING: Final = {Tls.PLAIN: [], Tls.SSL: ["ssl_outgoing"], Tls.STARTTLS: ["tls_outgoing_force"]}

COMBINATIONS: Final = tuple(itertools.product(Tls, Tls))


def ssl_mode(client: Tls, server: Tls) -> list[str]:
    """Give the option `ssl_mode` that lets nothing else happen on the two legs."""
    return [*LISTEN[client], *OUTGOING[server]] or ["none"]


def name(protocol: Protocol, client: Tls, server: Tls) -> str:
    """Name the listener of a combination."""
    return f"{protocol.value} {client.value} {server.value}"


def tls_id(tls: object) -> str:
    """Name a way to TLS in a test's id."""
    return tls.name.lower() if isinstance(tls, Tls) else str(tls)


each_combination = pytest.mark.parametrize(("client_tls", "server_tls"), COMBINATIONS, ids=tls_id)
each_client_tls = pytest.mark.parametrize("client_tls", Tls, ids=tls_id)
