"""One log-in performed: real sessions over real sockets, and a clock that jumps where time matters."""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import attrs
import pytest
import trio

from perdition.config.settings import Settings
from perdition.config.ssl_mode import SslMode
from perdition.config.ssl_mode import Tls as SslTls
from perdition.config.values import HostPort, Protocol
from perdition.io_trio.driver import Driver
from perdition.io_trio.service import make_service
from perdition.session import Endpoints, Session
from perdition.session import effects as fx
from perdition.session.effects import Level
from tests.io_trio.streams import loopback, read_all, stream

CLIENT, LOCAL = ("192.0.2.1", 1234), ("192.0.2.2", 143)
LOG_IN = b"a LOGIN joe secret\r\n"
GREETING = b"* OK [CAPABILITY IMAP4rev1] hello\r\n"


@attrs.define
class Stage:
    """A driver, the client in front of it, and the real server behind it."""

    driver: Driver
    client: trio.SocketStream
    listener: trio.SocketListener
    log: list[str]

    async def accept(self) -> trio.SocketStream:
        with trio.fail_after(20):
            return await self.listener.accept()

    async def line(self) -> bytes:
        """Hear a line; the proxy writes no two of them at once here."""
        return bytes(await self.client.receive_some())


Make = Callable[..., Stage]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    with contextlib.ExitStack() as stack:

        def make(**options: object) -> Stage:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            settings = attrs.evolve(
                Settings(
                    protocol=Protocol.IMAP4,
                    outgoing_server=(HostPort("127.0.0.1", listener.getsockname()[1]),),
                    ssl_no_cert_verify=True,
                    authenticate_timeout=60,
                ),
                **options,  # type: ignore[arg-type]  # the tests know the names
            )
            service = make_service(settings)
            log: list[str] = []

            def write(level: Level, line: str) -> None:
                log.append(line)

            endpoints = Endpoints(CLIENT, LOCAL, "proxy")
            channel, sock = loopback()
            stack.callback(sock.close)
            driver = Driver(Session(service.policy, endpoints), service, channel, endpoints, write)
            stack.callback(driver.close)
            return Stage(driver, stream(sock), trio.SocketListener(trio.socket.from_stdlib_socket(listener)), log)

        yield make


async def test_a_log_in_that_works_ends_with_the_hand_over(make: Make) -> None:
    stage = make()
    relays: list[fx.Relay | None] = []

    async def drive() -> None:
        relays.append(await stage.driver.run())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(drive)
        await stage.line()
        await stage.client.send_all(LOG_IN + b"b NOOP\r\n")
        server = await stage.accept()
        await server.send_all(GREETING)
        asked = await server.receive_some()
        await server.send_all(b"p1 OK welcome\r\n* 1 EXISTS\r\n")
    [relay] = relays

    assert asked == b'p1 LOGIN "joe" "secret"\r\n'
    assert relay is not None
    assert relay.to_server == b"b NOOP\r\n"
    assert relay.to_client == b"* 1 EXISTS\r\n"
    assert stage.driver.server is not None
    assert stage.log[0] == "Connect:  192.0.2.1:1234->192.0.2.2:143"

    stage.driver.close()

    assert await read_all(server) == await read_all(stage.client) == b""
    await server.aclose()


async def test_a_client_that_leaves_ends_the_session(make: Make) -> None:
    stage = make()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.driver.run)
        await stage.line()
        await stage.client.send_all(b"a LOGOUT\r\n")

        assert b"a OK" in await stage.line()


async def test_silence_lasts_as_long_as_it_may(make: Make, autojump_clock: trio.testing.MockClock) -> None:
    stage = make()
    begin = trio.current_time()
    relay = await stage.driver.run()

    assert relay is None
    assert trio.current_time() - begin == 60
    assert b"BYE" in await stage.line()


async def test_time_that_is_nought_is_no_limit(make: Make, autojump_clock: trio.testing.MockClock) -> None:
    stage = make(authenticate_timeout=0, connect_timeout=0)
    with trio.move_on_after(10**8) as scope:
        await stage.driver.run()

    assert scope.cancelled_caught


async def test_a_refusal_takes_its_time_and_the_client_may_try_again(
    make: Make, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = 0.01
    stage = make(outgoing_server=())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.driver.run)
        await stage.line()
        for _ in range(2):
            begin = trio.current_time()
            await stage.client.send_all(LOG_IN)

            assert b"a NO" in await stage.line()
            assert trio.current_time() - begin == 3
        nursery.cancel_scope.cancel()


async def test_a_real_server_that_cannot_be_reached_is_told_in_the_log(
    make: Make, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = 0.01
    stage = make()
    await stage.listener.aclose()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.driver.run)
        await stage.line()
        await stage.client.send_all(LOG_IN)

        assert b"a NO" in await stage.line()
        nursery.cancel_scope.cancel()

    assert any("connection refused" in line for line in stage.log)


@pytest.mark.parametrize(
    ("said", "words"), [(b"* OK in clear\r\n", "wrong version number"), (None, "timed out")], ids=["clear", "silence"]
)
async def test_a_real_server_without_its_tls_is_left_before_the_client_is_told(
    make: Make, autojump_clock: trio.testing.MockClock, said: bytes | None, words: str
) -> None:
    autojump_clock.autojump_threshold = 0.01
    stage = make(ssl_mode=SslMode(SslTls.NONE, SslTls.SSL), ssl_ca_path=None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.driver.run)
        await stage.line()
        await stage.client.send_all(LOG_IN)
        server = await stage.accept()
        if said is not None:
            await server.send_all(said)
        await read_all(server)  # up to its end: a ClientHello

        assert stage.driver.server is None
        assert b"a NO" in await stage.line()
        nursery.cancel_scope.cancel()
    await server.aclose()

    assert any(words in line for line in stage.log)
    assert not any("secret" in line for line in stage.log)


async def test_stopping_ends_a_wait_for_the_client_with_a_farewell(make: Make) -> None:
    stage = make()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.driver.run)
        await stage.line()
        await trio.testing.wait_all_tasks_blocked()
        stage.driver.stop()

    assert (await stage.line()).startswith(b"* BYE")


async def test_stopping_before_the_first_wait_is_the_same(make: Make) -> None:
    stage = make()
    stage.driver.stop()
    relay = await stage.driver.run()

    assert relay is None
    assert b"* BYE" in await stage.line()


async def test_stopping_lets_a_log_in_go_on(make: Make) -> None:
    stage = make()
    relays: list[fx.Relay | None] = []

    async def drive() -> None:
        relays.append(await stage.driver.run())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(drive)
        await stage.line()
        await stage.client.send_all(LOG_IN)
        server = await stage.accept()
        stage.driver.stop()
        await server.send_all(GREETING)
        await server.receive_some()
        await server.send_all(b"p1 OK welcome\r\n")
    await server.aclose()

    assert relays[0] is not None
