"""The relay: octets in both directions over any pair of legs, ends, limits, silence, and what is left of it."""

import contextlib
import gc
import math
import os
import random
import select
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from typing import Final

import attrs
import pytest
import trio

from perdition.io_trio.channel import CHUNK, Channel
from perdition.io_trio.flow import Flow
from perdition.io_trio.loop import Loop
from perdition.io_trio.pipes import IN_USE
from perdition.io_trio.relay import HALF_CLOSED, Pair, Relay
from tests.io_trio.certificates import Certificates
from tests.io_trio.streams import Peer, loopback, read_all, secured, socket_pair, stream

pump = Flow.pump
LEGS: Final = [(False, False), (True, False), (False, True), (True, True)]
NAMES: Final = ["plain-plain", "TLS-plain", "plain-TLS", "TLS-TLS"]
both_legs = pytest.mark.parametrize(("tls_client", "tls_server"), LEGS, ids=NAMES)


@attrs.define
class Session:
    """One session in the relay, seen from both of its ends."""

    client: Peer
    server: Peer
    pair: Pair
    ended: trio.Event
    result: tuple[int, int, bool] | None = None

    async def wait_long(self) -> tuple[int, int, bool]:
        """Wait by a clock that jumps."""
        await self.ended.wait()
        assert self.result is not None
        return self.result

    async def wait(self) -> tuple[int, int, bool]:
        with trio.fail_after(20):
            await self.ended.wait()
        assert self.result is not None
        return self.result


