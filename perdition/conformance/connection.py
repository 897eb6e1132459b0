"""A connection to the server under test: one blocking socket, with an end to the time and the octets of all it does."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import attrs

from perdition.conformance.acts import (
    Answer,
    Flood,
    HalfClose,
    Hear,
    Heard,
    Say,
    Silence,
    StartTls,
    TlsFailed,
    TlsStarted,
    Verdict,
)
from perdition.conformance.live import Dialogue

CHUNK: Final = 65536
PATIENCE: Final = 5
"""How many times as long as one answer a whole connection may take."""
MOST: Final = 1 << 18
"""How many octets a server may say in one."""

Cut = Callable[[bytes], list[bytes]]


class NoConnection(Exception):
    """The server cannot be reached, or does not greet; the text says why."""


@attrs.frozen
class Server:
    """Where the server is, and how it is spoken to.

    Attributes:
        host: a name or an address.
        port: of TCP.
        context: for TLS; None: there is none.
        name: for SNI and the certificate.
        seconds: how long it may be silent.
    """

    host: str
    port: int
    context: ssl.SSLContext | None
    name: str
    seconds: float


def whole(octets: bytes) -> list[bytes]:
    """Cut nothing."""
    return [octets]


class Connection:
    """One connection.

    Args:
        server: to whom.
        cut: cuts what is said into segments.

    Attributes:
        greeted: whether the server has said anything.

    Raises:
        NoConnection: nobody is there.
    """

    def __init__(self, server: Server, cut: Cut = whole) -> None:
        self._server, self._cut = server, cut
        self._limit = time.monotonic() + server.seconds * PATIENCE
        self._left = MOST
        self.greeted = False
        try:
            self._sock: socket.socket = socket.create_connection((server.host, server.port), timeout=server.seconds)
        except OSError as error:
            raise NoConnection(f"cannot connect to {server.host} port {server.port}: {error}") from None
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._sock.close()

    def say(self, data: bytes) -> None:
        """Send octets; a failure shows when the answer is waited for."""
        with contextlib.suppress(OSError):
            self._sock.settimeout(self._seconds())
            for piece in self._cut(data):
                self._sock.sendall(piece)

    def hear(self) -> Answer:
        """Wait for octets."""
        if time.monotonic() > self._limit:  # it has always said something in time, and never what was waited for
            return Silence()
        try:
            self._sock.settimeout(self._seconds())
            data = self._sock.recv(CHUNK)
        except TimeoutError:
            return Silence()
        except OSError:  # reset, or closed without a word of TLS: the end all the same
            return Heard(b"")
        self.greeted = self.greeted or bool(data)
        self._left -= len(data)
        return Flood() if self._left < 0 else Heard(data)

    def _seconds(self) -> float:
        """Give how long one thing may take: never 0, which would be not to wait at all."""
        return max(min(self._server.seconds, self._limit - time.monotonic()), 0.001)

    @property
    def alpn(self) -> str | None:
        """The protocol that the server has chosen in the handshake, or None."""
        return self._sock.selected_alpn_protocol() if isinstance(self._sock, ssl.SSLSocket) else None

    def half_close(self) -> None:
        """Say that nothing follows."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_WR)  # that of TLS would forget the TLS

    def start_tls(self) -> Answer:
        """Do the handshake of a client."""
        if self._server.context is None:
            return TlsFailed("the runner has no TLS (--tls none)", ended=False)
        try:
            self._sock.settimeout(self._seconds())
            self._sock = self._server.context.wrap_socket(self._sock, server_hostname=self._server.name)
        except ssl.SSLCertVerificationError as error:
            return TlsFailed(f"the certificate: {error.verify_message}", ended=False)
        except TimeoutError:
            return TlsFailed("nothing came in time", ended=False)
        except ssl.SSLError as error:
            reason = error.reason or str(error)
            return TlsFailed(
                reason, ended=isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or "ALERT" in reason
            )
        except OSError as error:
            return TlsFailed(str(error), ended=True)
        return TlsStarted()


def play(dialogue: Dialogue, server: Server, cut: Cut = whole) -> Verdict:
    """Play a dialogue on a connection of its own.

    Raises:
        NoConnection: nobody is there, or nobody greets: it may want fewer connections.
    """
    with Connection(server, cut) as connection:
        answer: Answer = None
        run = dialogue.run()
        try:
            while True:
                match run.send(answer):
                    case Say(data):
                        connection.say(data)
                        answer = None
                    case Hear():
                        answer = connection.hear()
                        if not connection.greeted:
                            raise NoConnection(f"no greeting from {server.host} port {server.port}")
                    case StartTls():
                        answer = connection.start_tls()
                        if not connection.greeted and isinstance(answer, TlsFailed):
                            raise NoConnection(f"no TLS with {server.host} port {server.port}: {answer.why}")
                    case HalfClose():
                        connection.half_close()
                        answer = None
        except StopIteration as stop:
            verdict: Verdict = stop.value
            return verdict
