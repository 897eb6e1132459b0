"""One connection: a non-blocking socket, with TLS straight on it or without.

`SSL.Connection` works on the socket itself and trio waits for readiness: half the CPU of `trio.SSLStream`, and
no octet is ever read ahead of a handshake.  No coroutine waits inside `except WantReadError`, for the live
traceback would pin the buffer of the read.
"""

import contextlib
import socket
from typing import Final

import trio
from OpenSSL import SSL

CHUNK: Final = 65536
LINGER: Final = 2.0
"""How many seconds a peer that goes on talking may keep us from closing."""


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
    """

    __slots__ = ("broken", "sock", "tls")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.tls: SSL.Connection | None = None
        self.broken = False

    # --- without waiting

    def try_receive(self) -> bytes:
        """Read what is there; `b""` is the end.

        Raises:
            WouldBlock: nothing is there.
        """
        if self.broken:
            return b""
        try:
            return self.sock.recv(CHUNK) if self.tls is None else self.tls.recv(CHUNK)
        except (BlockingIOError, SSL.WantReadError, SSL.WantWriteError):
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
            return self.sock.send(data) if self.tls is None else self.tls.send(data)
        except (BlockingIOError, SSL.WantReadError, SSL.WantWriteError):
            blocked = True
        except (SSL.Error, OSError):
            blocked = False
        if blocked:
            raise WouldBlock
        self.broken = True
        raise BrokenPipeError

    def end_writing(self) -> None:
        """Say that nothing follows; the peer may go on."""
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
            if self.tls is not None and not self.broken:
                self.tls.shutdown()
        except (SSL.Error, OSError):
            self.broken = True
        self.tls = None
        self.sock.close()

    # --- waiting

    async def receive(self) -> bytes:
        """Wait for octets; `b""` is the end.

        Others have their turn even when octets are there already: a peer that never pauses must not outrun its
        deadline, nor stop the daemon.
        """
        while not self.broken:
            if self.tls is not None and self.tls.pending():
                await trio.lowlevel.checkpoint()
            else:
                await trio.lowlevel.wait_readable(self.sock)
            try:
                return self.try_receive()
            except WouldBlock:
                pass
        return b""

    async def send(self, data: bytes, deadline: float) -> None:
        """Write all of it, but do not wait beyond the deadline (trio's clock): then the connection is broken."""
        rest = memoryview(data)
        while rest and not self.broken:
            try:
                rest = rest[self.try_send(rest) :]
                continue
            except WouldBlock:
                pass
            except OSError:
                return
            with trio.CancelScope(deadline=deadline) as scope:
                await trio.lowlevel.wait_writable(self.sock)
            if scope.cancelled_caught:
                self.broken = True

    async def drain(self) -> None:
        """If octets are left unread, end writing and throw away what still comes.

        Closing now would reset the connection, and the peer might never see our last words.
        """
        try:
            if not self.sock.recv(CHUNK):
                return
            self.end_writing()
            with trio.move_on_after(LINGER):
                while True:
                    await trio.lowlevel.wait_readable(self.sock)
                    if not self.sock.recv(CHUNK):
                        return
        except OSError:
            return  # nothing was left, or nobody is

    async def handshake(self, connection: SSL.Connection) -> None:
        """Do a TLS handshake; the connection was made on our socket and knows which side it is.

        Raises:
            TlsFailed: there is no TLS.
        """
        while True:
            try:
                connection.do_handshake()
                self.tls = connection
                return
            except SSL.WantReadError:
                wait = trio.lowlevel.wait_readable
            except SSL.WantWriteError:
                wait = trio.lowlevel.wait_writable
            except (SSL.Error, OSError) as error:
                self.broken = True
                raise TlsFailed(what_openssl_found(error)) from None
            await wait(self.sock)


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
