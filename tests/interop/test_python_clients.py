"""Python's imaplib and poplib: what they can do behind the log-in, and the log-in by SASL."""

import ssl

import pytest

from tests.interop.clients import fetch, imap4, pop3, retrieve
from tests.interop.dovecot import PASSWORD, Dovecot
from tests.interop.messages import message
from tests.interop.proxy import Proxy
from tests.interop.transports import Protocol, Tls, each_client_tls, name, tls_id

MESSAGES = [message("one", "first"), message("two", "second", ".", ".."), message("three", "Grüße")]


@each_client_tls
def test_imaplib(daemon: Proxy, real: Dovecot, context: ssl.SSLContext, client_tls: Tls) -> None:
    user = f"imaplib-{client_tls.value}"
    real.deliver(user, *MESSAGES)
    with imap4(daemon.ports[name(Protocol.IMAP4, client_tls, Tls.STARTTLS)], client_tls, context) as imap:
        imap.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())

        assert imap.select("INBOX") == ("OK", [b"3"])
        assert [fetch(imap, number) for number in (1, 2, 3)] == MESSAGES
        assert imap.search(None, "SUBJECT", "two") == ("OK", [b"2"])

        imap.create("Archive")
        imap.copy("2", "Archive")
        imap.store("2", "+FLAGS", r"(\Deleted)")

        assert imap.expunge() == ("OK", [b"2"])
        assert sorted(imap.list()[1], key=str) == [
            rb'(\HasNoChildren) "." Archive',
            rb'(\HasNoChildren) "." INBOX',
        ]

    assert real.messages(user) == [MESSAGES[0], MESSAGES[2]]
    assert real.messages(user, "Archive") == [MESSAGES[1]]


@each_client_tls
def test_poplib(daemon: Proxy, real: Dovecot, context: ssl.SSLContext, client_tls: Tls) -> None:
    user = f"poplib-{client_tls.value}"
    real.deliver(user, *MESSAGES)
    with pop3(daemon.ports[name(Protocol.POP3, client_tls, Tls.SSL)], client_tls, context) as pop:
        pop.user(user)
        pop.pass_(PASSWORD)

        assert [retrieve(pop, number) for number in (1, 2, 3)] == MESSAGES
        assert len(set(pop.uidl()[1])) == 3
        assert pop.top(2, 1)[1][-1] == b"second"

        pop.dele(1)
        pop.rset()
        pop.dele(2)
        pop.quit()

    assert real.messages(user) == [MESSAGES[0], MESSAGES[2]]


@pytest.mark.parametrize("server_tls", Tls, ids=tls_id)
def test_the_tagged_ok_has_the_real_servers_capabilities(
    daemon: Proxy, real: Dovecot, context: ssl.SSLContext, server_tls: Tls
) -> None:
    with real.log_in("capable") as direct:
        expected = direct.untagged_responses["CAPABILITY"]
    with imap4(daemon.ports[name(Protocol.IMAP4, Tls.SSL, server_tls)], Tls.SSL, context) as imap:
        before = imap.capability()[1][0]

        assert isinstance(before, bytes)
        assert b"IDLE" not in before.split()

        imap.untagged_responses.clear()
        _, text = imap.login("capable", PASSWORD)

        assert text[0].endswith(b"] You are so in")
        assert imap.untagged_responses["CAPABILITY"] == expected
        assert isinstance(expected[0], bytes)
        assert b"IDLE" in expected[0].split()
