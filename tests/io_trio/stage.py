"""A log-in between a client and a real server, over real sockets on the loopback."""

import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import attrs
import trio

from perdition.config.settings import Settings
from perdition.config.values import HostPort, Protocol
from perdition.io_trio.log_in import LogIn
from perdition.io_trio.lookup import Lookups
from perdition.io_trio.loop import Loop
from perdition.io_trio.service import Service, make_service
from perdition.maps import Outcome, Query
from perdition.session import effects as fx
from perdition.session.effects import Level
from tests.io_trio.popmaps import silent_popmaps
from tests.io_trio.streams import loopback, stream

CLIENT, LOCAL = ("192.0.2.1", 1234), ("192.0.2.2", 143)
LOG_IN = b"a LOGIN joe secret\r\n"
GREETING = b"* OK [CAPABILITY IMAP4rev1] hello\r\n"
QUIET: Final = 0.01
"""How many seconds nothing happens before the clock jumps: the kernel may need a moment."""


@attrs.define
class Stage:
    """A log-in, the client in front of it, and the real server behind it."""

    log_in: LogIn
    loop: Loop
    service: Service
    sock: socket.socket
    client: trio.SocketStream
    listener: trio.SocketListener
    log: list[str]
    over: trio.Event
    relays: list[fx.Relay | None]

    async def accept(self) -> trio.SocketStream:
        with trio.fail_after(20):
            return await self.listener.accept()

    async def line(self) -> bytes:
        """Hear a line; the proxy writes no two of them at once here."""
        return bytes(await self.client.receive_some())

    async def end(self) -> fx.Relay | None:
        """Wait for the end; give the hand-over."""
        await self.over.wait()
        [relay] = self.relays
        return relay

    async def log_in_to(self, server: trio.SocketStream) -> fx.Relay | None:
        await server.send_all(GREETING)
        await server.receive_some()
        await server.send_all(b"p1 OK welcome\r\n")
        return await self.end()


MakeStage = Callable[..., Stage]


@contextlib.asynccontextmanager
async def staging() -> AsyncIterator[MakeStage]:
    """Run a loop, give what makes stages on it, and close them all."""
    with contextlib.ExitStack() as stack:
        loop = Loop()
        stack.callback(loop.close)
        made: list[tuple[LogIn, list[fx.Relay | None]]] = []

        def make(**options: object) -> Stage:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            settings = attrs.evolve(
                Settings(
                    protocol=Protocol.IMAP4,
                    no_lookup=True,
                    map_library="",
                    outgoing_server=(HostPort("127.0.0.1", listener.getsockname()[1]),),
                    ssl_no_cert_verify=True,
                    authenticate_timeout=60,
                ),
                **options,  # type: ignore[arg-type]  # the tests know the names
            )
            service = make_service(settings, silent_popmaps())
            log: list[str] = []
            relays: list[fx.Relay | None] = []
            over = trio.Event()

            def write(level: Level, line: str) -> None:
                log.append(line)

            def note(log_in: LogIn, relay: fx.Relay | None) -> None:
                relays.append(relay)
                if relay is None:
                    log_in.close()
                over.set()

            ours, sock = loopback()
            stack.callback(sock.close)
            log_in = LogIn(loop, service, ours, (CLIENT, LOCAL), write, note)
            made.append((log_in, relays))
            listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
            return Stage(log_in, loop, service, sock, stream(sock), listening, log, over, relays)

        async with trio.open_nursery() as nursery:
            await nursery.start(loop.run)
            yield make
            nursery.cancel_scope.cancel()
        for log_in, relays in made:
            if relays != [None]:
                log_in.close()


def as_errand(ask: Callable[[Query], Awaitable[Outcome]]) -> Lookups:
    """Make lookups that cannot answer at once."""

    class Elsewhere(Lookups):
        def at_once(self, query: Query) -> Outcome | None:
            return None

        async def __call__(self, query: Query) -> Outcome:
            return await ask(query)

    return Elsewhere()
