"""Plays a dialogue of the proxy on the running daemon: over sockets, and with real TLS."""

import contextlib
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from perdition.conformance.proxy_transcript import Event, ProxyTranscript, Row, Step, Verdict, Voice
from perdition.maps import sqlite
from tests.conformance.proxy_player import Mismatch, expand_options
from tests.conformance.proxy_stage import PROTOCOL
from tests.io_trio.certificates import Certificates
from tests.io_trio.proxy import Proxy
from tests.io_trio.talk import PATIENCE, Talk, call

READY: Final = re.compile(rb"perdition ready on \S+ ([0-9a-f]{8})")
CLIENT_HELLO: Final = b"\x16\x03"


@attrs.frozen
class Place:
    """Where one dialogue is played.

    Attributes:
        transcript: what is played.
        real: the listening socket of its real server.
        down: a port on which nobody listens.
        vanishing: a file of the popmap that is there only while the daemon starts.
        table: its listener, as TOML.
    """

    transcript: ProxyTranscript
    real: socket.socket
    down: socket.socket
    vanishing: Path | None
    table: str


def address(sock: socket.socket) -> str:
    """Give an address as options and maps write it."""
    return "{}:{}".format(*sock.getsockname())


def make_place(transcript: ProxyTranscript, folder: Path, sockets: contextlib.ExitStack) -> Place:
    """Open the sockets and write the popmap of a dialogue."""
    real = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
    real.settimeout(PATIENCE)
    down = sockets.enter_context(socket.socket())
    down.bind(("127.0.0.1", 0))  # and never listens
    options = expand_options(transcript, address(real), address(down))
    options["protocol"] = PROTOCOL[transcript.protocol]
    stem = folder / transcript.name.replace("/", "-")
    vanishing = None
    if any(row.answer is Verdict.UNAVAILABLE for row in transcript.popmap):
        vanishing = stem.with_suffix(".sqlite")
        sqlite.create(str(vanishing), [])
        options |= {"map_library": "sqlite", "map_library_opt": str(vanishing)}
    elif any(row.answer is Verdict.BROKEN for row in transcript.popmap):
        database = stem.with_suffix(".sqlite")
        sqlite.create(str(database), [])
        options |= {"map_library": "sqlite", "map_library_opt": f"{database}?query=SELECT 1 WHERE ? NOTNULL"}
    else:
        popmap = stem.with_suffix(".re")
        popmap.write_bytes(b"".join(rule(row, address(real), address(down)) for row in transcript.popmap))
        options |= {"map_library": "posix_regex", "map_library_opt": str(popmap)}
    lines = [f"{name} = {toml_value(value)}" for name, value in options.items()]
    return Place(transcript, real, down, vanishing, "\n".join(("[[listener]]", *lines, "")))


def rule(row: Row, real: str, down: str) -> bytes:
    """Write a row of the popmap as a line of the posix_regex map; an absent key has none."""
    if isinstance(row.answer, Verdict):
        return b""
    pattern = re.sub(rb"[^0-9A-Za-z\x80-\xff]", lambda found: b"[" + found[0] + b"]", row.key)
    answer = row.answer.replace("{real}", real).replace("{down}", down)
    return b"'^%b$': '%b'\n" % (pattern, answer.encode("ascii"))


def toml_value(value: str | None) -> str:
    """Write an option's value as TOML has it."""
    if value is None:
        return "true"
    return value if value.isdecimal() else "'" + value + "'"


def write_configuration(folder: Path, places: Sequence[Place], certificates: Certificates) -> Path:
    """Write a file with a listener for each dialogue."""
    file = folder / "perdition.toml"
    top = ('bind_address = "127.0.0.1"', "listen_port = 0", "no_lookup = true", *certificates.options())
    file.write_text("\n".join(top) + "\n" + "".join(place.table for place in places))
    return file


@contextlib.contextmanager
def daemon(folder: Path, places: Sequence[Place], certificates: Certificates) -> Iterator[Proxy]:
    """Run a daemon for the dialogues."""
    with Proxy(f"--config_file={write_configuration(folder, places, certificates)}") as proxy:
        for place in places:
            if place.vanishing is not None:
                os.unlink(place.vanishing)
        yield proxy


