"""The relay: all sessions behind their log-in, in one task.

A session is two connections and a few words.  One edge-triggered epoll, on which trio waits, says which of them
can move; plain functions move octets until they would block.  No task, no timer and no buffer belongs to a
session at rest.
"""

import heapq
import itertools
import select
from collections.abc import Callable
from typing import Final

import trio

from perdition.io_trio.channel import Channel, WouldBlock

EVENTS: Final = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
TURNS: Final = 4
"""How many chunks one direction may move before the others have their turn."""
HALF_CLOSED: Final = 60.0
"""How many seconds of silence end a session one side of which has ended."""
READY_AT_ONCE: Final = 512


class Flow:
    """One direction.  `pending` was read and could not be written yet: reading goes on when it is gone."""

    __slots__ = ("count", "ended", "moved", "pending", "sink", "source")

    def __init__(self, source: Channel, sink: Channel) -> None:
        self.source, self.sink = source, sink
        self.pending: bytes | memoryview = b""
        self.count = 0  # octets read
        self.moved = 0  # octets read and octets written: what is not silence
        self.ended = False

    def pump(self) -> bool:
        """Move octets until nothing moves or the turn is over; tell whether it was the turn.

        Raises:
            OSError: the sink is broken.
        """
        for _ in range(TURNS):
            if self.pending:
                try:
                    sent = self.sink.try_send(self.pending)
                except WouldBlock:
                    return False
                self.moved += sent
                self.pending = memoryview(self.pending)[sent:] if sent < len(self.pending) else b""
                continue
            if self.ended:
                return False
            try:
                data = self.source.try_receive()
            except WouldBlock:
                return False
            if not data:
                self.ended = True
                self.sink.end_writing()
                return False
            self.count += len(data)
            self.moved += len(data)
            self.pending = data
        return True


class Pair:
    """One session behind its log-in."""

    __slots__ = ("closed", "down", "idle_farewell", "limit", "on_end", "timeout", "up")

    def __init__(
        self,
        client: Channel,
        server: Channel,
        timeout: float,
        idle_farewell: bytes,
        on_end: Callable[[int, int, bool], None],
    ) -> None:
        self.up, self.down = Flow(client, server), Flow(server, client)
        self.timeout = timeout
        self.limit = float("inf")  # when silence will have lasted too long
        self.idle_farewell = idle_farewell
        self.on_end = on_end
        self.closed = False


class Relay:
    """The sessions behind their log-in.  `run` must be running.

    Args:
        crashed: called where an exception is handled that nobody expected; it ends one session and no other.
    """

    def __init__(self, crashed: Callable[[], None]) -> None:
        self._crashed = crashed
        self._epoll = select.epoll()
        self._pairs: dict[int, Pair] = {}  # by either descriptor
        self._again: dict[Pair, None] = {}  # whose turn was over before their octets were, each once
        self._limits: list[tuple[float, int, Pair]] = []  # a heap; an entry may be older than its pair's limit
        self._number = itertools.count()
        self._waiting: trio.CancelScope | None = None

    def __len__(self) -> int:
        return len(self._pairs) // 2

    def add(
        self,
        client: Channel,
        server: Channel,
        *,
        to_client: bytes,
        to_server: bytes,
        timeout: float,
        idle_farewell: bytes,
        on_end: Callable[[int, int, bool], None],
    ) -> None:
        """Take over two connections.

        Args:
            client: the client's.
            server: the real server's.
            to_client: what the client is to get first.
            to_server: what the real server is to get first.
            timeout: how many seconds of silence on both sides end the session; 0: none do.
            idle_farewell: what the client is told then.
            on_end: called once with the octets received from and sent to the client, and whether silence was
                the end.
        """
        pair = Pair(client, server, timeout or float("inf"), idle_farewell, on_end)
        pair.down.pending, pair.down.count = to_client, len(to_client)
        pair.up.pending, pair.up.count = to_server, len(to_server)
        for channel in (client, server):
            self._pairs[channel.sock.fileno()] = pair
            self._epoll.register(channel.sock, EVENTS)
        self._touch(pair, trio.current_time())
        self._file(pair)
        self._pump(pair, trio.current_time())
        if self._again and self._waiting is not None:
            self._waiting.cancel()

    async def run(self) -> None:
        """Move octets, for ever."""
        try:
            while True:
                await self._wait()
                now = trio.current_time()
                again, self._again = self._again, {}
                for descriptor, _ in self._epoll.poll(0, READY_AT_ONCE):
                    ready = self._pairs.get(descriptor)
                    if ready is not None and ready not in again and ready not in self._again:
                        self._pump(ready, now)
                for pair in again:
                    self._pump(pair, now)
                self._expire(now)
        finally:
            self.close()

    def close(self) -> None:
        """End all sessions."""
        for pair in set(self._pairs.values()):
            self._end(pair)
        self._epoll.close()

    async def _wait(self) -> None:
        if self._again:
            await trio.lowlevel.checkpoint()
            return
        deadline = self._limits[0][0] if self._limits else float("inf")
        with trio.CancelScope(deadline=deadline) as self._waiting:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
        self._waiting = None

    def _pump(self, pair: Pair, now: float) -> None:
        if pair.closed:
            return
        try:
            self._move(pair, now)
        except Exception:
            self._crashed()
            if not pair.closed:
                self._end(pair)

    def _move(self, pair: Pair, now: float) -> None:
        up, down = pair.up, pair.down
        if up.source.broken or down.source.broken:
            self._end(pair)
            return
        before = up.moved + down.moved
        had_ended = up.ended or down.ended
        try:
            again = up.pump()
            again = down.pump() or again
        except OSError:
            self._end(pair)
            return
        if up.ended and down.ended and not up.pending and not down.pending:
            self._end(pair)
            return
        if up.moved + down.moved != before:
            self._touch(pair, now)
        if again:
            self._again[pair] = None
        if (up.ended or down.ended) and not had_ended:
            pair.timeout = min(pair.timeout, HALF_CLOSED)
            self._touch(pair, now)
            self._file(pair)

    def _touch(self, pair: Pair, now: float) -> None:
        pair.limit = now + pair.timeout

    def _file(self, pair: Pair) -> None:
        """Have the pair looked at when its limit has come."""
        if pair.limit == float("inf"):
            return
        if len(self._limits) > 64 and len(self._limits) > 2 * len(self._pairs):
            self._limits = [entry for entry in self._limits if not entry[2].closed]
            heapq.heapify(self._limits)
        heapq.heappush(self._limits, (pair.limit, next(self._number), pair))
        if self._waiting is not None and pair.limit < self._waiting.deadline:
            self._waiting.deadline = pair.limit

    def _expire(self, now: float) -> None:
        while self._limits and self._limits[0][0] <= now:
            pair = heapq.heappop(self._limits)[2]
            if pair.closed:
                continue
            if pair.limit <= now:
                self._end(pair, idle=True)
            else:
                self._file(pair)

    def _end(self, pair: Pair, *, idle: bool = False) -> None:
        pair.closed = True
        client, server = pair.up.source, pair.down.source
        if idle and pair.idle_farewell:
            try:
                client.try_send(pair.idle_farewell)
            except (WouldBlock, OSError):
                client.broken = True
        for channel in (client, server):
            del self._pairs[channel.sock.fileno()]
            self._epoll.unregister(channel.sock)
            channel.close()
        try:
            pair.on_end(pair.up.count, pair.down.count, idle)
        except Exception:
            self._crashed()
