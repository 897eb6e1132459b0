"""One connection: a non-blocking socket, with TLS straight on it or without.

`SSL.Connection` works on the socket itself and the loop waits for readiness: half the CPU of `trio.SSLStream`, and
no octet is ever read ahead of a handshake.  Nothing is raised inside `except WantReadError`, for the live
traceback would pin the buffer of the read.
"""

import contextlib
import socket
from typing import Final

from OpenSSL import SSL

from perdition.io_trio.readiness import OVER, READABLE, WRITABLE

CHUNK: Final = 65536
RECORD: Final = 16384
"""What a record of TLS may hold (RFC 8446 5.1); OpenSSL gives one at a time."""


class WouldBlock(Exception):
    """Nothing can be read or written now."""


class TlsFailed(Exception):
    """A handshake failed; the text says what OpenSSL found."""


class Channel:
    """One connection.

    Reading and writing never raise for what the peer does: a connection that is broken is at its end.

    Attributes:
        sock: the socket.
        tls: the TLS connection on it, once the handshake is done.
        ended_writing: whether the peer knows that nothing follows.
        readable: the events that told of something to read, up to the read that finds nothing more.
    """

    __slots__ = ("broken", "ended_writing", "readable", "sock", "tls")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.tls: SSL.Connection | None = None
        self.broken = False
        self.ended_writing = False
        self.readable = 0

    def try_receive(self, most: int = CHUNK) -> bytes:
        """Read what is there; `b""` is the end.

        Args:
            most: how many octets at most; while more may be there, `readable` says so: in the socket, or in OpenSSL.

        Raises:
            WouldBlock: nothing is there.
        """
        if self.broken:
            return b""
        try:
            if self.tls is not None:
                return self.tls.recv(RECORD if most > RECORD else most)
            data = self.sock.recv(most)
            if len(data) < most:
                self.readable &= OVER  # that was all, but for the end if it was told of
            return data
        except (BlockingIOError, SSL.WantReadError):
            self.readable = 0
            blocked = True
        except SSL.WantWriteError:  # TLS has to say something itself first: what is there is still unread
            blocked = True
        except (SSL.Error, OSError):
            blocked = False
        if blocked:
            raise WouldBlock
        return b""

    def try_send(self, data: bytes | memoryview) -> int:
        """Write some of it; give how much.

        Raises:
            WouldBlock: nothing can be written now.
            OSError: the connection is broken.
        """
        if self.broken:
            raise BrokenPipeError
        try:
            if self.tls is None:
                return self.sock.send(data)
            return self.tls.send(data) if len(data) <= RECORD else self._send_records(self.tls, data)
        except (BlockingIOError, SSL.WantReadError, SSL.WantWriteError):
            blocked = True
        except (SSL.Error, OSError):
            blocked = False
        if blocked:
            raise WouldBlock
        self.broken = True
        raise BrokenPipeError

    def _send_records(self, tls: SSL.Connection, data: bytes | memoryview) -> int:
        """Write more than a record holds: OpenSSL writes one after the other, and corked they leave as one."""
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        except OSError:  # no TCP (inetd_mode)
            return tls.send(data)
        try:
            return tls.send(data)
        finally:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    def try_handshake(self, connection: SSL.Connection) -> int:
        """Go on with a TLS handshake; give the events to wait for, 0: it is done.

        The connection was made on our socket and knows which side it is.

        Raises:
            TlsFailed: there is no TLS.
        """
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            self.readable = 0
            return READABLE
        except SSL.WantWriteError:
            return WRITABLE
        except (SSL.Error, OSError) as error:
            self.broken = True
            why = connection.get_app_data()  # what the verifier found
            raise TlsFailed(why if isinstance(why, str) else what_openssl_found(error)) from None
        self.tls = connection
        return 0

    def end_writing(self) -> None:
        """Say that nothing follows; the peer may go on."""
        self.ended_writing = True
        if self.tls is not None:
            with contextlib.suppress(SSL.Error):  # there may be no room for it: then the FIN says it alone
                self.tls.shutdown()
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.broken = True

    def close(self) -> None:
        """Close; what was written is still delivered."""
        try:
            if self.tls is not None and not self.broken and not self.ended_writing:
                self.tls.shutdown()
        except (SSL.Error, OSError):
            self.broken = True
        self.tls = None
        self.sock.close()


def what_openssl_found(error: Exception) -> str:
    """Put the reasons of an OpenSSL error into words; they hold nothing that the peer sent."""
    match error.args:
        case ([*reasons],) if reasons:
            return "; ".join(str(reason[-1]) for reason in reasons)
        case (-1, str() as text):
            return text.lower()
        case (int(), str() as text):
            return text.lower()
    return "the connection was closed"
