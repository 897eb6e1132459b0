"""The real server's certificate: who is refused, and what options change it."""

import ssl
from collections.abc import Iterator
from typing import Final

import pytest

from tests.interop.certificates import Certificates
from tests.interop.clients import imap4
from tests.interop.dovecot import PASSWORD, Dovecot
from tests.interop.proxy import Options, Proxy, StartProxy, way
from tests.interop.transports import Protocol, Tls, ssl_mode, tls_id

# What is wrong with the certificate, and the options in force.
REFUSED: Final = {
    "wrong name": "the certificate is not one of localhost",
    "wrong name, ssl_no_cert_verify": "the certificate is not one of localhost",
    "untrusted": "the issuer of a certificate is not known",
    "untrusted, ssl_no_cn_verify": "the issuer of a certificate is not known",
}
ACCEPTED: Final = (
    "wrong name, ssl_no_cn_verify",
    "untrusted, ssl_no_cert_verify",
    "wrong name untrusted, ssl_no_cert_verify ssl_no_cn_verify",
)
WAYS: Final = (Tls.SSL, Tls.STARTTLS)


@pytest.fixture(scope="module")
def strict(start_proxy: StartProxy, real: Dovecot, other: Dovecot, certs: Certificates) -> Iterator[Proxy]:
    """A daemon with a listener for each case; the other real server has a certificate of another name."""
    listeners: dict[str, Options] = {}
    for case in (*REFUSED, *ACCEPTED):
        wrong, _, options = case.partition(", ")
        server = other if "wrong name" in wrong else real
        for tls in WAYS:
            listeners[f"{case} {tls.value}"] = {
                "protocol": "IMAP4",
                "ssl_mode": ssl_mode(Tls.PLAIN, tls),
                "outgoing_server": server.address(Protocol.IMAP4, tls),
                "ssl_ca_file": str(certs.other_ca if "untrusted" in wrong else certs.ca),
                **dict.fromkeys(options.split(), True),
            }
    with start_proxy(listeners) as proxy:
        yield proxy


@pytest.mark.parametrize("tls", WAYS, ids=tls_id)
@pytest.mark.parametrize(("case", "why"), REFUSED.items())
def test_refused(
    strict: Proxy, real: Dovecot, other: Dovecot, context: ssl.SSLContext, case: str, why: str, tls: Tls
) -> None:
    with imap4(strict.ports[f"{case} {tls.value}"], Tls.PLAIN, context) as imap:
        where = way(imap.sock)
        with pytest.raises(imap.error, match="TLS negotiation failure"):
            imap.login("refused", PASSWORD)

    assert "user=<refused>" not in real.log + other.log
    assert strict.wait_for(f"Real server localhost:[0-9]+ for {where}: {why}")
    wanted = "ssl" if tls is Tls.SSL else "plaintext"  # implicit TLS stands there as soon as it is wanted
    assert strict.auth(where).endswith(f'server-secure={wanted} status="failed: TLS negotiation failure"')


@pytest.mark.parametrize("tls", WAYS, ids=tls_id)
@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(strict: Proxy, context: ssl.SSLContext, case: str, tls: Tls) -> None:
    with imap4(strict.ports[f"{case} {tls.value}"], Tls.PLAIN, context) as imap:
        where = way(imap.sock)
        imap.login("accepted", PASSWORD)

        assert imap.select("INBOX") == ("OK", [b"0"])

    assert strict.auth(where).endswith(f'server-secure={tls.value} status="ok"')
