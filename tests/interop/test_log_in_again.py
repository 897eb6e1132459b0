"""A wrong password, then the right one, on the same connection; and what the log says of both."""

import imaplib
import poplib
import ssl

import pytest

from tests.interop.clients import imap4, pop3
from tests.interop.dovecot import PASSWORD, READER
from tests.interop.managesieve import ManageSieve, Refused
from tests.interop.messages import LARGE
from tests.interop.proxy import Proxy, way
from tests.interop.transports import Protocol, Tls, name

FAILED = 'status="failed: Re-Authentication Failure"'
WRONG = "not-the-password"


def assert_logged(daemon: Proxy, where: str, secured: tuple[str, str]) -> None:
    """See that there is one line for each of the two, and no password in the log."""
    client, server = secured
    begin = f"client-secure={client} .* server-secure={server} "

    assert daemon.wait_for(f"Auth: {where} {begin}{FAILED}")
    assert daemon.wait_for(f'Auth: {where} {begin}status="ok"')
    assert WRONG not in daemon.log
    assert PASSWORD not in daemon.log


def test_imap4(daemon: Proxy, context: ssl.SSLContext) -> None:
    with imap4(daemon.ports[name(Protocol.IMAP4, Tls.SSL, Tls.STARTTLS)], Tls.SSL, context) as imap:
        where = way(imap.sock)
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            imap.login(READER, WRONG)
        imap.login(READER, PASSWORD)

        assert imap.select("INBOX", readonly=True) == ("OK", [b"1"])

    assert_logged(daemon, where, ("ssl", "starttls"))


def test_pop3(daemon: Proxy, context: ssl.SSLContext) -> None:
    with pop3(daemon.ports[name(Protocol.POP3, Tls.STARTTLS, Tls.SSL)], Tls.STARTTLS, context) as pop:
        where = way(pop.sock)
        pop.user(READER)
        with pytest.raises(poplib.error_proto, match="AUTH"):
            pop.pass_(WRONG)
        pop.user(READER)
        pop.pass_(PASSWORD)

        assert pop.stat() == (1, len(LARGE))
        pop.quit()

    assert_logged(daemon, where, ("starttls", "ssl"))


def test_managesieve(daemon: Proxy, context: ssl.SSLContext) -> None:
    port = daemon.ports[name(Protocol.MANAGESIEVE, Tls.STARTTLS, Tls.STARTTLS)]
    with ManageSieve(port, Tls.STARTTLS, context) as sieve:
        where = way(sieve.sock)
        with pytest.raises(Refused, match="NO "):
            sieve.log_in(READER, WRONG)
        sieve.log_in(READER, PASSWORD)

        assert sieve.command(b"HAVESPACE", b'"name"', b"1000") == []
        sieve.log_out()

    assert_logged(daemon, where, ("starttls", "starttls"))
