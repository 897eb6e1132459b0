"""What is said and heard before a log-in: slow readers, peers that never pause, pieces, and last words."""

import contextlib
import socket

import pytest
import trio

from perdition.config.ssl_mode import SslMode
from perdition.config.ssl_mode import Tls as SslTls
from perdition.io_trio.exchange import LINGER, TURN
from perdition.io_trio.relay import Relay
from tests.io_trio.certificates import Certificates
from tests.io_trio.stage import LOG_IN, QUIET, MakeStage, Stage
from tests.io_trio.streams import Peer, read_all

RECORD = 16384
"""What a record of TLS may hold: OpenSSL has all of it, however little is asked for."""


def fill(sock: socket.socket) -> int:
    """Write until nothing more goes in; tell how much did."""
    filled = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            filled += sock.send(b"x" * 65536)
    return filled


# --- writing


async def test_a_client_that_does_not_read_is_bounded_by_the_deadline(
    make_stage: MakeStage, autojump_clock: trio.testing.MockClock
) -> None:
    """Its commands are no new patience, for it never hears that they are done."""
    autojump_clock.autojump_threshold = QUIET
    stage = make_stage()
    stage.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stage.log_in.client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    fill(stage.log_in.client.sock)
    begin = trio.current_time()
    stage.log_in.start()
    await stage.end()

    assert trio.current_time() - begin == 60
    assert stage.log_in.client.broken


async def test_a_client_that_reads_slowly_gets_all_of_it(make_stage: MakeStage) -> None:
    stage = make_stage()
    filled = fill(stage.log_in.client.sock)
    stage.log_in.start()
    await trio.testing.wait_all_tasks_blocked()
    heard = b""
    with trio.fail_after(20):
        while not heard.endswith(b"\r\n"):
            heard += await stage.client.receive_some()

    assert heard[:filled] == b"x" * filled
    assert heard[filled:].startswith(b"* OK")


# --- reading


async def test_a_client_that_never_pauses_leaves_others_their_turn_and_has_its_limits(make_stage: MakeStage) -> None:
    stage, other = make_stage(), make_stage()
    stage.log_in.start()
    other.log_in.start()
    await other.line()
    flooded = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            flooded += stage.sock.send(b"x" * 65536, socket.MSG_DONTWAIT)
    await other.client.send_all(b"a NOOP\r\n")

    assert b"a OK" in await other.line()
    with trio.fail_after(20):
        await stage.end()


# --- pieces

legs = pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])


def client_of(make_stage: MakeStage, certificates: Certificates, *, tls: bool) -> tuple[Stage, Peer]:
    """Make a stage, and its client with TLS or without."""
    if not tls:
        stage = make_stage()
        return stage, stage.client
    stage = make_stage(
        ssl_mode=SslMode(SslTls.SSL, SslTls.NONE),
        ssl_cert_file=str(certificates.cert_file),
        ssl_key_file=str(certificates.key_file),
    )
    secure = trio.SSLStream(stage.client, certificates.client, server_hostname="localhost", https_compatible=True)
    return stage, secure


@legs
async def test_what_comes_at_once_is_read_in_pieces_to_its_end(
    make_stage: MakeStage, certificates: Certificates, tls: bool
) -> None:
    """Readiness is told once, and of what OpenSSL holds nobody tells."""
    stage, client = client_of(make_stage, certificates, tls=tls)
    stage.log_in.start()
    tag, count = b"a" * 70, 180  # in one record, and no more commands than a client may send
    heard = b""
    with trio.fail_after(20):
        await client.receive_some()
        await client.send_all((tag + b" NOOP\r\n") * count)
        while heard.count(b"\r\n") < count:
            heard += await client.receive_some()

    assert heard.count(tag + b" OK") == count


@legs
@pytest.mark.parametrize("size", [RECORD - len(LOG_IN), 100_000], ids=["a record", "more"])
async def test_a_log_in_reads_one_piece_and_the_relay_the_rest(
    make_stage: MakeStage, certificates: Certificates, tls: bool, size: int
) -> None:
    """A machine parses what it is given before anybody else has a turn: once that was 64 KiB."""
    stage, client = client_of(make_stage, certificates, tls=tls)
    rest = bytes(range(256)) * (size // 256)
    stage.log_in.start()
    with trio.fail_after(20):
        await client.receive_some()
        await client.send_all(LOG_IN + rest)
        server = await stage.accept()
        handed_over = await stage.log_in_to(server)
        assert handed_over is not None
        assert stage.log_in.server is not None
        relay = Relay(stage.loop, lambda: None)
        relay.add(
            stage.log_in.client,
            stage.log_in.server,
            to_client=handed_over.to_client,
            to_server=handed_over.to_server,
            timeout=0,
            idle_farewell=b"",
            on_end=lambda received, sent, idle: None,
        )
        heard = b""
        while len(heard) < len(rest):
            heard += await server.receive_some()
    relay.close()
    await server.aclose()

    assert len(handed_over.to_server) == TURN - len(LOG_IN)
    assert heard == rest


# --- the last words


async def test_last_words_arrive_though_the_client_goes_on_talking(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.log_in.start()
    await stage.line()
    heard = b""

    async def listen() -> None:
        nonlocal heard
        heard = await read_all(stage.client)  # a reset would be the end, too, but without the last words

    async with trio.open_nursery() as nursery:
        await stage.client.send_all(b"a LOGOUT\r\n" + b"x" * 100_000)
        nursery.start_soon(listen)
        await stage.client.send_all(b"x" * 10_000_000)
        await stage.client.send_eof()

    assert b"a OK" in heard
    assert await stage.end() is None


async def test_a_client_that_talks_for_ever_is_left_in_the_end(
    make_stage: MakeStage, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = QUIET
    stage = make_stage()
    stage.log_in.start()
    await stage.line()
    begin = trio.current_time()
    await stage.client.send_all(b"a LOGOUT\r\n" + b"x" * 100_000)
    await stage.end()

    assert trio.current_time() - begin == LINGER
