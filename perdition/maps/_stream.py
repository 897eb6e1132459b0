"""A connection of a map to its server on the trio loop: TCP or a local socket, with TLS or without."""

import socket
import ssl
from typing import Final
from urllib.parse import unquote

import attrs
import trio

from perdition.maps._pooled import ServerTrouble
from perdition.maps.contract import MapError

AT_ONCE: Final = 65536
MOST: Final = 1 << 20
"""How many octets a server may answer to one question."""

SECONDS_TO_A_PROBE, SECONDS_BETWEEN, PROBES = 30, 10, 3
KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SECONDS_TO_A_PROBE),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, SECONDS_BETWEEN),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES),
)


@attrs.frozen
class Place:
    """Where a server is.

    Args:
        host: name or address; the name of a file if the port is 0.
        port: of TCP; 0 is a local socket.
    """

    host: str
    port: int

    def __str__(self) -> str:
        if not self.port:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Stream:
    """An open connection that says in one line what is wrong with it."""

    def __init__(self, place: Place, socket: trio.SocketStream, stream: trio.abc.Stream) -> None:
        self.place: Final = place
        self._socket = socket
        self._stream = stream
        self._heard = 0

    async def send(self, octets: bytes) -> None:
        """Send a question: what is heard from now on is its answer.

        Raises:
            ServerTrouble: the connection is lost.
        """
        self._heard = 0
        try:
            await self._stream.send_all(octets)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ServerTrouble(f"{self.place}: {_reason(error)}") from None

    async def receive(self) -> bytes:
        """Give what comes next of the answer; b"" is its end.

        Raises:
            ServerTrouble: the connection is lost, or the answer is too long.
        """
        try:
            octets = bytes(await self._stream.receive_some(AT_ONCE))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ServerTrouble(f"{self.place}: {_reason(error)}") from None
        self._heard += len(octets)
        if self._heard > MOST:
            raise ServerTrouble(f"{self.place}: expected a shorter answer")
        return octets

    def close(self) -> None:
        """Close it, whatever is under way."""
        self._socket.socket.close()


async def open_tcp(host: str, port: int) -> trio.SocketStream:
    """Connect, and have the kernel see now and then whether the other end is still there.

    Raises:
        OSError: the server cannot be reached.
    """
    stream = await trio.open_tcp_stream(host, port)
    for level, option, value in KEEPALIVE:
        stream.socket.setsockopt(level, option, value)
    return stream


async def open_stream(place: Place, context: ssl.SSLContext | None) -> Stream:
    """Connect, and start TLS if there is a context.

    Raises:
        ServerTrouble: the server cannot be reached, or its certificate is not good.
    """
    try:
        if place.port:
            sock = await open_tcp(place.host, place.port)
        else:
            sock = await trio.open_unix_socket(place.host)
    except OSError as error:
        raise ServerTrouble(f"{place}: {error.strerror or error}") from None
    if context is None:
        return Stream(place, sock, sock)
    stream = trio.SSLStream(sock, context, server_hostname=place.host, https_compatible=True)
    try:
        await stream.do_handshake()
    except (trio.BrokenResourceError, OSError) as error:
        sock.socket.close()
        raise ServerTrouble(f"{place}: TLS: {_reason(error)}") from None
    except BaseException:
        sock.socket.close()
        raise
    return Stream(place, sock, stream)


def _reason(error: Exception) -> object:
    return getattr(error.__cause__, "strerror", None) or error.__cause__ or error


def places_of(text: str, default: int) -> tuple[Place, ...]:
    """Read `host[:port][,host[:port]...]`, IPv6 addresses in brackets.

    Raises:
        MapError: it makes no sense.
    """
    return tuple(_place_of(part, default) for part in text.split(","))


def _place_of(text: str, default: int) -> Place:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(default)
    elif not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise MapError("expected a port, 1 to 65535, behind the colon of a host")
    host = unquote(host.removeprefix("[").removesuffix("]"))
    if not host:
        raise MapError("expected host[:port], with commas between several")
    return Place(host, int(port))


def settings_of(text: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Read `name=value&name=value`, the values percent-encoded where they have to be.

    Raises:
        MapError: another name, or no value.
    """
    given: dict[str, str] = {}
    for part in text.split("&") if text else ():
        name, equals, value = part.partition("=")
        if name not in allowed or not equals:
            raise MapError(f"expected name=value, with one of {', '.join(allowed)}")
        given[name] = unquote(value)
    return given
