"""Real servers on several addresses of the loopback that say who has come to which, and a client that asks."""

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Final

from tests.interop.machine import PATIENCE
from tests.ports import free_port

ADDRESSES: Final = tuple(f"127.0.0.{number}" for number in range(1, 7))
DEFAULT: Final = ADDRESSES[0]
AT_ONCE: Final = 25
NOWHERE: Final = b"refused"


class _Pop3(socketserver.StreamRequestHandler):
    """Takes every password, after USER or by SASL PLAIN; STAT tells the address that was reached and the user."""

    timeout = PATIENCE

    def handle(self) -> None:
        user = b""
        self.say(b"+OK ready")
        for line in self.rfile:
            verb, _, word = line.rstrip(b"\r\n").partition(b" ")
            match verb.upper():
                case b"CAPA":
                    self.say(b"+OK\r\nUSER\r\nSASL PLAIN\r\n.")
                case b"USER":
                    user = word
                    self.say(b"+OK")
                case b"PASS":
                    self.say(b"+OK")
                case b"AUTH":  # a name that is not ASCII; PLAIN with an initial response
                    user = base64.b64decode(word.partition(b" ")[2]).split(b"\0")[1]
                    self.say(b"+OK")
                case b"STAT":
                    self.say(f"+OK {self.connection.getsockname()[0]} ".encode() + user)
                case b"QUIT":
                    self.say(b"+OK")
                    return
                case _:
                    self.say(b"-ERR")

    def say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 100
    block_on_close = True


@contextmanager
def real_servers() -> Iterator[int]:
    """Serve on all addresses, on one port; give it."""
    port = free_port()
    with ExitStack() as stack:
        for address in ADDRESSES:
            server = stack.enter_context(_Server((address, port), _Pop3))
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield port


def route(port: int, user: bytes) -> bytes:
    """Log in; give address and user that the real server says, or NOWHERE."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock, sock.makefile("rb") as answers:

        def say(line: bytes) -> bytes:
            sock.sendall(line + b"\r\n")
            return answers.readline()

        answers.readline()
        if not say(b"USER " + user).startswith(b"+OK") or not say(b"PASS secret").startswith(b"+OK"):
            return NOWHERE
        found = say(b"STAT").rstrip(b"\r\n").removeprefix(b"+OK ")
        say(b"QUIT")
        return found


def routes(port: int, users: Sequence[bytes]) -> dict[bytes, bytes]:
    """Log all of them in, several at once: a log-in that is refused takes seconds."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(users, pool.map(lambda user: route(port, user), users), strict=True))