class Hub:
    """A running relay, and how to fill it."""

    def __init__(self, certificates: Certificates) -> None:
        self.crashes: list[str] = []
        self.loop = Loop()
        self.relay = Relay(self.loop, self._crashed)
        self._certificates = certificates
        self._peers: list[Peer] = []
        self.make_pair = loopback

    def _crashed(self) -> None:
        self.crashes.append(repr(sys.exception()))

    async def end(self, tls: bool) -> tuple[Channel, Peer]:
        """Make one leg: our channel and the peer at its other end."""
        channel, sock = self.make_pair()
        peer: Peer = await secured(self._certificates, channel, sock) if tls else stream(sock)
        self._peers.append(peer)
        return channel, peer

    async def session(
        self,
        tls_client: bool = False,
        tls_server: bool = False,
        *,
        to_client: bytes = b"",
        to_server: bytes = b"",
        silence: float = 0,
        idle_farewell: bytes = b"",
    ) -> Session:
        """Add a session."""
        client_channel, client = await self.end(tls_client)
        server_channel, server = await self.end(tls_server)
        ended = trio.Event()

        def on_end(received: int, sent: int, idle: bool) -> None:
            assert session is None or session.result is None  # it is called once
            result.append((received, sent, idle))
            if session is not None:
                session.result = result[0]
            ended.set()

        session: Session | None = None
        result: list[tuple[int, int, bool]] = []
        pair = self.relay.add(
            client_channel,
            server_channel,
            to_client=to_client,
            to_server=to_server,
            timeout=silence,
            idle_farewell=idle_farewell,
            on_end=on_end,
        )
        session = Session(client, server, pair, ended, result[0] if result else None)
        return session

    def stop(self) -> None:
        self.relay.close()
        self.loop.close()

    async def close(self) -> None:
        for peer in self._peers:
            await trio.aclose_forcefully(peer)  # type: ignore[arg-type]  # both kinds are AsyncResources


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something in the relay, which tells nobody of it."""
    with trio.fail_after(20):
        while not condition():  # noqa: ASYNC110  # there is no event for it
            await trio.sleep(0.001)


@pytest.fixture
async def hub(certificates: Certificates) -> AsyncIterator[Hub]:
    made = Hub(certificates)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.loop.run)
        yield made
        assert len(made.crashes) <= 1
        await made.close()
        nursery.cancel_scope.cancel()
    made.stop()


def octets(count: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(count)  # noqa: S311  # no secret


async def end_writing(peer: Peer) -> None:
    """Half a close, as far as each kind has one."""
    if isinstance(peer, trio.SocketStream):
        await peer.send_eof()
    else:
        assert isinstance(peer, trio.SSLStream)
        with contextlib.suppress(trio.BrokenResourceError):
            await peer.transport_stream.send_eof()  # no close_notify: trio's unwrap would wait for an answer


def reset(peer: Peer) -> None:
    transport = peer.transport_stream if isinstance(peer, trio.SSLStream) else peer
    assert isinstance(transport, trio.SocketStream)
    transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.socket.close()


@pytest.mark.requirement("rfc2449-6.6-3")
@both_legs
async def test_megabytes_go_both_ways_at_once(hub: Hub, tls_client: bool, tls_server: bool) -> None:
    up, down = octets(5_000_000, 1), octets(7_000_000, 2)
    session = await hub.session(tls_client, tls_server)
    heard: dict[str, bytes] = {}

    async def receive(peer: Peer, count: int, who: str) -> None:
        parts = bytearray()
        while len(parts) < count and (data := await peer.receive_some(CHUNK)):
            parts += data
        heard[who] = bytes(parts)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.client.send_all, up)
        nursery.start_soon(session.server.send_all, down)
        nursery.start_soon(receive, session.server, len(up), "server")
        nursery.start_soon(receive, session.client, len(down), "client")
    await session.client.aclose()
    await read_all(session.server)
    await session.server.aclose()

    assert heard["server"] == up
    assert heard["client"] == down
    assert await session.wait() == (len(up), len(down), False)


@both_legs
async def test_what_waits_at_first_goes_first(hub: Hub, tls_client: bool, tls_server: bool) -> None:
    early = octets(300_000, 3)
    session = await hub.session(tls_client, tls_server, to_client=b"S" + early, to_server=b"C" + early)
    await session.client.send_all(b"later")
    await session.server.send_all(b"later")
    await end_writing(session.client)
    up = await read_all(session.server)
    await end_writing(session.server)
    down = await read_all(session.client)
    await session.client.aclose()
    await session.server.aclose()

    assert up == b"C" + early + b"later"
    assert down == b"S" + early + b"later"
    assert await session.wait() == (len(up), len(down), False)


@both_legs
async def test_half_a_close_leaves_the_other_direction(hub: Hub, tls_client: bool, tls_server: bool) -> None:
    down = octets(3_000_000, 4)
    session = await hub.session(tls_client, tls_server)
    await session.client.send_all(b"all I wanted to say")
    await end_writing(session.client)
    up = await read_all(session.server)
    async with trio.open_nursery() as nursery:

        async def answer() -> None:
            await session.server.send_all(down)
            await end_writing(session.server)

        nursery.start_soon(answer)
        heard = await read_all(session.client)

    assert up == b"all I wanted to say"
    assert heard == down
    assert await session.wait() == (len(up), len(down), False)


@both_legs
@pytest.mark.parametrize("who", ["client", "server"])
async def test_an_end_on_one_side_is_an_end_on_the_other(
    hub: Hub, tls_client: bool, tls_server: bool, who: str
) -> None:
    session = await hub.session(tls_client, tls_server)
    one, other = (session.client, session.server) if who == "client" else (session.server, session.client)
    await one.send_all(b"bye")
    await one.aclose()
    heard = await read_all(other)
    await other.aclose()

    assert heard == b"bye"
    assert (await session.wait())[2] is False
    assert len(hub.relay) == 0


class NotingSocket(socket.socket):
    """A socket that notes when it is shut down."""

    shut_down: list[str]
    name = ""

    def shutdown(self, how: int) -> None:
        self.shut_down.append(self.name)
        super().shutdown(how)


@both_legs
@pytest.mark.parametrize("who", ["client", "server"])
async def test_the_second_end_shuts_nothing_down_for_both_connections_are_closed(
    hub: Hub, tls_client: bool, tls_server: bool, who: str
) -> None:
    shut_down: list[str] = []
    names = iter(["client", "server"])

    def noting_pair() -> tuple[Channel, socket.socket]:
        channel, sock = loopback()
        channel.sock = noting = NotingSocket(fileno=channel.sock.detach())
        noting.setblocking(False)
        noting.shut_down, noting.name = shut_down, next(names)
        return channel, sock

    hub.make_pair = noting_pair
    session = await hub.session(tls_client, tls_server)
    one, other = (session.client, session.server) if who == "client" else (session.server, session.client)
    await end_writing(one)
    await read_all(other)
    await end_writing(other)
    await session.wait()

    assert shut_down == ["server" if who == "client" else "client"]


@both_legs
@pytest.mark.parametrize("who", ["client", "server"])
async def test_a_reset_reaches_the_other_side_as_the_end(
    hub: Hub, tls_client: bool, tls_server: bool, who: str
) -> None:
    session = await hub.session(tls_client, tls_server)
    one, other = (session.client, session.server) if who == "client" else (session.server, session.client)
    reset(one)
    heard = await read_all(other)
    await other.aclose()

    assert heard == b""
    assert await session.wait() == (0, 0, False)


async def test_a_side_that_is_gone_while_the_other_talks_ends_the_session(hub: Hub) -> None:
    session = await hub.session()
    reset(session.client)
    with contextlib.suppress(trio.BrokenResourceError), trio.fail_after(20):
        while True:
            await session.server.send_all(b"x" * CHUNK)

    assert (await session.wait())[0] == 0


@pytest.mark.requirement("rfc3501-5.3-1")
@pytest.mark.requirement("rfc9051-5.3-1")
@both_legs
async def test_a_reader_that_stops_stops_the_writer_and_costs_one_chunk(
    hub: Hub, tls_client: bool, tls_server: bool
) -> None:
    session = await hub.session(tls_client, tls_server)
    sent = 0
    with trio.move_on_after(20) as scope:
        while True:
            with trio.move_on_after(0.3) as stuck:  # what is in the kernel's buffers takes less
                await session.server.send_all(b"x" * CHUNK)
                sent += CHUNK
            if stuck.cancelled_caught:
                break

    assert not scope.cancelled_caught
    assert len(session.pair.down.pending) <= (112 if tls_client else 64) * 1024
    assert session.pair.down.count <= sent + CHUNK


async def test_a_direction_that_is_stuck_leaves_the_other_alone(hub: Hub) -> None:
    session = await hub.session()
    with trio.move_on_after(0.2):
        while True:
            await session.server.send_all(b"x" * CHUNK)  # the client does not read
    await session.client.send_all(b"still here")

    assert await session.server.receive_some() == b"still here"


@both_legs
async def test_a_reader_that_was_stuck_gets_everything_in_the_end(hub: Hub, tls_client: bool, tls_server: bool) -> None:
    down = octets(12_000_000, 5)
    session = await hub.session(tls_client, tls_server)
    async with trio.open_nursery() as nursery:

        async def send() -> None:
            await session.server.send_all(down)
            await end_writing(session.server)

        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked(0.05)
        heard = await read_all(session.client)

    assert heard == down


async def test_an_end_that_came_while_the_other_side_was_stuck_is_not_overlooked(hub: Hub) -> None:
    """It was told of when nothing could be read, and will not be told of again."""
    session = await hub.session()
    data = os.urandom(8 << 20)
    async with trio.open_nursery() as nursery:

        async def talk() -> None:
            await session.client.send_all(data)
            await session.client.send_all(b"the last words")
            await session.client.send_eof()  # type: ignore[attr-defined]  # a plain stream

        nursery.start_soon(talk)
        await trio.testing.wait_all_tasks_blocked(0.05)
        with trio.fail_after(20):
            heard = await read_all(session.server)

    assert heard == data + b"the last words"


async def test_much_goes_through_a_pipe_and_little_does_not(hub: Hub) -> None:
    session = await hub.session()
    await session.client.send_all(b"little")
    await until(lambda: session.pair.up.count > 0)

    assert session.pair.up.pipe is None

    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.client.send_all, bytes(8 << 20))
        await until(lambda: session.pair.up.pipe is not None)
        with trio.fail_after(20):
            left = len(b"little") + (8 << 20)
            while left:
                left -= len(await session.server.receive_some(1 << 20))
    await until(lambda: session.pair.up.pipe is None)  # when nothing comes for a moment, it is for others

    assert session.pair.up.count == len(b"little") + (8 << 20)


@pytest.mark.parametrize(("tls_client", "tls_server"), LEGS[1:], ids=NAMES[1:])
async def test_what_is_under_tls_needs_no_pipe(hub: Hub, tls_client: bool, tls_server: bool) -> None:
    session = await hub.session(tls_client, tls_server)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.client.send_all, bytes(1 << 20))
        left = 1 << 20
        while left:
            left -= len(await session.server.receive_some(1 << 20))

            assert session.pair.up.pipe is None


async def test_more_streams_than_pipes(hub: Hub) -> None:
    sessions = [await hub.session() for _ in range(IN_USE + 6)]
    size = 1 << 20
    heard = []

    async def listen(session: Session) -> None:
        left = size
        while left:
            left -= len(await session.server.receive_some(size))
        heard.append(session)

    async with trio.open_nursery() as nursery:
        for session in sessions:
            nursery.start_soon(session.client.send_all, bytes(size))
        await trio.testing.wait_all_tasks_blocked(0.05)  # all readers are stuck

        assert sum(session.pair.up.pipe is not None for session in sessions) <= IN_USE

        for session in sessions:
            nursery.start_soon(listen, session)

    assert len(heard) == len(sessions)


async def test_a_session_that_ends_with_octets_in_its_pipe_gives_it_back(hub: Hub) -> None:
    before = len(os.listdir("/proc/self/fd"))
    session = await hub.session()
    async with trio.open_nursery() as nursery:

        async def send() -> None:
            with contextlib.suppress(trio.BrokenResourceError):  # it may see the end before it is cancelled
                await session.client.send_all(bytes(64 << 20))

        nursery.start_soon(send)
        await until(lambda: session.pair.up.in_pipe > 0)
        hub.relay.end(session.pair)
        nursery.cancel_scope.cancel()

    assert len(os.listdir("/proc/self/fd")) <= before + 2  # the peers' own two


async def test_a_busy_session_leaves_others_their_turn(hub: Hub) -> None:
    busy, quiet = await hub.session(), await hub.session()
    async with trio.open_nursery() as nursery:

        async def flood() -> None:
            while True:
                await busy.client.send_all(b"x" * CHUNK)

        async def swallow() -> None:
            while True:
                await busy.server.receive_some(CHUNK)

        nursery.start_soon(flood)
        nursery.start_soon(swallow)
        with trio.fail_after(20):
            for number in range(100):
                await quiet.client.send_all(b"%d" % number)
                assert await quiet.server.receive_some() == b"%d" % number
        nursery.cancel_scope.cancel()

    assert busy.pair.up.count > 0


async def test_a_busy_session_waits_for_one_turn_however_often_it_is_ready(hub: Hub) -> None:
    """It once stood in the queue as often as it had been ready, and eight of them left nobody a turn for 100 ms."""
    (client, writer), (server, reader) = loopback(), loopback()
    with writer, reader:
        with contextlib.suppress(BlockingIOError):
            while True:
                writer.send(b"x" * CHUNK, socket.MSG_DONTWAIT)
        pair = hub.relay.add(
            client, server, to_client=b"", to_server=b"", timeout=0, idle_farewell=b"", on_end=lambda *_: None
        )
        counts = []
        for _ in range(3):
            pair.ready(client.sock.fileno(), select.EPOLLIN, 0)
            counts.append(pair.up.count)

        assert list(hub.loop._again) == [pair]
        assert counts[0] > 0
        assert len(set(counts)) == 1


# --- silence


@pytest.mark.requirement("rfc3501-5.4-1")
@pytest.mark.requirement("rfc9051-5.4-1")
async def test_silence_ends_a_session_exactly_when_its_time_has_come(
    hub: Hub, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = 0.01
    begin = trio.current_time()
    session = await hub.session(silence=100, idle_farewell=b"BYE\r\n")
    received, sent, idle = await session.wait_long()

    assert trio.current_time() - begin == 100
    assert (received, sent, idle) == (0, 0, True)
    assert await read_all(session.client) == b"BYE\r\n"
    assert await read_all(session.server) == b""


async def wait_until_heard(peer: Peer, data: bytes) -> None:
    assert await peer.receive_some() == data


@pytest.mark.requirement("rfc3501-5.4-2")
@pytest.mark.requirement("rfc9051-5.4-2")
@pytest.mark.parametrize("who", ["client", "server"])
async def test_every_octet_in_either_direction_is_new_time(
    hub: Hub, autojump_clock: trio.testing.MockClock, who: str
) -> None:
    autojump_clock.autojump_threshold = 0.01
    begin = trio.current_time()
    session = await hub.session(silence=100)
    one, other = (session.client, session.server) if who == "client" else (session.server, session.client)
    for _ in range(5):
        await trio.sleep(90)
        await one.send_all(b"x")
        await wait_until_heard(other, b"x")
    _, _, idle = await session.wait_long()

    assert idle
    assert trio.current_time() - begin == 550


async def test_without_a_limit_silence_lasts_for_ever(hub: Hub, autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.01
    session = await hub.session(silence=0)
    await trio.sleep(10**7)

    assert not session.ended.is_set()


async def test_half_a_session_has_less_time(hub: Hub, autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.01
    session = await hub.session(silence=0)
    await trio.sleep(1000)
    await end_writing(session.client)
    assert await read_all(session.server) == b""
    begin = trio.current_time()
    _, _, idle = await session.wait_long()

    assert idle
    assert trio.current_time() - begin == HALF_CLOSED


async def test_a_reader_that_is_slow_is_not_silent(hub: Hub, autojump_clock: trio.testing.MockClock) -> None:
    """Octets that leave a chunk which was read long ago are movement, too."""
    autojump_clock.autojump_threshold = 0.01
    hub.make_pair = socket_pair  # over TCP the kernel's own timers, which no mock clock moves, would have a say
    session = await hub.session(silence=100)
    session.pair.up.source.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await session.server.send_all(octets(CHUNK, 6))
    await trio.sleep(1)
    waiting = len(session.pair.down.pending)
    begin, heard = trio.current_time(), bytearray()
    while len(heard) < CHUNK and not session.ended.is_set():
        heard += await session.client.receive_some(2048)
        await trio.sleep(20)

    assert waiting > CHUNK // 2
    assert session.pair.down.count == CHUNK  # only writing went on
    assert heard == octets(CHUNK, 6)
    assert trio.current_time() - begin > 5 * 100


async def test_each_session_has_its_own_time(hub: Hub, autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.01
    begin = trio.current_time()
    times: dict[int, float] = {}

    async def watch(seconds: int) -> None:
        session = await hub.session(silence=seconds)
        await session.wait_long()
        times[seconds] = trio.current_time() - begin

    async with trio.open_nursery() as nursery:
        for seconds in (50, 10, 30, 20, 40):
            nursery.start_soon(watch, seconds)

    assert times == {seconds: seconds for seconds in (10, 20, 30, 40, 50)}


# --- many, and what is left


async def test_many_sessions_at_once(hub: Hub) -> None:
    heard: list[bool] = []

    async def talk(number: int) -> None:
        up, down = octets(20_000, number), octets(30_000, -number)
        session = await hub.session()
        await session.client.send_all(up)
        await session.server.send_all(down)
        await end_writing(session.client)
        await end_writing(session.server)
        heard.append((await read_all(session.server), await read_all(session.client)) == (up, down))
        assert await session.wait() == (len(up), len(down), False)

    async with trio.open_nursery() as nursery:
        for number in range(1, 201):
            nursery.start_soon(talk, number)

    assert heard == [True] * 200
    assert len(hub.relay) == 0


async def test_churn_leaves_no_descriptor_and_no_entry(hub: Hub) -> None:
    def kept() -> int:
        gc.collect()
        return sum(isinstance(thing, Pair | Channel) for thing in gc.get_objects())

    async def churn() -> None:
        for number in range(300):
            session = await hub.session(silence=1000)
            await session.client.send_all(b"x")
            assert await session.server.receive_some() == b"x"
            await session.client.aclose()
            await session.server.aclose()
            await session.wait()
            assert len(hub.loop.limits) <= 130, number

    others = kept()  # what tests before this one have left
    await churn()
    descriptors = len(os.listdir("/proc/self/fd"))
    await churn()

    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert len(hub.relay) == 0
    assert kept() - others <= 130  # of those whose time has not come


async def test_the_end_of_the_relay_is_the_end_of_its_sessions(certificates: Certificates) -> None:
    hub = Hub(certificates)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.loop.run)
        sessions = [await hub.session(tls, tls) for tls in (True, False)]
        nursery.cancel_scope.cancel()
    hub.stop()
    for session in sessions:
        assert await session.wait() == (0, 0, False)
        assert await read_all(session.client) == b""
        assert await read_all(session.server) == b""
    await hub.close()


async def test_a_session_of_which_one_side_is_broken_already_ends_at_once(hub: Hub) -> None:
    """The client went while it was told that it is logged in."""
    client_channel, client = await hub.end(tls=False)
    server_channel, server = await hub.end(tls=False)
    client_channel.broken = True
    ended = trio.Event()
    add: Callable[..., object] = hub.relay.add
    add(
        client_channel,
        server_channel,
        to_client=b"",
        to_server=b"",
        timeout=0,
        idle_farewell=b"",
        on_end=lambda received, sent, idle: ended.set(),
    )
    with trio.fail_after(20):
        await ended.wait()

    assert await read_all(server) == b""
    assert await read_all(client) == b""


async def test_a_callback_that_raises_is_the_end_of_its_session_only(hub: Hub) -> None:
    client_channel, client = await hub.end(tls=False)
    server_channel, server = await hub.end(tls=False)
    other = await hub.session()

    def on_end(received: int, sent: int, idle: bool) -> None:
        raise RuntimeError("a bug")

    hub.relay.add(
        client_channel, server_channel, to_client=b"", to_server=b"", timeout=0, idle_farewell=b"", on_end=on_end
    )
    await client.aclose()
    assert await read_all(server) == b""
    await server.aclose()
    await other.client.send_all(b"still here")

    assert await other.server.receive_some() == b"still here"
    assert hub.crashes == ["RuntimeError('a bug')"]
    assert math.isinf(other.pair.limit.at)


async def test_a_crash_in_the_middle_of_a_session_is_its_end_and_touches_no_other(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, other = await hub.session(), await hub.session()

    def crash() -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Flow, "pump", lambda flow, pipes: crash() if flow is session.pair.up else pump(flow, pipes))
    await session.client.send_all(b"x")
    assert await read_all(session.server) == b""
    assert await read_all(session.client) == b""
    await other.client.send_all(b"still here")

    assert await other.server.receive_some() == b"still here"
    assert await session.wait() == (0, 0, False)
    assert hub.crashes == ["RuntimeError('a bug')"]
