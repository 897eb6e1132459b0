"""A generator that the worker's loop drives: how it waits, and why it goes on.

Where it has to wait it yields, and it is resumed when its socket is ready, when its limit has come, when an errand is
done, or when the daemon stops.  So it reads like a task, and costs neither a task nor a cancel scope.  What cannot be
done by readiness alone (a map that does not answer at once, the resolver, PAM) is an errand: a task of trio's, for as
long as it takes.

Whether something may be there to be read stands in `Channel.readable`: the loop sets it, a read that finds nothing
more clears it.  So no read is tried in vain, and none is missed.
"""

import abc
import enum
import socket
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeAlias, TypeVar

import trio

from perdition.io_trio.channel import Channel
from perdition.io_trio.crash import internal_error
from perdition.io_trio.limits import FOREVER
from perdition.io_trio.logs import Log
from perdition.io_trio.loop import Loop
from perdition.io_trio.readiness import READABLE
from perdition.session import effects as fx
from perdition.session.effects import Level, Side

AnswerT = TypeVar("AnswerT")


class Woken(enum.Enum):
    """Why it goes on."""

    READY = enum.auto()
    LATE = enum.auto()
    STOPPED = enum.auto()


READY, LATE, STOPPED = Woken.READY, Woken.LATE, Woken.STOPPED
Steps: TypeAlias = Generator[None, Woken, AnswerT]


class Errand:
    """A task that does something for a generator."""

    __slots__ = ("answer", "error", "scope")

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.answer: Any = None  # whatever the coroutine gives
        self.error: Exception | None = None


class Waiter(abc.ABC):
    """What waits for a client, and for the real server behind it.

    Args:
        loop: what drives it.
        client: the client's connection.
        log: where it is told that the generator crashed, which is the end of this one only.

    Attributes:
        client: the client's connection.
        server: the real server's, if there is one.
        deadline: of all waits that have no other limit, by trio's clock.
        stopping: whether the daemon is going down.
        is_stoppable: whether that ends the next wait.
        read: how many octets were read since the others had their turn.
    """

    __slots__ = (
        "_awaited",
        "_errand",
        "_limit",
        "_log",
        "_loop",
        "_paused",
        "_steps",
        "_wanted",
        "client",
        "deadline",
        "is_stoppable",
        "read",
        "server",
        "stopping",
    )

    def __init__(self, loop: Loop, client: Channel, log: Log) -> None:
        self._loop = loop
        self._log = log
        self.client = client
        self.server: Channel | None = None
        self.deadline = FOREVER
        self.stopping = False
        self.is_stoppable = False
        self.read = 0
        self._limit = loop.limits.make(self)
        self._awaited: Channel | None = None  # whose readiness is waited for
        self._wanted = 0  # which events that is
        self._errand: Errand | None = None
        self._paused = False  # until the next turn
        self._steps = self._run()
        loop.register(client.sock.fileno(), self)

    @abc.abstractmethod
    def _run(self) -> Steps[fx.Relay | None]:
        """Do what is to be done; give the hand-over, or None: the session is over."""

    @abc.abstractmethod
    def _end(self, relay: fx.Relay | None) -> None:
        """Take notice of what `_run` gave; None also stands for a crash."""

    # --- what the hub and the loop call

    def start(self) -> None:
        """Begin."""
        self._resume(None)

    def stop(self) -> None:
        """End a wait for the client: the daemon is going down.  A log-in under way goes on."""
        self.stopping = True
        if self.is_stoppable:
            self._resume(STOPPED)

    def ready(self, descriptor: int, events: int, now: float) -> None:
        """A socket is ready."""
        channel = self.client if descriptor == self.client.sock.fileno() else self.server
        if channel is None:
            return
        channel.readable |= events & READABLE
        if channel is self._awaited and events & self._wanted:
            self._resume(READY)

    def go_on(self, now: float) -> None:
        """Others have had their turn."""
        if self._paused:
            self._resume(READY)

    def late(self, now: float) -> None:
        """The limit has come."""
        self._resume(LATE)

    def close(self) -> None:
        """Close both connections."""
        self._let_go()
        self._loop.forget(self.client.sock.fileno())
        self.client.close()
        self.hang_up()

    # --- what the generator calls

    def channel(self, side: Side) -> Channel:
        """Give one of the two connections, which is there."""
        if side is Side.CLIENT:
            return self.client
        assert self.server is not None  # noqa: S101  # the session speaks to it only when it is connected
        return self.server

    def watch(self, sock: socket.socket) -> Channel:
        """Have the loop tell of a connection to the real server, from its first moment on.

        Raises:
            OSError: it cannot.
        """
        self._loop.register(sock.fileno(), self)
        self.server = server = Channel(sock)
        return server

    def hang_up(self) -> None:
        """Close the connection to the real server, if there is one."""
        if self.server is not None:
            self._loop.forget(self.server.sock.fileno())
            self.server.close()
        self.server = None

    def wait(self, until: float | None = None) -> Steps[Woken]:
        """Wait, up to the deadline or another limit."""
        at = self.deadline if until is None else until
        if self._limit.at != at:
            self._loop.limits.set(self._limit, at)
        return (yield)

    def wait_for(self, channel: Channel, events: int, until: float | None = None) -> Steps[Woken]:
        """Wait for readiness."""
        self._awaited, self._wanted = channel, events
        return (yield from self.wait(until))

    def pause(self, until: float | None = None) -> Steps[Woken]:
        """Let the others have their turn."""
        self._paused = True
        self._loop.again(self)
        return (yield from self.wait(until))

    def run_errand(self, function: Callable[..., Awaitable[AnswerT]], *args: object) -> Steps[AnswerT | None]:
        """Have a task do something; give its answer, or None: the deadline came first.

        Raises:
            Exception: what the task raised.
        """
        self._errand = errand = Errand()
        self._loop.start(self._do_errand, errand, function, args)
        woken = yield from self.wait()
        self._errand = None
        if woken is LATE:
            errand.scope.cancel()
            return None
        if errand.error is not None:
            raise errand.error
        answer: AnswerT = errand.answer
        return answer

    # --- mechanism

    def _resume(self, why: Woken | None) -> None:
        self.read = 0
        self._awaited = None
        self._paused = self.is_stoppable = False
        relay: fx.Relay | None = None
        try:
            self._steps.send(why)  # type: ignore[arg-type]  # the first time there is no reason
            return
        except StopIteration as end:
            relay = end.value
        except Exception:
            self._log(Level.ERR, internal_error())
        self._let_go()
        self._end(relay)

    def _let_go(self) -> None:
        """Keep nothing of what was known."""
        if self._limit.owner is not None:
            self._loop.limits.drop(self._limit)
        if self._errand is not None:
            self._errand.scope.cancel()
        self._errand = None
        self._steps.close()

    async def _do_errand(
        self, errand: Errand, function: Callable[..., Awaitable[object]], args: tuple[object, ...]
    ) -> None:
        with errand.scope:
            try:
                errand.answer = await function(*args)
            except Exception as error:
                errand.error = error
        if self._errand is errand:
            self._resume(READY)
