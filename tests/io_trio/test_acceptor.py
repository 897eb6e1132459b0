"""Who comes in, and when nobody can."""

import contextlib
import errno
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable

import pytest
import trio

from perdition.io_trio.acceptor import AT_ONCE, MOMENT, PAUSE, Acceptor
from perdition.io_trio.loop import Loop
from tests.io_trio.talk import PATIENCE

Take = Callable[[socket.socket, tuple[str, int]], None]


def complain(line: str) -> None:
    raise AssertionError(line)


@pytest.fixture
async def loop() -> AsyncIterator[Loop]:
    made = Loop()
    async with trio.open_nursery() as nursery:
        await nursery.start(made.run)
        yield made
        nursery.cancel_scope.cancel()
    made.close()


@pytest.fixture
def listener() -> socket.socket:
    sock = socket.create_server(("127.0.0.1", 0), backlog=512)
    sock.setblocking(False)
    return sock


async def test_connections_come_in_and_do_not_block(loop: Loop, listener: socket.socket) -> None:
    seen: set[tuple[str, int]] = set()
    all_there = trio.Event()

    def take(sock: socket.socket, client: tuple[str, int]) -> None:
        stack.enter_context(sock)
        assert client == sock.getpeername()
        assert not sock.getblocking()
        seen.add(client)
        if len(seen) == len(clients):
            all_there.set()

    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(listener.getsockname())) for _ in range(100)]
        acceptor = Acceptor(loop, listener, take, complain)
        with trio.fail_after(PATIENCE):
            await all_there.wait()
        acceptor.close()

        assert seen == {one.getsockname() for one in clients}
        assert listener.fileno() == -1


async def test_many_at_once_leave_others_their_turn(loop: Loop, listener: socket.socket) -> None:
    taken = 0

    def take(sock: socket.socket, client: tuple[str, int]) -> None:
        nonlocal taken
        sock.close()
        taken += 1

    with contextlib.ExitStack() as stack:
        for _ in range(2 * AT_ONCE):
            stack.enter_context(socket.create_connection(listener.getsockname()))
        acceptor = Acceptor(loop, listener, take, complain)
        acceptor.ready(listener.fileno(), 0, 0)
        acceptor.close()

    assert taken == AT_ONCE


async def test_without_descriptors_it_complains_rests_and_goes_on(
    loop: Loop, listener: socket.socket, autojump_clock: trio.testing.MockClock
) -> None:
    complaints: list[float] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    came = trio.Event()

    def complain_and_help(line: str) -> None:
        assert line == f"Cannot accept connections: {os.strerror(errno.EMFILE).lower()}"
        complaints.append(trio.current_time() - begin)
        if len(complaints) == 3:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def take(sock: socket.socket, client: tuple[str, int]) -> None:
        sock.close()
        came.set()

    with socket.create_connection(listener.getsockname()):
        begin = trio.current_time()
        acceptor = Acceptor(loop, listener, take, complain_and_help)
        resource.setrlimit(resource.RLIMIT_NOFILE, (listener.fileno(), hard))
        try:
            await came.wait()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        acceptor.close()

    assert complaints == pytest.approx([0, PAUSE, 2 * PAUSE])


async def test_a_client_that_is_gone_again_is_none(
    loop: Loop, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[int] = [errno.ECONNABORTED, errno.EAGAIN]

    def accept(sock: socket.socket) -> tuple[socket.socket, tuple[str, int]]:
        number = answers.pop(0)
        raise OSError(number, os.strerror(number))

    acceptor = Acceptor(loop, listener, lambda sock, client: complain("took nobody"), complain)
    monkeypatch.setattr(socket.socket, "accept", accept)
    acceptor.ready(listener.fileno(), 0, 0)
    acceptor.close()

    assert answers == []


async def test_others_have_a_moment_when_it_is_their_turn(
    loop: Loop, listener: socket.socket, autojump_clock: trio.testing.MockClock
) -> None:
    taken: list[float] = []
    both = trio.Event()

    def take(sock: socket.socket, client: tuple[str, int]) -> None:
        sock.close()
        taken.append(trio.current_time() - begin)
        if len(taken) == 2:
            both.set()

    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(socket.create_connection(listener.getsockname()))
        begin = trio.current_time()
        acceptor = Acceptor(loop, listener, take, complain, lambda: False)
        await both.wait()
        acceptor.close()

    assert taken == pytest.approx([MOMENT, MOMENT])  # whom no other took


async def test_it_stops_when_its_turn_is_over(loop: Loop, listener: socket.socket) -> None:
    taken: list[socket.socket] = []

    def take(sock: socket.socket, client: tuple[str, int]) -> None:
        sock.close()
        taken.append(sock)

    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(socket.create_connection(listener.getsockname()))
        acceptor = Acceptor(loop, listener, take, complain, lambda: not taken)
        acceptor.ready(listener.fileno(), 0, 0)
        acceptor.close()

    assert len(taken) == 1
