"""The relay: all sessions behind their log-in.

A session is two connections and a few words.  The loop says which of them can move; plain functions move octets
until they would block.  No task, no timer and no buffer belongs to a session at rest.
"""

from collections.abc import Callable
from typing import Final

import trio

from perdition.io_trio.channel import Channel, WouldBlock
from perdition.io_trio.flow import Flow
from perdition.io_trio.limits import FOREVER, Limit
from perdition.io_trio.loop import Loop
from perdition.io_trio.pipes import Pipes
from perdition.io_trio.readiness import READABLE
from perdition.io_trio.taps import Tap

HALF_CLOSED: Final = 60.0
"""How many seconds of silence end a session one side of which has ended."""


class Pair:
    """One session behind its log-in."""

    __slots__ = ("closed", "down", "idle_farewell", "limit", "on_end", "queued", "relay", "timeout", "up")

    def __init__(
        self,
        relay: "Relay",
        flows: tuple[Flow, Flow],
        timeout: float,
        idle_farewell: bytes,
        on_end: Callable[[int, int, bool], None],
    ) -> None:
        self.relay = relay
        self.up, self.down = flows
        self.timeout = timeout
        self.limit: Limit = relay.loop.limits.make(self)  # when silence will have lasted too long
        self.idle_farewell = idle_farewell
        self.on_end = on_end
        self.queued = False  # its turn was over before its octets were
        self.closed = False

    def ready(self, descriptor: int, events: int, now: float) -> None:
        """One of its sockets is ready."""
        up = self.up.source
        channel = up if descriptor == up.sock.fileno() else self.down.source
        channel.readable |= events & READABLE
        if not self.queued:
            self.relay.pump(self, now)

    def go_on(self, now: float) -> None:
        """It has its turn again."""
        self.queued = False
        self.relay.pump(self, now)

    def late(self, now: float) -> None:
        """Silence has lasted too long."""
        self.relay.end(self, idle=True)


class Relay:
    """The sessions behind their log-in.

    Args:
        loop: what calls them.
        crashed: called where an exception is handled that nobody expected; it ends one session and no other.
    """

    def __init__(self, loop: Loop, crashed: Callable[[], None]) -> None:
        self.loop = loop
        self._crashed = crashed
        self._pairs: set[Pair] = set()
        self._pipes = Pipes()

    def __len__(self) -> int:
        return len(self._pairs)

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
        taps: tuple[Tap, Tap] | None = None,
    ) -> Pair:
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
            taps: get what the client says, and what the real server says.
        """
        up, down = Flow(client, server), Flow(server, client)
        pair = Pair(self, (up, down), timeout or FOREVER, idle_farewell, on_end)
        if taps is not None:
            for flow, tap, octets in zip((up, down), taps, (to_server, to_client), strict=True):
                flow.tap = tap
                tap(octets)
        down.pending, down.count = to_client, len(to_client)
        up.pending, up.count = to_server, len(to_server)
        self._pairs.add(pair)
        for channel in (client, server):
            self.loop.register(channel.sock.fileno(), pair)
        now = trio.current_time()
        self.loop.limits.set(pair.limit, now + pair.timeout)
        if up.waits or down.waits or client.readable or server.readable or client.broken or server.broken:
            self.pump(pair, now)
        return pair

    def close(self) -> None:
        """End all sessions."""
        for pair in list(self._pairs):
            self.end(pair)
        self._pipes.close()

    def pump(self, pair: Pair, now: float) -> None:
        """Move the octets of one session."""
        if pair.closed:
            return
        try:
            self._move(pair, now)
        except Exception:
            self._crashed()
            if not pair.closed:
                self.end(pair)

    def _move(self, pair: Pair, now: float) -> None:
        up, down = pair.up, pair.down
        if up.source.broken or down.source.broken:
            self.end(pair)
            return
        before = up.moved + down.moved
        had_ended = up.ended or down.ended
        try:
            again = up.can_move and up.pump(self._pipes)
            again = (down.can_move and down.pump(self._pipes)) or again
        except OSError:
            self.end(pair)
            return
        if up.is_done and down.is_done:
            self.end(pair)
            return
        if up.moved + down.moved != before:
            pair.limit.at = now + pair.timeout
        if again:
            pair.queued = True
            self.loop.again(pair)
        if (up.ended or down.ended) and not had_ended:
            (up if up.ended else down).sink.end_writing()
            pair.timeout = min(pair.timeout, HALF_CLOSED)
            self.loop.limits.set(pair.limit, now + pair.timeout)

    def end(self, pair: Pair, *, idle: bool = False) -> None:
        """Close both connections of a session."""
        pair.closed = True
        self._pairs.discard(pair)
        self.loop.limits.drop(pair.limit)
        client, server = pair.up.source, pair.down.source
        if idle and pair.idle_farewell:
            try:
                client.try_send(pair.idle_farewell)
            except (WouldBlock, OSError):
                client.broken = True
        for flow in (pair.up, pair.down):
            flow.close(self._pipes)
        for channel in (client, server):
            self.loop.forget(channel.sock.fileno())
            channel.close()
        try:
            pair.on_end(pair.up.count, pair.down.count, idle)
        except Exception:
            self._crashed()
