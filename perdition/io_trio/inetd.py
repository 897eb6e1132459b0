"""Option inetd_mode: inetd, xinetd or systemd (Accept=yes) accepts the connection, and starts us for it alone."""

import contextlib
import os
import signal
import socket
import stat
from collections.abc import AsyncIterator
from typing import Final

import attrs
import trio

from perdition.io_trio.channel import CHUNK
from perdition.io_trio.hub import UNKNOWN, Hub
from perdition.io_trio.logs import Log
from perdition.io_trio.service import Service
from perdition.session.effects import Level

INPUT, OUTPUT, ERRORS = range(3)
INTERNET: Final = (socket.AF_INET, socket.AF_INET6)


def shield() -> bool:
    """Keep errors from the client, if standard error is its connection, as inetd makes it; tell whether it was."""
    try:
        reaches = _is_socket(ERRORS) and _same(ERRORS, INPUT)
    except OSError:
        return False  # one of them is closed
    if reaches:
        _silence(ERRORS)
    return reaches


def _silence(*descriptors: int) -> None:
    with open(os.devnull, "r+b", buffering=0) as nothing:
        for descriptor in descriptors:
            os.dup2(nothing.fileno(), descriptor)


@attrs.frozen
class Client:
    """The client's connection.

    Args:
        sock: a TCP connection; None: there are two descriptors, of whatever kind.
        reader: what it says.
        writer: what it hears.
    """

    sock: socket.socket | None
    reader: int = -1
    writer: int = -1

    @classmethod
    def take(cls) -> "Client":
        """Take standard input and output; nobody else is to write there, and who closes it closes it for good."""
        sock = _own_connection()
        client = cls(sock) if sock is not None else cls(None, os.dup(INPUT), os.dup(OUTPUT))
        _silence(INPUT, OUTPUT)
        return client


def _own_connection() -> socket.socket | None:
    if not _is_socket(INPUT) or not _same(INPUT, OUTPUT):
        return None
    sock = socket.socket(fileno=os.dup(INPUT))
    if sock.family in INTERNET and sock.type == socket.SOCK_STREAM:
        with contextlib.suppress(OSError):
            sock.getpeername()
            sock.setblocking(False)
            return sock
    sock.close()
    return None


def _is_socket(descriptor: int) -> bool:
    return stat.S_ISSOCK(os.fstat(descriptor).st_mode)


def _same(one: int, other: int) -> bool:
    first, second = os.fstat(one), os.fstat(other)
    return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)


def service_for(service: Service, client: Client) -> Service:
    """Give the service for one connection: its lines name who started us, and without an address we have our name."""
    settings = service.settings if client.sock is not None else attrs.evolve(service.settings, no_bind_banner=True)
    policy = attrs.evolve(service.policy, inetd_pid=os.getppid())
    return attrs.evolve(service, settings=settings, policy=policy)


class OneConnection:
    """Serves the client on standard input and output.

    Args:
        client: it.
        service: what it is served with.
        log: where log lines go.
    """

    def __init__(self, client: Client, service: Service, log: Log) -> None:
        self._client = client
        self._service = service_for(service, client)
        self._log = log
        self._hub = Hub([], log)

    async def run(self) -> None:
        """Serve until the session is over, or a signal comes."""
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._end_at_once, signals, nursery.cancel_scope)
                await nursery.start(self._hub.run)
                sock = self._client.sock
                if sock is not None:
                    self._hub.take(sock, sock.getpeername()[:2], self._service)
                    await self._hub.wait_for_sessions()
                else:
                    await self._bridge()
                nursery.cancel_scope.cancel()

    async def _end_at_once(self, signals: AsyncIterator[int], everything: trio.CancelScope) -> None:
        async for number in signals:
            if number == signal.SIGHUP:
                continue  # nobody new is to come
            self._log(Level.INFO, f"Exiting on signal {int(number)}")
            everything.cancel()

    async def _bridge(self) -> None:
        """Put a socket where the hub wants one, and carry what passes through it to and from the descriptors."""
        near, far = socket.socketpair()
        far.setblocking(False)
        self._hub.take(far, UNKNOWN, self._service)
        near.setblocking(False)
        async with (
            trio.SocketStream(trio.socket.from_stdlib_socket(near)) as stream,
            trio.lowlevel.FdStream(self._client.reader) as client_says,
            trio.lowlevel.FdStream(self._client.writer) as client_hears,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(_carry_in, client_says, stream)
            await _carry_out(stream, client_hears)
            await self._hub.wait_for_sessions()
            nursery.cancel_scope.cancel()


async def _carry_in(client: trio.lowlevel.FdStream, stream: trio.SocketStream) -> None:
    with contextlib.suppress(trio.BrokenResourceError):
        while data := await client.receive_some(CHUNK):
            await stream.send_all(data)
        await stream.send_eof()


async def _carry_out(stream: trio.SocketStream, client: trio.lowlevel.FdStream) -> None:
    with contextlib.suppress(trio.BrokenResourceError):
        while data := await stream.receive_some(CHUNK):
            await client.send_all(data)
