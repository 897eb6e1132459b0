"""Peers for the proxy under test: plain blocking sockets, the standard library's TLS, and threads."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self, TypeVar

PATIENCE: Final = 60.0
"""How many seconds a wait may take before the test has failed: generous, for it decides nothing else."""
CHUNK: Final = 65536


class Talk:
    """One end of a connection.

    Attributes:
        sock: the socket, or the TLS socket on it.
        was_reset: whether the connection ended with RST, not FIN.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.sock = sock
        self.was_reset = False
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    @property
    def way(self) -> str:
        """Who talks to whom, as the log writes it."""
        return "{}:{}->{}:{}".format(*self.sock.getsockname()[:2], *self.sock.getpeername()[:2])

    def say(self, data: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(data)

    def hear(self) -> bytes:
        """Receive something; `b""` is the end."""
        if self._buffer:
            return self._take(len(self._buffer))
        try:
            return self.sock.recv(CHUNK)
        except ConnectionError:
            self.was_reset = True
        except ssl.SSLError as error:
            if isinstance(error, TimeoutError):
                raise
        return b""

    def line(self) -> bytes:
        """Receive one line, with its end; at the end of the stream what is there."""
        while (end := self._buffer.find(b"\n")) < 0:
            if not self._fill():
                return self._take(len(self._buffer))
        return self._take(end + 1)

    def exactly(self, count: int) -> bytes:
        """Receive so many octets; fewer at the end of the stream."""
        while len(self._buffer) < count and self._fill():
            pass
        return self._take(count)

    def rest(self) -> bytes:
        """Receive everything up to the end."""
        while self._fill():
            pass
        return self._take(len(self._buffer))

    def end(self) -> None:
        """Say that nothing follows."""
        if isinstance(self.sock, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                self.sock = self.sock.unwrap()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with RST."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def close(self) -> None:
        """Close."""
        self.sock.close()

    def connect_tls(self, context: ssl.SSLContext, name: str = "localhost") -> None:
        """Do the handshake of a client."""
        self.sock = context.wrap_socket(self.sock, server_hostname=name)

    def accept_tls(self, context: ssl.SSLContext) -> None:
        """Do the handshake of a server."""
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def _fill(self) -> bool:
        waiting, self._buffer = self._buffer, bytearray()
        data = self.hear()
        self._buffer = waiting + data
        return bool(data)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


def call(port: int, host: str = "127.0.0.1") -> Talk:
    """Connect."""
    return Talk(socket.create_connection((host, port), timeout=PATIENCE))


Script = Callable[[Talk], object]


class RealServer:
    """A real server that follows a script on each connection, each in a thread of its own.

    Attributes:
        port: where it listens.
        talks: its connections so far.
    """

    def __init__(self, script: Script, *, host: str = "127.0.0.1", backlog: int = 512) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=backlog)
        self.port: int = self._listener.getsockname()[1]
        self.talks: list[Talk] = []
        self._script = script
        self._threads = [threading.Thread(target=self._accept)]
        self._wrong: list[Exception] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for talk in self.talks:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own: that one forgets its TLS, and the script would read ciphertext as lines.
                socket.socket.shutdown(talk.sock, socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        if self._wrong and kind is None:
            raise self._wrong[0]

    def wait(self) -> None:
        """Wait until the scripts of all connections so far are over."""
        for thread in self._threads[1:]:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            talk = Talk(sock)
            thread = threading.Thread(target=self._follow, args=(talk,))
            self.talks.append(talk)
            self._threads.append(thread)
            thread.start()

    def _follow(self, talk: Talk) -> None:
        try:
            self._script(talk)
        except OSError:
            pass  # the proxy has closed, or the test is over
        except Exception as error:
            self._wrong.append(error)
        finally:
            talk.close()


Key = TypeVar("Key")
Result = TypeVar("Result")


def at_once(calls: Mapping[Key, Callable[[], Result]], most: int | None = None) -> dict[Key, Future[Result]]:
    """Make calls that mostly wait at the same time, and wait for the last; `result()` gives each its own.

    Args:
        calls: what to do.
        most: how many at a time; None: all.
    """
    with ThreadPoolExecutor(most or max(len(calls), 1)) as pool:
        return {key: pool.submit(function) for key, function in calls.items()}
