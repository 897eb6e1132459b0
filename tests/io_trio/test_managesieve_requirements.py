"""What RFC 5804, 7817 and 8996 demand, where only TLS or the options' defaults show it."""

import contextlib
import ssl

import pytest
import trio

from perdition.config.settings import Settings
from perdition.config.values import Protocol
from perdition.io_trio.channel import TlsFailed
from perdition.io_trio.tls import listening_context, outgoing_context
from tests.io_trio.certificates import Certificates, settings_for
from tests.io_trio.streams import accept_tls, connect_tls, loopback, stream

OLD_VERSIONS = [
    pytest.param("TLSv1", marks=pytest.mark.requirement("rfc8996-4-1")),
    pytest.param("TLSv1_1", marks=pytest.mark.requirement("rfc8996-5-1")),
]


@pytest.mark.requirement("rfc5804-1.2-10")
def test_who_is_logged_in_may_be_silent_for_half_an_hour() -> None:
    """By default: an administrator may shorten it."""
    assert Settings(protocol=Protocol.MANAGESIEVE).timeout >= 30 * 60


@pytest.mark.requirement("rfc5804-1.8-2")
def test_the_port_of_a_real_server_is_4190() -> None:
    assert Settings(protocol=Protocol.MANAGESIEVE).outgoing_port_number == 4190


def only(context: ssl.SSLContext, version: str) -> ssl.SSLContext:
    """Leave a context one old version of TLS."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion[version]
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion[version]
    return context


async def shake_hands(peer: "trio.SSLStream[trio.SocketStream]", reasons: list[str | None]) -> None:
    """Do the peer's half; note what OpenSSL finds in the way of it."""
    try:
        await peer.do_handshake()
    except trio.BrokenResourceError as error:
        reasons.append(getattr(error.__cause__, "reason", None))
    await trio.aclose_forcefully(peer)


@pytest.mark.parametrize("version", OLD_VERSIONS)
async def test_a_client_with_an_old_version_is_refused(certificates: Certificates, version: str) -> None:
    context = only(ssl.create_default_context(cafile=certificates.ca_file), version)
    channel, sock = loopback()
    reasons: list[str | None] = []
    with contextlib.closing(channel):
        async with trio.open_nursery() as nursery:
            peer = trio.SSLStream(stream(sock), context, server_hostname="localhost")
            nursery.start_soon(shake_hands, peer, reasons)
            with pytest.raises(TlsFailed):
                await accept_tls(channel, listening_context(settings_for(certificates)))

    assert reasons == ["TLSV1_ALERT_PROTOCOL_VERSION"]


@pytest.mark.parametrize("version", OLD_VERSIONS)
async def test_a_real_server_with_an_old_version_is_not_used(certificates: Certificates, version: str) -> None:
    context = only(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), version)
    certificates.authority.issue_cert("sieve.example.com").configure_cert(context)
    channel, sock = loopback()
    reasons: list[str | None] = []
    with contextlib.closing(channel):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shake_hands, trio.SSLStream(stream(sock), context, server_side=True), reasons)
            with pytest.raises(TlsFailed):
                await connect_tls(
                    channel, outgoing_context(settings_for(certificates)), "sieve.example.com", check_name=True
                )

    assert reasons == ["UNSUPPORTED_PROTOCOL"]
