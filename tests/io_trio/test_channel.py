"""One connection: receiving, sending, ending and handshakes, with a real peer."""

import contextlib
import socket
import ssl
import struct
import sys

import pytest
import trio
from OpenSSL import SSL

from perdition.io_trio.channel import Channel, TlsFailed, WouldBlock, what_openssl_found
from perdition.io_trio.tls import listening_context
from tests.io_trio.certificates import Certificates, settings_for
from tests.io_trio.streams import accept_tls, loopback, read_all, receive, secured, send, socket_pair, stream

MANY = bytes(range(256)) * 8192  # more than the buffers of two sockets hold


def fill(sock: socket.socket) -> None:
    """Write until nothing more goes in."""
    with contextlib.suppress(BlockingIOError):
        while True:
            sock.send(b"x" * 65536)


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# --- plain


async def test_octets_arrive_in_both_directions() -> None:
    channel, sock = socket_pair()
    with contextlib.closing(channel), sock:
        sock.send(b"ping")
        heard = await receive(channel)
        await send(channel, b"pong")

        assert heard == b"ping"
        assert sock.recv(10) == b"pong"


async def test_receiving_waits_for_octets() -> None:
    channel, sock = socket_pair()
    heard: list[bytes] = []

    async def listen() -> None:
        heard.append(await receive(channel))

    with contextlib.closing(channel), sock:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(WouldBlock):
                channel.try_receive()
            sock.send(b"late")

        assert heard == [b"late"]


async def test_the_end_and_a_reset_are_the_end() -> None:
    for end in (socket.socket.close, reset):
        channel, sock = loopback()
        with contextlib.closing(channel):
            end(sock)
            first, second = await receive(channel), await receive(channel)

            assert first == second == b""


async def test_octets_that_openssl_holds_already_are_not_waited_for(certificates: Certificates) -> None:
    channel, sock = socket_pair()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        await peer.send_all(b"x" * 1000)
        assert channel.tls is not None
        first = channel.tls.recv(1)
        with trio.fail_after(20):
            rest = await receive(channel)
        await peer.aclose()

        assert (first, len(rest)) == (b"x", 999)


async def test_sending_waits_for_a_slow_reader() -> None:
    channel, sock = socket_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, channel, MANY)
        await trio.testing.wait_all_tasks_blocked()
        reader = stream(sock)
        heard = b""
        while len(heard) < len(MANY):
            heard += await reader.receive_some(100_000)
    channel.close()
    await reader.aclose()

    assert heard == MANY


async def test_sending_to_nobody_breaks_the_connection_and_raises_nothing() -> None:
    channel, sock = socket_pair()
    with contextlib.closing(channel):
        sock.close()
        await send(channel, b"anybody?")
        await send(channel, b"nobody")

        assert channel.broken
        assert await receive(channel) == b""


async def test_trying_to_send_says_how_much_or_why_not() -> None:
    channel, sock = socket_pair()
    with contextlib.closing(channel), sock:
        sent = channel.try_send(memoryview(MANY))
        fill(channel.sock)
        with pytest.raises(WouldBlock):
            channel.try_send(b"more")

        assert 0 < sent < len(MANY)


async def test_half_a_close() -> None:
    channel, sock = socket_pair()
    with contextlib.closing(channel), sock:
        channel.end_writing()
        sock.send(b"I go on")
        heard = await receive(channel)

        assert sock.recv(10) == b""
        assert heard == b"I go on"


async def test_ending_a_connection_that_is_gone_raises_nothing() -> None:
    channel, sock = loopback()
    reset(sock)
    await receive(channel)
    channel.end_writing()
    channel.close()
    channel.close()

    assert channel.sock.fileno() == -1


# --- TLS


async def test_octets_arrive_under_tls_in_both_directions_at_once(certificates: Certificates) -> None:
    channel, sock = loopback()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        heard = {"we": b"", "they": b""}

        async def we_receive() -> None:
            while len(heard["we"]) < len(MANY):
                heard["we"] += await receive(channel)

        async def they_receive() -> None:
            while len(heard["they"]) < len(MANY):
                heard["they"] += await peer.receive_some()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send, channel, MANY)
            nursery.start_soon(peer.send_all, MANY)
            nursery.start_soon(we_receive)
            nursery.start_soon(they_receive)
        await peer.aclose()

        assert heard == {"we": MANY, "they": MANY}


def segments_out(sock: socket.socket) -> int:
    """Tell how many segments a connection has sent (tcpi_segs_out of struct tcp_info)."""
    return int.from_bytes(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 140)[136:], sys.byteorder)


async def test_many_records_go_out_in_one_call_and_few_segments(certificates: Certificates) -> None:
    channel, sock = loopback()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        channel.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as all connections have it
        before = segments_out(channel.sock)
        sent = channel.try_send(MANY[:65536])
        heard = b""
        while len(heard) < 65536:
            heard += await peer.receive_some()
        segments = segments_out(channel.sock) - before
        await trio.aclose_forcefully(peer)

        assert sent == 65536
        assert heard == MANY[:65536]
        assert segments < 4  # else each of the four records has one


async def test_many_records_go_out_where_there_is_no_tcp(certificates: Certificates) -> None:
    channel, sock = socket_pair()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        sent = channel.try_send(MANY[:65536])
        heard = b""
        while len(heard) < sent:
            heard += await peer.receive_some()
        await trio.aclose_forcefully(peer)

        assert sent > 16384
        assert heard == MANY[:sent]


