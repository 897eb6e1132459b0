"""The log line at the end of a session: octets from and to the client, the log-in not counted."""

import socket
import ssl
from typing import Final

import pytest

from tests.interop.dovecot import PASSWORD, READER
from tests.interop.machine import PATIENCE
from tests.interop.proxy import Proxy, way
from tests.interop.transports import COMBINATIONS, Protocol, Tls, name, tls_id

COMMANDS: Final = b"a NOOP\r\nb STATUS INBOX (MESSAGES)\r\nc LOGOUT\r\n"


@pytest.mark.parametrize(
    ("client_tls", "server_tls"), [pair for pair in COMBINATIONS if pair[0] is not Tls.STARTTLS], ids=tls_id
)
def test_counts(daemon: Proxy, context: ssl.SSLContext, client_tls: Tls, server_tls: Tls) -> None:
    address = ("localhost", daemon.ports[name(Protocol.IMAP4, client_tls, server_tls)])
    with socket.create_connection(address, PATIENCE) as clear:
        sock = context.wrap_socket(clear, server_hostname="localhost") if client_tls is Tls.SSL else clear
        with sock, sock.makefile("rb") as answers:
            where = way(sock)
            sock.sendall(b"l LOGIN %s %s\r\n" % (READER.encode(), PASSWORD.encode()))
            while not answers.readline().startswith(b"l OK "):
                pass
            sock.sendall(COMMANDS)
            received = answers.read()

    assert b"\r\nc OK " in received
    assert daemon.closing(where) == (
        f'authorisation_id=NONE authentication_id="{READER}" received={len(COMMANDS)} sent={len(received)}'
    )
