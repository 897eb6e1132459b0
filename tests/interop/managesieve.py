"""A small ManageSieve client on a blocking socket: Python has none, and sieve-connect knows no implicit TLS."""

import base64
import re
import socket
import ssl
from typing import Final, Self

from tests.interop.machine import PATIENCE
from tests.interop.transports import Tls

LITERAL: Final = re.compile(rb"(.*)\{([0-9]+)\+?\}", re.DOTALL)
ENDS: Final = (b"OK", b"NO", b"BYE")


class Refused(Exception):
    """The server has answered NO or BYE; the text is its answer."""


class ManageSieve:
    """A connection; `with` closes it.

    Attributes:
        capabilities: the lines that the server has sent last.
    """

    def __init__(self, port: int, tls: Tls, context: ssl.SSLContext) -> None:
        self._buffer = bytearray()
        self.sock = socket.create_connection(("localhost", port), PATIENCE)
        try:
            if tls is Tls.SSL:
                self._wrap(context)
            self.capabilities = self._answer()
            if tls is Tls.STARTTLS:
                self.command(b"STARTTLS")
                self._wrap(context)
                self.capabilities = self._answer()
        except BaseException:
            self.sock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def command(self, *words: bytes) -> list[bytes]:
        """Send a command; give the lines before the OK, literals put in.

        Raises:
            Refused: there is no OK.
        """
        self.sock.sendall(b" ".join(words) + b"\r\n")
        return self._answer()

    def log_in(self, user: str, password: str) -> None:
        """Log in by SASL PLAIN."""
        self.command(b"AUTHENTICATE", b'"PLAIN"', quoted(base64.b64encode(f"\0{user}\0{password}".encode())))

    def put(self, name: str, script: bytes) -> None:
        """Store a script."""
        self.command(b"PUTSCRIPT", quoted(name.encode()), literal(script))

    def get(self, name: str) -> bytes:
        """Read a script."""
        return self.command(b"GETSCRIPT", quoted(name.encode()))[0]

    def log_out(self) -> bytes:
        """Log out; give what comes behind the answer, up to the end of the stream."""
        self.command(b"LOGOUT")
        while data := self.sock.recv(4096):
            self._buffer += data
        return bytes(self._buffer)

    def _wrap(self, context: ssl.SSLContext) -> None:
        assert not self._buffer
        self.sock = context.wrap_socket(self.sock, server_hostname="localhost")

    def _answer(self) -> list[bytes]:
        lines: list[bytes] = []
        while True:
            line, is_end = self._line()
            if not is_end:
                lines.append(line)
            elif line.startswith(b"OK"):
                return lines
            else:
                raise Refused(line.decode())

    def _line(self) -> tuple[bytes, bool]:
        """Read a line, with the octets of a literal in its place; say whether it ends an answer."""
        line = self._until_crlf()
        is_end = line.startswith(ENDS)
        if found := LITERAL.fullmatch(line):
            self._fill(int(found[2]))
            line = found[1] + self._take(int(found[2])) + self._until_crlf()
        return line, is_end

    def _until_crlf(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._fill(len(self._buffer) + 1)
        line = self._take(end)
        self._take(2)
        return line

    def _fill(self, count: int) -> None:
        while len(self._buffer) < count:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("the server has closed")
            self._buffer += data

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


def quoted(octets: bytes) -> bytes:
    """Write a quoted string; nothing in it needs an escape."""
    return b'"' + octets + b'"'


def literal(octets: bytes) -> bytes:
    """Write a literal."""
    return b"{%d+}\r\n" % len(octets) + octets
