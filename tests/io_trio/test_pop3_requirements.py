"""What the RFCs demand of POP3 servers and clients, where only sockets, TLS or the options' defaults show it."""

import contextlib
import ssl

import pytest
import trio

from perdition.config.settings import Settings
from perdition.config.values import Protocol
from perdition.io_trio.channel import Channel
from perdition.io_trio.service import make_policy
from perdition.io_trio.tls import listening_context, outgoing_context
from tests.io_trio.certificates import Certificates, settings_for
from tests.io_trio.streams import accept_tls, connect_tls, loopback, stream

TEN_MINUTES = 600


@pytest.mark.requirement("rfc1939-3-14")
@pytest.mark.parametrize("protocol", [Protocol.POP3, Protocol.POP3S])
def test_timers_run_for_ten_minutes_at_least(protocol: Protocol) -> None:
    """By default: an administrator may shorten them."""
    settings = Settings(protocol=protocol)

    assert make_policy(settings).authenticate_timeout >= TEN_MINUTES
    assert settings.timeout >= TEN_MINUTES


async def shake_hands_as_listener(certificates: Certificates, context: ssl.SSLContext) -> Channel:
    """Do a handshake with a client of that context; give our end, which is still open."""
    channel, sock = loopback()
    peer = trio.SSLStream(stream(sock), context, server_hostname="localhost")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer.do_handshake)
        await accept_tls(channel, listening_context(settings_for(certificates)))
    await trio.aclose_forcefully(peer)
    return channel


@pytest.mark.requirement("rfc8314-4.2-1")
async def test_no_certificate_of_a_client_is_asked_for(certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=certificates.ca_file)
    certificates.authority.issue_cert("joe@example.com").configure_cert(context)
    with contextlib.closing(await shake_hands_as_listener(certificates, context)) as channel:
        assert channel.tls is not None
        assert channel.tls.get_peer_certificate() is None


@pytest.mark.requirement("rfc8314-4-3")
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
async def test_clients_may_have_these_versions(certificates: Certificates, version: str) -> None:
    context = only(ssl.create_default_context(cafile=certificates.ca_file), version)
    with contextlib.closing(await shake_hands_as_listener(certificates, context)) as channel:
        assert channel.tls is not None
        assert channel.tls.get_protocol_version_name() == version


@pytest.mark.requirement("rfc8314-5-2")
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
async def test_real_servers_may_have_these_versions(certificates: Certificates, version: str) -> None:
    context = only(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), version)
    certificates.authority.issue_cert("pop.example.com").configure_cert(context)
    channel, sock = loopback()
    peer = trio.SSLStream(stream(sock), context, server_side=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer.do_handshake)
        await connect_tls(channel, outgoing_context(settings_for(certificates)), "pop.example.com", check_name=True)
    await trio.aclose_forcefully(peer)
    with contextlib.closing(channel):
        assert channel.tls is not None
        assert channel.tls.get_protocol_version_name() == version


def only(context: ssl.SSLContext, version: str) -> ssl.SSLContext:
    """Leave a context one version of TLS."""
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
    return context
