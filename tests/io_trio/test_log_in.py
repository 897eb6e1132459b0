"""One log-in performed: real sessions over real sockets on the loop, and a clock that jumps where time matters."""

import socket
import struct
from collections.abc import Callable

import pytest
import trio

from tests.io_trio.stage import GREETING, LOG_IN, QUIET, MakeStage
from tests.io_trio.streams import read_all


async def test_a_log_in_that_works_ends_with_the_hand_over(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.log_in.start()
    await stage.line()
    await stage.client.send_all(LOG_IN + b"b NOOP\r\n")
    server = await stage.accept()
    await server.send_all(GREETING)
    asked = await server.receive_some()
    await server.send_all(b"p1 OK welcome\r\n* 1 EXISTS\r\n")
    relay = await stage.end()

    assert asked == b'p1 LOGIN "joe" "secret"\r\n'
    assert relay is not None
    assert relay.to_server == b"b NOOP\r\n"
    assert relay.to_client == b"* 1 EXISTS\r\n"
    assert await stage.line() == relay.reply
    assert stage.log_in.server is not None
    assert stage.log[0] == "Connect:  192.0.2.1:1234->192.0.2.2:143"

    stage.log_in.close()

    assert await read_all(server) == await read_all(stage.client) == b""
    await server.aclose()


async def test_a_client_that_leaves_ends_the_session(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.log_in.start()
    await stage.line()
    await stage.client.send_all(b"a LOGOUT\r\n")

    assert b"a OK" in await stage.line()
    assert await stage.end() is None
    assert await read_all(stage.client) == b""


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.mark.parametrize("end", [socket.socket.close, reset])
async def test_a_client_that_is_gone_ends_the_session(
    make_stage: MakeStage, end: Callable[[socket.socket], None]
) -> None:
    stage = make_stage()
    stage.log_in.start()
    end(stage.client.socket._sock)  # type: ignore[attr-defined]  # trio's own close would wait
    with trio.fail_after(20):
        assert await stage.end() is None

    assert any("Fatal Error reading" in line for line in stage.log)


# --- time


async def test_silence_lasts_as_long_as_it_may(make_stage: MakeStage, autojump_clock: trio.testing.MockClock) -> None:
    stage = make_stage()
    begin = trio.current_time()
    stage.log_in.start()
    relay = await stage.end()

    assert relay is None
    assert trio.current_time() - begin == 60
    assert b"BYE" in await read_all(stage.client)


async def test_time_that_is_nought_is_no_limit(make_stage: MakeStage, autojump_clock: trio.testing.MockClock) -> None:
    stage = make_stage(authenticate_timeout=0, connect_timeout=0)
    stage.log_in.start()
    await trio.sleep(10**8)

    assert not stage.over.is_set()


async def test_a_refusal_takes_its_time_and_the_client_may_try_again(
    make_stage: MakeStage, autojump_clock: trio.testing.MockClock
) -> None:
    autojump_clock.autojump_threshold = QUIET
    stage = make_stage(outgoing_server=())
    stage.log_in.start()
    await stage.line()
    for _ in range(2):
        begin = trio.current_time()
        await stage.client.send_all(LOG_IN)

        assert b"a NO" in await stage.line()
        assert trio.current_time() - begin == 3


# --- the daemon goes down


async def test_stopping_ends_a_wait_for_the_client_with_a_farewell(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.log_in.start()
    await stage.line()
    await trio.testing.wait_all_tasks_blocked()
    stage.log_in.stop()

    assert (await stage.line()).startswith(b"* BYE")


async def test_stopping_before_the_first_wait_is_the_same(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.log_in.stop()
    stage.log_in.start()
    relay = await stage.end()

    assert relay is None
    assert b"* BYE" in await read_all(stage.client)


async def test_stopping_lets_a_log_in_go_on(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.log_in.start()
    await stage.line()
    await stage.client.send_all(LOG_IN)
    server = await stage.accept()
    stage.log_in.stop()

    assert await stage.log_in_to(server) is not None
    await server.aclose()
