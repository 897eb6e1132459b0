"""The daemon with nothing but options of the command line, and its end on SIGTERM."""

import ssl

import pytest

from tests.interop import proxy
from tests.interop.certificates import Certificates
from tests.interop.clients import fetch, imap4, pop3, retrieve
from tests.interop.dovecot import PASSWORD, READER, Dovecot
from tests.interop.messages import LARGE, fingerprint
from tests.interop.proxy import Proxy
from tests.interop.transports import Protocol, Tls
from tests.ports import free_port


def start(certs: Certificates, protocol: str, server: str) -> Proxy:
    """Start a daemon for a protocol whose default is TLS on both sides."""
    files = ["--ssl_cert_file", certs.certificate, "--ssl_key_file", certs.key, "--ssl_ca_file", certs.ca]
    host, _, port = server.partition(":")
    options = ["-P", protocol, "-b", "127.0.0.1", "-M", "", "-s", host, "-p", port, "-n", "-d", "-F", "+"]
    listen = free_port()
    return proxy.start_with({"": listen}, *options, "-l", str(listen), *map(str, files))


@pytest.mark.parametrize("protocol", ["IMAP4S", "POP3S"])
def test_tls_on_both_sides_by_default(
    certs: Certificates, real: Dovecot, context: ssl.SSLContext, protocol: str
) -> None:
    plain = Protocol(protocol.removesuffix("S"))
    daemon = start(certs, protocol, real.address(plain, Tls.SSL))
    try:
        if plain is Protocol.IMAP4:
            with imap4(daemon.ports[""], Tls.SSL, context) as imap:
                imap.login(READER, PASSWORD)
                imap.select("INBOX", readonly=True)
                got = fetch(imap, 1)
        else:
            with pop3(daemon.ports[""], Tls.SSL, context) as pop:
                pop.user(READER)
                pop.pass_(PASSWORD)
                got = retrieve(pop, 1)
                pop.quit()
    finally:
        status = daemon.stop()

    assert fingerprint(got) == fingerprint(LARGE)
    assert status == 0
    assert f'protocol={protocol} server-secure=ssl status="ok"' in daemon.log
    assert "Exiting on signal 15" in daemon.log
