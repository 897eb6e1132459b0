"""Channels with a peer in the same loop, plain or under TLS; the peer's TLS is the standard library's."""

import socket
from typing import Protocol

import trio
from OpenSSL import SSL

from perdition.io_trio.channel import Channel, WouldBlock
from perdition.io_trio.readiness import READABLE
from perdition.io_trio.tls import check_certificate, client_side, listening_context, server_side
from tests.io_trio.certificates import Certificates, settings_for


class Peer(Protocol):
    """What SocketStream and SSLStream have in common here."""

    async def send_all(self, data: bytes) -> None: ...

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray: ...

    async def aclose(self) -> None: ...


def socket_pair() -> tuple[Channel, socket.socket]:
    """Give a channel and the socket at its other end; neither blocks."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    return Channel(ours), theirs


def loopback() -> tuple[Channel, socket.socket]:
    """Do the same over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    theirs.setblocking(False)
    return Channel(ours), theirs


def stream(sock: socket.socket) -> trio.SocketStream:
    return trio.SocketStream(trio.socket.from_stdlib_socket(sock))


def peer_of(sock: socket.socket, certificates: Certificates) -> trio.SSLStream[trio.SocketStream]:
    """Give a client's end that does its handshake when it is used first."""
    return trio.SSLStream(stream(sock), certificates.client, server_hostname="localhost", https_compatible=True)


async def receive(channel: Channel) -> bytes:
    """Wait for octets; `b""` is the end."""
    while True:
        try:
            return channel.try_receive()
        except WouldBlock:
            await trio.lowlevel.wait_readable(channel.sock)


async def send(channel: Channel, data: bytes) -> None:
    """Write all of it, if it can be."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[channel.try_send(rest) :]
        except WouldBlock:
            await trio.lowlevel.wait_writable(channel.sock)
        except OSError:
            return


async def shake_hands(channel: Channel, connection: SSL.Connection) -> None:
    while wanted := channel.try_handshake(connection):
        await (trio.lowlevel.wait_readable if wanted == READABLE else trio.lowlevel.wait_writable)(channel.sock)


async def accept_tls(channel: Channel, context: SSL.Context) -> None:
    """Do the handshake of a server."""
    await shake_hands(channel, server_side(context, channel.sock))


async def connect_tls(channel: Channel, context: SSL.Context, name: str, *, check_name: bool) -> None:
    """Do the handshake of a client."""
    connection = client_side(context, channel.sock, name)
    await shake_hands(channel, connection)
    if check_name:
        check_certificate(connection, name)


async def secured(
    certificates: Certificates, channel: Channel, sock: socket.socket
) -> trio.SSLStream[trio.SocketStream]:
    """Do the handshake of both ends; the channel is the server."""
    peer = peer_of(sock, certificates)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept_tls, channel, listening_context(settings_for(certificates)))
        nursery.start_soon(peer.do_handshake)
    return peer


async def read_all(peer: Peer) -> bytes:
    """Read up to the end; a reset is one, too."""
    parts = []
    try:
        while data := await peer.receive_some(65536):
            parts.append(data)
    except trio.BrokenResourceError:
        pass
    return b"".join(parts)
