"""Three protocols, three ways to TLS towards the client, three towards the real server: log in, work, log out."""

import ssl

from tests.interop.clients import fetch, imap4, pop3, retrieve
from tests.interop.dovecot import PASSWORD, READER
from tests.interop.managesieve import ManageSieve, quoted
from tests.interop.messages import LARGE, fingerprint, large_message, script
from tests.interop.proxy import Proxy, way
from tests.interop.transports import Protocol, Tls, each_combination, name

UPLOAD_MEGABYTES = 3


@each_combination
def test_imap4(daemon: Proxy, context: ssl.SSLContext, client_tls: Tls, server_tls: Tls) -> None:
    mailbox = f"from-{client_tls.value}-to-{server_tls.value}"
    upload = large_message(mailbox, UPLOAD_MEGABYTES)
    with imap4(daemon.ports[name(Protocol.IMAP4, client_tls, server_tls)], client_tls, context) as imap:
        where = way(imap.sock)
        imap.login(READER, PASSWORD)
        imap.select("INBOX", readonly=True)

        assert fingerprint(fetch(imap, 1)) == fingerprint(LARGE)

        imap.create(mailbox)
        imap.append(mailbox, None, None, upload)
        imap.select(mailbox)

        assert fingerprint(fetch(imap, 1)) == fingerprint(upload)
        assert imap.logout()[0] == "BYE"

    assert daemon.auth(where).startswith(f"client-secure={client_tls.value} ")
    assert daemon.auth(where).endswith(f'protocol=IMAP4 server-secure={server_tls.value} status="ok"')


@each_combination
def test_pop3(daemon: Proxy, context: ssl.SSLContext, client_tls: Tls, server_tls: Tls) -> None:
    with pop3(daemon.ports[name(Protocol.POP3, client_tls, server_tls)], client_tls, context) as pop:
        where = way(pop.sock)
        pop.user(READER)
        pop.pass_(PASSWORD)

        assert pop.stat() == (1, len(LARGE))
        assert fingerprint(retrieve(pop, 1)) == fingerprint(LARGE)
        assert pop.quit().startswith(b"+OK")

    assert daemon.auth(where).startswith(f"client-secure={client_tls.value} ")
    assert daemon.auth(where).endswith(f'protocol=POP3 server-secure={server_tls.value} status="ok"')


@each_combination
def test_managesieve(daemon: Proxy, context: ssl.SSLContext, client_tls: Tls, server_tls: Tls) -> None:
    title = f"from-{client_tls.value}-to-{server_tls.value}"
    written = script(title)
    with ManageSieve(daemon.ports[name(Protocol.MANAGESIEVE, client_tls, server_tls)], client_tls, context) as sieve:
        where = way(sieve.sock)
        sieve.log_in(READER, PASSWORD)
        sieve.put(title, written)

        assert fingerprint(sieve.get(title)) == fingerprint(written)
        assert quoted(title.encode()) in sieve.command(b"LISTSCRIPTS")
        assert sieve.command(b"DELETESCRIPT", quoted(title.encode())) == []
        assert sieve.log_out() == b""

    assert daemon.auth(where).startswith(f"client-secure={client_tls.value} ")
    assert daemon.auth(where).endswith(f'protocol=MANAGESIEVE server-secure={server_tls.value} status="ok"')
