"""What RFC 9051 11.1 demands of TLS, on both legs, with a real peer that has an RSA key."""

import contextlib
import ssl
from collections.abc import Awaitable
from pathlib import Path

import attrs
import pytest
import trio
import trustme

from perdition.config.settings import Settings
from perdition.io_trio.tls import listening_context, outgoing_context
from tests.io_trio.streams import accept_tls, connect_tls, loopback, stream

DEMANDED = "ECDHE-RSA-AES128-GCM-SHA256"
"""TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 by its name in OpenSSL."""


@attrs.frozen
class Legs:
    """Our options, and the contexts of a peer: as our client and as our real server."""

    settings: Settings
    client: ssl.SSLContext
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def rsa() -> tuple[trustme.CA, trustme.LeafCert]:
    """Give an authority and a certificate; their keys take long to make."""
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    return authority, authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)


@pytest.fixture
def legs(rsa: tuple[trustme.CA, trustme.LeafCert], tmp_path: Path) -> Legs:
    authority, certificate = rsa
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    both = str(tmp_path / "both.pem")
    client, server = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(client)
    certificate.configure_cert(server)
    settings = Settings(ssl_cert_file=both, ssl_key_file=both, ssl_ca_file=str(tmp_path / "ca.pem"), ssl_ca_path=None)
    return Legs(settings, client, server)


async def agreed(legs: Legs, leg: str) -> tuple[str | None, str]:
    """Do the handshake of a leg; give the version and the suite that both took."""
    channel, sock = loopback()
    with contextlib.closing(channel):
        ours: Awaitable[None]
        if leg == "client":
            peer = trio.SSLStream(stream(sock), legs.client, server_hostname="localhost")
            ours = accept_tls(channel, listening_context(legs.settings))
        else:
            peer = trio.SSLStream(stream(sock), legs.server, server_side=True)
            ours = connect_tls(channel, outgoing_context(legs.settings), "localhost", check_name=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peer.do_handshake)
            await ours
        version, suite = peer.version(), peer.cipher()
        await trio.aclose_forcefully(peer)
    assert suite is not None
    return version, suite[0]


@pytest.mark.requirement("rfc9051-11.1-3")
@pytest.mark.parametrize("leg", ["client", "real server"])
async def test_tls_1_3_where_both_have_it(legs: Legs, leg: str) -> None:
    version, _ = await agreed(legs, leg)

    assert version == "TLSv1.3"


@pytest.mark.requirement("rfc9051-11.1-2")
@pytest.mark.requirement("rfc9051-11.1-4")
@pytest.mark.requirement("rfc8314-4-4")
@pytest.mark.parametrize("leg", ["client", "real server"])
@pytest.mark.parametrize("suite", [DEMANDED, "ECDHE-RSA-AES256-GCM-SHA384"])
async def test_suites_of_tls_1_2(legs: Legs, leg: str, suite: str) -> None:
    for context in (legs.client, legs.server):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(suite)

    assert await agreed(legs, leg) == ("TLSv1.2", suite)