class LivePlayer:
    """Plays one dialogue.

    Args:
        place: where.
        port: of the daemon's listener.
        proxy: the daemon.
        certificates: that client and real server trust and show.
        stranger: the TLS context of a real server that nobody trusts.
    """

    def __init__(
        self, place: Place, port: int, proxy: Proxy, certificates: Certificates, stranger: ssl.SSLContext
    ) -> None:
        self._place, self._proxy, self._certificates, self._stranger = place, proxy, certificates, stranger
        self._number = 0
        self._instance = b""
        self._client = call(port)
        self._way = self._client.way
        self._real: Talk | None = None

    def play(self) -> None:
        """Play it to its end; then both streams end, and nothing more must have been said.

        Raises:
            Mismatch: the daemon does something else.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(self._client.close)
            stack.callback(self._leave_server)
            for write in self._place.transcript.writes:
                self._number = write[0].number
                self._play(write)
            self._end()

    def _play(self, write: Sequence[Step]) -> None:
        step = write[0]
        match step.what:
            case Voice.CLIENT | Voice.SERVER:
                talk = self._client if step.what is Voice.CLIENT else self._server
                octets = b"".join(step.octets for step in write)
                real = address(self._place.real).encode("ascii")
                talk.say(octets.replace(b"{instance}", self._instance).replace(b"{real}", real))
            case Voice.TO_CLIENT:
                said = self._hear(self._client, step)
                if (found := READY.search(said)) is not None:
                    self._instance = found[1]
            case Voice.TO_SERVER:
                self._hear(self._server, step)
            case Voice.LOG:
                self._proxy.wait_for(self._way, *(part.decode("ascii") for part in step.parts))
            case Event():
                HAPPENINGS[step.what](self)

    def _expect(self, condition: bool, text: str) -> None:
        if not condition:
            log = self._proxy.lines_with(self._way)
            raise Mismatch(f"{self._place.transcript.path.name}:{self._number}: {text}; log: {log}")

    @property
    def _server(self) -> Talk:
        assert self._real is not None, "the parser has seen to it"
        return self._real

    def _hear(self, talk: Talk, step: Step) -> bytes:
        said = talk.exactly(len(step.octets)) if step.octets else talk.line()
        self._expect(step.is_said(said), f"expected {step.parts}, the proxy has said {said!r}")
        return said

    def _connect(self) -> None:
        self._leave_server()
        self._real = Talk(self._place.real.accept()[0])

    def _leave_server(self) -> None:
        if self._real is not None:
            self._real.close()
        self._real = None

    def _client_tls(self) -> None:
        self._client.connect_tls(self._certificates.client)

    def _server_tls(self) -> None:
        self._server.accept_tls(self._certificates.server)

    def _server_tls_fails(self) -> None:
        server = self._server
        secured = self._stranger.wrap_socket(server.sock, server_side=True, do_handshake_on_connect=False)
        server.sock = secured
        with contextlib.suppress(OSError):
            secured.do_handshake()  # its end may come before the proxy's alert does

    def _server_closed(self) -> None:
        rest = self._server.rest()
        self._expect(
            rest == b"" or rest.startswith(CLIENT_HELLO), f"the proxy has also said {rest!r} to the real server"
        )
        self._leave_server()

    def _client_closed(self) -> None:
        rest = self._client.rest()
        self._expect(rest == b"", f"the proxy has also said {rest!r} to the client")

    def _end(self) -> None:
        end_writing(self._client)
        if self._real is not None:
            self._server_closed()
        self._client_closed()


def end_writing(talk: Talk) -> None:
    """End a stream without a word of TLS, and go on reading."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(talk.sock.fileno())) as twin:
        twin.shutdown(socket.SHUT_WR)


def nothing(player: LivePlayer) -> None:
    """Do nothing: only the answer shows that it has happened."""


HAPPENINGS: Final[dict[Event, Callable[[LivePlayer], None]]] = {
    Event.CONNECT: LivePlayer._connect,
    Event.REFUSED: nothing,
    Event.CLIENT_TLS: LivePlayer._client_tls,
    Event.SERVER_TLS: LivePlayer._server_tls,
    Event.SERVER_TLS_FAILS: LivePlayer._server_tls_fails,
    Event.CLIENT_EOF: lambda player: end_writing(player._client),
    Event.SERVER_EOF: lambda player: end_writing(player._server),
    Event.TIME_PASSES: nothing,
    Event.CLIENT_CLOSED: LivePlayer._client_closed,
    Event.SERVER_CLOSED: LivePlayer._server_closed,
}
