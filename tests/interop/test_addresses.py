"""IPv4 and IPv6 on either side, by address: certificates are then checked for the address."""

import ssl
from collections.abc import Iterator

import pytest

from tests.interop.clients import fetch, imap4
from tests.interop.dovecot import PASSWORD, READER, Dovecot
from tests.interop.messages import LARGE, fingerprint
from tests.interop.proxy import Options, Proxy, StartProxy, way
from tests.interop.transports import Protocol, Tls, ssl_mode, tls_id
from tests.ports import IPV6

HOSTS = ["127.0.0.1", "[::1]"] if IPV6 else ["127.0.0.1"]


@pytest.fixture(scope="module")
def addressed(start_proxy: StartProxy, real: Dovecot) -> Iterator[Proxy]:
    """A daemon that listens on all addresses and goes to all addresses."""
    listeners: dict[str, Options] = {
        f"{ours} {theirs} {tls.value}": {
            "protocol": "IMAP4",
            "bind_address": ours,
            "outgoing_server": real.address(Protocol.IMAP4, tls, theirs),
            "ssl_mode": ssl_mode(tls, tls),
        }
        for ours in HOSTS
        for theirs in HOSTS
        for tls in Tls
    }
    with start_proxy(listeners) as proxy:
        yield proxy


@pytest.mark.parametrize("tls", Tls, ids=tls_id)
@pytest.mark.parametrize("theirs", HOSTS)
@pytest.mark.parametrize("ours", HOSTS)
def test_addresses(addressed: Proxy, real: Dovecot, context: ssl.SSLContext, ours: str, theirs: str, tls: Tls) -> None:
    with imap4(addressed.ports[f"{ours} {theirs} {tls.value}"], tls, context, ours.strip("[]")) as imap:
        where = way(imap.sock)
        imap.login(READER, PASSWORD)
        imap.select("INBOX", readonly=True)

        assert fingerprint(fetch(imap, 1)) == fingerprint(LARGE)

    server = real.address(Protocol.IMAP4, tls, theirs.strip("[]"))

    assert f'server="{server}" ' in addressed.auth(where)