async def test_octets_for_which_there_is_no_room_arrive_once_though_they_are_offered_again(
    certificates: Certificates,
) -> None:
    channel, sock = loopback()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        offered = 0
        with contextlib.suppress(WouldBlock):
            while True:
                offered += channel.try_send(MANY)
        async with trio.open_nursery() as nursery:

            async def offer_again() -> None:
                await send(channel, bytes(bytearray(MANY)))  # the same octets in another place
                channel.end_writing()

            nursery.start_soon(offer_again)
            heard = await read_all(peer)
        await trio.aclose_forcefully(peer)

        assert heard == MANY * (offered // len(MANY) + 1)


async def test_the_end_under_tls_said_or_unsaid(certificates: Certificates) -> None:
    for say_it in (True, False):
        channel, sock = loopback()
        with contextlib.closing(channel):
            peer = await secured(certificates, channel, sock)
            if say_it:
                await peer.aclose()
            else:
                await peer.transport_stream.aclose()  # no close_notify

            assert await receive(channel) == b""
            assert await receive(channel) == b""


async def test_a_peer_that_ends_writing_without_saying_so_still_hears_us(certificates: Certificates) -> None:
    channel, sock = loopback()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        peer.transport_stream.socket.shutdown(socket.SHUT_WR)
        end = await receive(channel)
        await send(channel, b"and one thing more")
        channel.close()

        assert end == b""
        assert await read_all(peer) == b"and one thing more"
        await peer.aclose()


@pytest.mark.requirement("rfc8314-3.4-1")
async def test_half_a_close_under_tls(certificates: Certificates) -> None:
    channel, sock = loopback()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        channel.end_writing()
        end = await peer.receive_some()
        await peer.send_all(b"I go on")
        heard = await receive(channel)
        await trio.aclose_forcefully(peer)

        assert end == b""
        assert heard == b"I go on"


async def test_a_close_notify_is_written_once(certificates: Certificates) -> None:
    """The peer's end without one makes OpenSSL forget ours; a second one would go into a socket that is shut down."""
    channel, sock = loopback()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        channel.end_writing()
        peer.transport_stream.socket.shutdown(socket.SHUT_WR)
        end = await receive(channel)
        channel.close()

        assert end == b""
        assert not channel.broken  # EPIPE would have broken it
        assert await read_all(peer) == b""
        await trio.aclose_forcefully(peer)


async def test_half_a_close_that_finds_no_room_does_not_end_the_other_direction(certificates: Certificates) -> None:
    channel, sock = socket_pair()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        fill(channel.sock)  # not TLS: our peer would not understand, but it does not read here
        channel.end_writing()
        await peer.send_all(b"I go on")
        heard = await receive(channel)
        await trio.aclose_forcefully(peer)

        assert heard == b"I go on"


async def test_a_reset_under_tls_is_the_end(certificates: Certificates) -> None:
    channel, sock = loopback()
    with contextlib.closing(channel):
        peer = await secured(certificates, channel, sock)
        peer.transport_stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.transport_stream.socket.close()
        end = await receive(channel)
        await send(channel, b"x" * 100)
        await send(channel, b"x" * 100)

        assert end == b""
        assert channel.broken


GARBAGE = {
    b"GET / HTTP/1.1\r\n\r\n": "http request",
    b"a LOGIN joe password\r\n": "wrong version number",
    b"\x16\x03\x01\x00\x05hello": "unexpected message|unsupported|length mismatch|bad|unexpected",
    b"": "the connection was closed",
}


@pytest.mark.parametrize("octets", GARBAGE, ids=["HTTP", "clear text", "a bad record", "the end"])
async def test_a_handshake_that_fails_says_what_openssl_found_and_nothing_that_was_sent(
    certificates: Certificates, octets: bytes
) -> None:
    channel, sock = loopback()
    with contextlib.closing(channel), sock:
        sock.send(octets)
        sock.shutdown(socket.SHUT_WR)
        with pytest.raises(TlsFailed, match=GARBAGE[octets]) as caught:
            await accept_tls(channel, listening_context(settings_for(certificates)))

        assert "joe" not in str(caught.value)
        assert channel.broken
        assert channel.tls is None


async def test_a_handshake_can_be_given_up(certificates: Certificates) -> None:
    channel, sock = loopback()
    with contextlib.closing(channel), sock:
        with trio.move_on_after(0.02) as scope:
            await accept_tls(channel, listening_context(settings_for(certificates)))

        assert scope.cancelled_caught
        assert channel.tls is None


@pytest.mark.requirement("rfc9051-11.1-2")
@pytest.mark.requirement("rfc8314-4-3")
async def test_old_versions_of_tls_are_refused(certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=certificates.ca_file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    channel, sock = loopback()
    with contextlib.closing(channel):
        peer = trio.SSLStream(stream(sock), context, server_hostname="localhost")
        async with trio.open_nursery() as nursery:

            async def shake_hands() -> None:
                with contextlib.suppress(trio.BrokenResourceError):
                    await peer.do_handshake()

            nursery.start_soon(shake_hands)
            with pytest.raises(TlsFailed, match="unsupported protocol"):
                await accept_tls(channel, listening_context(settings_for(certificates)))
        await trio.aclose_forcefully(peer)


def test_what_openssl_found() -> None:
    assert what_openssl_found(SSL.Error([("SSL routines", "", "a"), ("SSL routines", "", "b")])) == "a; b"
    assert what_openssl_found(SSL.SysCallError(-1, "Unexpected EOF")) == "unexpected eof"
    assert what_openssl_found(ConnectionResetError(104, "Connection reset by peer")) == "connection reset by peer"
    assert what_openssl_found(SSL.ZeroReturnError()) == "the connection was closed"
    assert what_openssl_found(SSL.Error([])) == "the connection was closed"


def test_a_channel_is_small() -> None:
    channel, sock = socket_pair()
    with contextlib.closing(channel), sock:
        assert not hasattr(channel, "__dict__")
        assert isinstance(channel, Channel)
