"""All connections of one worker: who comes in, who logs in, and who is behind it."""

import contextlib
import functools
import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

import attrs
import trio

from perdition.io_trio.acceptor import Acceptor
from perdition.io_trio.channel import Channel
from perdition.io_trio.crash import internal_error
from perdition.io_trio.limits import FOREVER
from perdition.io_trio.log_in import LogIn
from perdition.io_trio.logs import Log
from perdition.io_trio.loop import Loop
from perdition.io_trio.relay import Relay
from perdition.io_trio.relog import Relog, Repeated
from perdition.io_trio.service import Service
from perdition.io_trio.taps import taps
from perdition.io_trio.tls import set_socket_options
from perdition.session import Tls
from perdition.session import effects as fx
from perdition.session.effects import Level
from perdition.session.endpoints import Endpoints
from perdition.session.fronts import FRONTS
from perdition.session.log_lines import way

BETWEEN_WORDS: Final = 60.0
"""How many seconds lie between two log lines about missing descriptors, at the least."""
UNKNOWN: Final = ("", 0)
"""The address of what has none (inetd_mode over pipes)."""


@attrs.define(eq=False)
class Listener:
    """A bound socket and the service behind it, which another may replace (SIGHUP)."""

    sock: socket.socket
    service: Service


class Hub:
    """Serves listeners.  `run` must be running.

    Args:
        listeners: with their sockets bound; the hub closes them.
        log: where log lines go.
        room: how many connections there may be at once; further clients wait in the kernel's queue.  None: no limit.
    """

    def __init__(self, listeners: Sequence[Listener], log: Log, room: int | None = None) -> None:
        self._listeners = listeners
        self._room = FOREVER if room is None else room
        self._is_full = False
        self._said_full = -FOREVER  # when
        self._log = log
        self._loop = Loop()
        self._relay = Relay(self._loop, self._crashed)
        self._relog = Relog(log)
        self._acceptors: dict[Listener, Acceptor] = {}
        self._log_ins: set[LogIn] = set()
        self._no_log_ins = trio.Event()
        self._no_sessions = trio.Event()
        self._stopping = False

    @property
    def log_ins(self) -> int:
        """How many connections are before their log-in."""
        return len(self._log_ins)

    @property
    def sessions(self) -> int:
        """How many sessions are behind it."""
        return len(self._relay)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve, until cancelled; then all connections are closed."""
        try:
            for listener in self._listeners:
                self.add(listener)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._relog.run)
                await nursery.start(self._loop.run)
                task_status.started()
        finally:
            self.stop_accepting()
            for log_in in list(self._log_ins):
                self._over(log_in, None)
            self._relay.close()
            self._loop.close()

    def add(self, listener: Listener) -> None:
        """Accept connections of one more listener."""
        local = bound_to(listener.sock)
        set_socket_options(listener.sock, keepalive=listener.service.settings.tcp_keepalive)  # its connections inherit

        def take(sock: socket.socket, client: tuple[str, int]) -> None:
            if listener.service.is_full:
                self._turn_away(sock, client, listener.service)
            else:
                self._admit(sock, client, local, listener.service)

        def has_turn() -> bool:
            return listener.service.count.has_turn

        acceptor = self._acceptors[listener] = Acceptor(self._loop, listener.sock, take, self._complain, has_turn)
        if self._is_full:
            acceptor.hold()

    def remove(self, listener: Listener) -> None:
        """Close one listener; whoever is there may stay."""
        self._acceptors.pop(listener).close()

    def stop_accepting(self) -> None:
        """Close the listeners; whoever is there may stay."""
        for listener in list(self._acceptors):
            self.remove(listener)

    def take(self, sock: socket.socket, client: tuple[str, int], service: Service) -> None:
        """Serve a connection that somebody else accepted; it does not block."""
        set_socket_options(sock, keepalive=service.settings.tcp_keepalive)
        self._admit(sock, client, None, service)

    def stop_idle_log_ins(self) -> None:
        """Send clients away that have not begun to log in, now or when their log-in has failed."""
        self._stopping = True
        for log_in in list(self._log_ins):
            log_in.stop()

    async def wait_for_log_ins(self) -> None:
        """Wait until nobody is before a log-in."""
        while self._log_ins:
            self._no_log_ins = trio.Event()
            await self._no_log_ins.wait()

    async def wait_for_sessions(self) -> None:
        """Wait until nobody is there at all."""
        while self._log_ins or self.sessions:
            await self.wait_for_log_ins()
            if self.sessions:
                self._no_sessions = trio.Event()
                await self._no_sessions.wait()

    def _admit(
        self, sock: socket.socket, client: tuple[str, int], local: tuple[str, int] | None, service: Service
    ) -> None:
        try:
            local = local or sock.getsockname()[:2] or UNKNOWN
            log_in = LogIn(self._loop, service, Channel(sock), (client, local), self._log, self._over)
        except OSError:
            sock.close()  # gone before it was there
            return
        service.connections += 1
        self._log_ins.add(log_in)
        self._look_for_room()
        if self._stopping:
            log_in.stop()
        log_in.start()

    def _look_for_room(self) -> None:
        """Accept nobody who could not be served: a session takes two descriptors, and the second one comes later."""
        is_full = self.log_ins + self.sessions >= self._room
        if is_full is self._is_full:
            return
        self._is_full = is_full
        for acceptor in self._acceptors.values():
            if is_full:
                acceptor.hold()
            else:
                acceptor.release()
        if not is_full:
            return
        now = trio.current_time()
        if now >= self._said_full + BETWEEN_WORDS:
            self._said_full = now
            self._complain(f"Clients have to wait: no descriptors for more than {self._room} connections (ulimit -n)")

    def _complain(self, line: str) -> None:
        self._log(Level.ERR, line)

    def _crashed(self) -> None:
        self._log(Level.ERR, internal_error())

    def _turn_away(self, sock: socket.socket, address: tuple[str, int], service: Service) -> None:
        """Refuse politely, where a word can be said without a handshake (connection_limit)."""
        at = way(Endpoints(address, sock.getsockname()[:2], ""))
        client, policy = Channel(sock), service.policy
        limit = service.settings.connection_limit
        self._log(Level.ERR, f"Connection refused {at}: connection_limit {limit} is reached")
        if policy.client_tls is not Tls.IMPLICIT:
            farewell = FRONTS[policy.proto](policy, "").farewell("too many connections, try again later")
            with contextlib.suppress(Exception):
                client.try_send(farewell)
        client.close()

    def _over(self, log_in: LogIn, relay: fx.Relay | None) -> None:
        """Take a session over from its log-in, or let go of both connections."""
        self._log_ins.discard(log_in)
        if not self._log_ins:
            self._no_log_ins.set()
        if relay is not None:
            try:
                self._hand_over(log_in, relay)
                return
            except Exception:
                self._crashed()
        log_in.service.connections -= 1
        log_in.close()
        self._look_for_room()

    def _hand_over(self, log_in: LogIn, relay: fx.Relay) -> None:
        assert log_in.server is not None  # noqa: S101  # nobody is logged in without one
        service = log_in.service
        interval = service.settings.connect_relog
        repeated = self._relog.add(relay.auth, interval) if interval else None
        self._relay.add(
            log_in.client,
            log_in.server,
            to_client=relay.to_client,
            to_server=relay.to_server,
            timeout=service.settings.timeout,
            idle_farewell=relay.idle_farewell,
            on_end=functools.partial(self._end_session, service, relay.closing, repeated),
            taps=taps(self._log, relay.shown_as),
        )

    def _end_session(
        self, service: Service, closing: str, repeated: Repeated | None, received: int, sent: int, idle: bool
    ) -> None:
        service.connections -= 1
        self._look_for_room()
        if repeated is not None:
            self._relog.stop(repeated)
        if not self.sessions:
            self._no_sessions.set()
        if idle:
            self._log(Level.INFO, "Timeout piping data.")
        self._log(Level.INFO, f"{closing} received={received} sent={sent}")


def bound_to(sock: socket.socket) -> tuple[str, int] | None:
    """Give the address that all connections of a listening socket reach; None: they differ."""
    host, port = sock.getsockname()[:2]
    return None if ipaddress.ip_address(host).is_unspecified else (host, port)
