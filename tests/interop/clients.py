"""Python's own clients, connected in each of the ways to TLS."""

import contextlib
import imaplib
import poplib
import ssl
from collections.abc import Iterator
from typing import Final

from tests.interop.machine import PATIENCE
from tests.interop.transports import Tls

HOST: Final = "localhost"


@contextlib.contextmanager
def imap4(port: int, tls: Tls, context: ssl.SSLContext, host: str = HOST) -> Iterator[imaplib.IMAP4]:
    """Connect, and log out at the end."""
    if tls is Tls.SSL:
        imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=PATIENCE)
    else:
        imap = imaplib.IMAP4(host, port, timeout=PATIENCE)
    with imap:
        if tls is Tls.STARTTLS:
            imap.starttls(context)
        yield imap


@contextlib.contextmanager
def pop3(port: int, tls: Tls, context: ssl.SSLContext, host: str = HOST) -> Iterator[poplib.POP3]:
    """Connect, and close at the end."""
    if tls is Tls.SSL:
        pop: poplib.POP3 = poplib.POP3_SSL(host, port, context=context, timeout=PATIENCE)
    else:
        pop = poplib.POP3(host, port, timeout=PATIENCE)
    with contextlib.closing(pop):
        if tls is Tls.STARTTLS:
            pop.stls(context)
        yield pop


def retrieve(pop: poplib.POP3, number: int) -> bytes:
    """Read a message whole."""
    _, lines, _ = pop.retr(number)
    return b"".join(line + b"\r\n" for line in lines)


def fetch(imap: imaplib.IMAP4, number: int) -> bytes:
    """Read a message of the mailbox that is selected whole."""
    _, data = imap.fetch(str(number), "(BODY.PEEK[])")
    part = data[0]

    assert isinstance(part, tuple)
    return part[1]
