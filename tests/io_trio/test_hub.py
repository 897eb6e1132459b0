"""The hub: who is counted, what survives a crash at the hand-over, and how all of it ends."""

import contextlib
import socket
from collections.abc import AsyncIterator

import attrs
import pytest
import trio

from perdition.config.settings import Settings
from perdition.config.values import HostPort, Protocol
from perdition.io_trio.hub import Hub, Listener, bound_to
from perdition.io_trio.listeners import Address, bind
from perdition.io_trio.relay import Relay
from perdition.io_trio.service import Service, make_service
from perdition.session.effects import Level
from tests.io_trio.popmaps import silent_popmaps
from tests.io_trio.streams import read_all
from tests.io_trio.talk import PATIENCE

LOG_IN = b"a LOGIN joe secret\r\n"


@attrs.define
class Stage:
    """A hub with one listener, and the real server behind it."""

    hub: Hub
    service: Service
    port: int
    real: trio.SocketListener
    log: list[str]

    async def call(self) -> trio.SocketStream:
        """Connect and hear the greeting."""
        client = await trio.open_tcp_stream("127.0.0.1", self.port)
        await client.receive_some()
        return client

    async def log_in(self) -> tuple[trio.SocketStream, trio.SocketStream]:
        client = await self.call()
        await client.send_all(LOG_IN)
        server = await self.real.accept()
        await server.send_all(b"* OK [CAPABILITY IMAP4rev1] hello\r\n")
        await server.receive_some()
        await server.send_all(b"p1 OK welcome\r\n")
        return client, server


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        yield made


@contextlib.asynccontextmanager
async def staged(room: int | None = None) -> AsyncIterator[Stage]:
    with contextlib.ExitStack() as stack:
        real = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        settings = Settings(
            protocol=Protocol.IMAP4,
            bind_address=(HostPort("127.0.0.1"),),
            listen_port=0,
            no_lookup=True,
            map_library="",
            outgoing_server=(HostPort("127.0.0.1", real.getsockname()[1]),),
        )
        service = make_service(settings, silent_popmaps())
        sock = bind(Address(socket.AF_INET, ("127.0.0.1", 0)))
        port = sock.getsockname()[1]
        log: list[str] = []

        def write(level: Level, line: str) -> None:
            log.append(line)

        hub = Hub([Listener(sock, service)], write, room)
        listening = trio.SocketListener(trio.socket.from_stdlib_socket(real))
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                await nursery.start(hub.run)
                yield Stage(hub, service, port, listening, log)
                nursery.cancel_scope.cancel()


async def test_log_ins_become_sessions_and_both_are_counted_to_their_end(stage: Stage) -> None:
    idle = await stage.call()

    assert (stage.hub.log_ins, stage.hub.sessions, stage.service.connections) == (1, 0, 1)

    client, server = await stage.log_in()
    await client.receive_some()

    assert (stage.hub.log_ins, stage.hub.sessions, stage.service.connections) == (1, 1, 2)

    await idle.aclose()
    await stage.hub.wait_for_log_ins()

    assert (stage.hub.log_ins, stage.hub.sessions, stage.service.connections) == (0, 1, 1)

    await client.aclose()
    await server.aclose()
    await stage.hub.wait_for_sessions()

    assert (stage.hub.log_ins, stage.hub.sessions, stage.service.connections) == (0, 0, 0)


async def test_a_crash_at_the_hand_over_ends_that_session_and_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await stage.call() as other:

        def crash(*_: object, **__: object) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr(Relay, "add", crash)
        client, server = await stage.log_in()

        assert await read_all(server) == b""
        assert (await read_all(client)).startswith(b"a OK")
        assert (stage.hub.log_ins, stage.hub.sessions, stage.service.connections) == (1, 0, 1)
        assert sum("Internal error: RuntimeError" in line for line in stage.log) == 1
        assert not any("a bug" in line for line in stage.log)

        await other.send_all(b"a NOOP\r\n")

        assert b"a OK" in await other.receive_some()
        await client.aclose()
        await server.aclose()


async def test_nobody_comes_in_any_more_and_whoever_is_there_may_stay(stage: Stage) -> None:
    async with await stage.call() as client:
        stage.hub.stop_accepting()
        with pytest.raises(OSError, match="all attempts to connect"):
            await trio.open_tcp_stream("127.0.0.1", stage.port)
        await client.send_all(b"a NOOP\r\n")

        assert b"a OK" in await client.receive_some()

        stage.hub.stop_idle_log_ins()

        assert (await client.receive_some()).startswith(b"* BYE")
    await stage.hub.wait_for_sessions()


async def test_a_connection_that_somebody_else_accepted_is_served(stage: Stage) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.setblocking(False)
        stage.hub.take(ours, ("192.0.2.1", 1234), stage.service)
        theirs.settimeout(PATIENCE)
        greeting = theirs.recv(1000)

        assert greeting.startswith(b"* OK")
        assert stage.log == ["Connect:  192.0.2.1:1234->:0"]
    await stage.hub.wait_for_sessions()


@pytest.mark.parametrize(("host", "differ"), [("127.0.0.1", False), ("0.0.0.0", True), ("::1", False), ("::", True)])  # noqa: S104
def test_what_the_connections_of_a_listener_reach(host: str, differ: bool) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as sock:
        assert bound_to(sock) == (None if differ else sock.getsockname()[:2])


async def test_those_for_whom_there_is_no_room_wait_and_come_in_when_somebody_has_left() -> None:
    async with staged(room=2) as stage:
        client, server = await stage.log_in()
        await client.receive_some()
        idle = await stage.call()
        late = [await trio.open_tcp_stream("127.0.0.1", stage.port) for _ in range(2)]
        await idle.send_all(b"a NOOP\r\n")

        assert b"a OK" in await idle.receive_some()  # the loop has had its turn
        assert (stage.hub.log_ins, stage.hub.sessions) == (1, 1)
        assert [line for line in stage.log if "Clients have to wait" in line] == [
            "Clients have to wait: no descriptors for more than 2 connections (ulimit -n)"
        ]

        await idle.aclose()

        assert b"ready" in await late[0].receive_some()
        assert (stage.hub.log_ins, stage.hub.sessions) == (1, 1)

        await client.aclose()
        await server.aclose()

        assert b"ready" in await late[1].receive_some()
        assert sum("Clients have to wait" in line for line in stage.log) == 1

        for one in late:
            await one.aclose()
        await stage.hub.wait_for_sessions()
        async with await stage.call():
            pass
