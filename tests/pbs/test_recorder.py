"""What waits for a store that is away is bounded, and so is the number of those who ask."""

import time

import pytest
import trio

from perdition.pbs import answering, recorder
from perdition.pbs.addresses import networks
from perdition.pbs.answering import Answerer
from perdition.pbs.recorder import Recorder
from perdition.pbs.redis_store import REST, RedisStore
from perdition.pbs.tcp_table import TcpTable
from perdition.session.effects import Level
from tests.pbs.stores import redis_alone, redis_option


class Lines:
    """Keeps log lines but those of debugging."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, level: Level, line: str) -> None:
        if level is not Level.DEBUG:
            self.lines.append(line)


async def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST", 1000)
    log = Lines()
    with redis_alone() as (server, port):
        store = RedisStore(redis_option(port))
        under_test = Recorder(store, 3600, networks(""), log)
        server.kill()
        for number in range(1005):
            under_test.seen(f"10.0.{number >> 8}.{number & 255}")
        under_test.seen("10.0.0.5")  # again: it is the newest now
        under_test.seen("10.1.0.0")
        away = await under_test.write()
        server.start()
        await trio.sleep(REST + 0.01)
        back = await under_test.write()
        entries = await store.entries()
        store.close()

    assert (away, back) == (False, True)
    assert len(entries) == 1000
    assert "10.0.0.5" in entries
    assert "10.0.0.6" not in entries
    assert log.lines[0].startswith("The store cannot be written, addresses wait: 127.0.0.1:")
    assert log.lines[1:] == ["The store is written again; 6 addresses were lost"]


async def test_what_waited_too_long_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_alone() as (_, port):
        store = RedisStore(redis_option(port))
        under_test = Recorder(store, 3600, networks(""), Lines())
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now - 3601)
        under_test.seen("192.0.2.7")
        monkeypatch.undo()
        under_test.seen("192.0.2.8")
        written = await under_test.write()
        entries = await store.entries()
        store.close()

    assert written
    assert list(entries) == ["192.0.2.8"]


async def test_more_connections_than_there_may_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "MOST", 2)
    log = Lines()
    with redis_alone() as (_, port):
        store = RedisStore(redis_option(port))
        answerer = Answerer(store, "OK", log)
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        where = listener.socket.getsockname()[:2]

        async def ask(stream: trio.SocketStream) -> bytes:
            await stream.send_all(b"get 192.0.2.7\n")
            return bytes(await stream.receive_some())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, lambda stream: answerer.serve(stream, TcpTable), [listener])
            one, other = await trio.open_tcp_stream(*where), await trio.open_tcp_stream(*where)
            heard = [await ask(one), await ask(other)]
            third = await trio.open_tcp_stream(*where)
            end = await third.receive_some()
            await one.aclose()
            with trio.fail_after(20):
                while True:  # until the end of the first has been noticed
                    fourth = await trio.open_tcp_stream(*where)
                    async with fourth:
                        try:
                            heard.append(await ask(fourth))
                        except trio.BrokenResourceError:
                            continue
                        if heard[-1]:
                            break
            nursery.cancel_scope.cancel()
        for stream in (one, other, third):
            await stream.aclose()
        store.close()

    assert heard[:2] == [b"500 not%20known\n"] * 2
    assert heard[-1] == b"500 not%20known\n"
    assert end == b""
    assert log.lines[0] == "More than 2 connections: one is refused"
