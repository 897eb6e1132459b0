"""The daemon map: another process on this machine answers, over a UNIX datagram socket.

perdition option map_library_opt is `socket[:timeout[:tries]]`, as in perdition 2.2; this is the default:

    /var/run/perdition.db:1:5

A question is sent again each `timeout` seconds, `tries` times in all; then the map is unavailable (perdition 2.2
waits for ever).  A daemon that is not there is tried as often, after short pauses.
"""

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from typing import Final

import attrs
import trio

from perdition.maps._daemon_packet import MOST, Answer, BadPacket, read_answer, write_question
from perdition.maps.contract import MapError, Runs
from perdition.maps.outcome import Absent, Broken, Found, Outcome, Query, Unavailable

DEFAULT: Final = "/var/run/perdition.db"
TIMEOUT, TRIES = 1, 5
HIGHEST: Final = 3600
FIRST_PAUSE: Final = 0.1
"""How many seconds pass before a daemon that is not there is tried again; each pause is twice the one before."""


@attrs.frozen
class DaemonMap:
    """The map.

    Args:
        path: the daemon's socket.
        timeout: after how many seconds a question is sent again.
        tries: how often it is sent.
    """

    path: str
    timeout: int
    tries: int
    runs = Runs.NATIVE
    by_address = True  # the question has them

    async def lookup(self, query: Query) -> Outcome:
        """Ask the daemon."""
        try:
            question = write_question(query)
        except BadPacket as error:
            return Broken(str(error))
        patience = self.timeout * self.tries
        silent = why = f"{self.path}: no answer within {patience} s"
        with trio.move_on_after(patience):
            for number in range(self.tries):
                if number:
                    await trio.sleep(min(FIRST_PAUSE * 2 ** (number - 1), self.timeout))
                why = silent
                try:
                    return outcome_of(read_answer(await self._ask(question)), query)
                except OSError as error:
                    why = f"{self.path}: {error.strerror or error}"
                except BadPacket as error:
                    return Unavailable(f"{self.path}: {error}")
        return Unavailable(why)

    def reload(self) -> None:
        """Nothing is kept that could be old."""

    def close(self) -> None:
        """Nothing is kept that could be closed."""

    async def _ask(self, question: bytes) -> bytes:
        """Send a question again and again until an answer comes."""
        with connected_to(self.path) as plain, trio.socket.from_stdlib_socket(plain) as sock:
            while True:
                with trio.move_on_after(self.timeout):
                    await sock.send(question)
                    return await sock.recv(MOST + 1)


@contextlib.contextmanager
def connected_to(path: str) -> Iterator[socket.socket]:
    """Make a socket of our own, with a name that nobody had before: no answer to an earlier question can come to it.

    Connected before it has a name, it takes packets from that daemon alone, so that others may have the right to
    send: the daemon may run as anybody.

    Raises:
        OSError: nobody listens there, or the folder for temporary files cannot be used.
    """
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        sock.connect(path)
        folder = tempfile.mkdtemp(prefix="perdition-map-")  # names as in perdition 2.2
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        name = os.path.join(folder, f"map.{os.getpid()}")
        sock.bind(name)
        os.chmod(name, 0o666)  # noqa: S103  # see above
        os.chmod(folder, 0o711)  # noqa: S103
        yield sock


def outcome_of(answer: Answer, query: Query) -> Outcome:
    """Read the answer to a question.  A server is a name or an address, and never parted at a colon.

    A user without a server is a name for the default server, as in perdition 2.2, unless it is the key that was
    asked for (perdition-mapd says so of users it does not know).  An empty user is none.
    """
    delimiter = query.delimiter
    user = answer.user + delimiter if answer.user and delimiter else b""
    server, port = answer.server, answer.port
    if not server:
        return Absent() if not user or answer.user == query.key else Found(user)
    if delimiter and any(delimiter in text for text in (server, port)):
        return Broken("expected a server and a port without the delimiter of user names")
    bare = server[1:-1] if server.startswith(b"[") and server.endswith(b"]") else server
    if not bare or b"[" in bare or b"]" in bare or b":" in port:
        return Broken("expected the name or the address of a server, and a port")
    if b":" in bare:
        server = b"[%b]" % bare
    return Found(user + server + b":" + port if port else user + server)


def open_map(option: str) -> DaemonMap:
    """Read the option.

    Raises:
        MapError: it makes no sense.
    """
    path, _, rest = option.partition(":")
    timeout, _, tries = rest.partition(":")
    return DaemonMap(path or DEFAULT, _number("timeout", timeout, TIMEOUT), _number("tries", tries, TRIES))


def _number(name: str, text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(HIGHEST)) and 1 <= int(text) <= HIGHEST):
        raise MapError(f"{name}: expected socket[:timeout[:tries]] with numbers from 1 to {HIGHEST}")
    return int(text)
