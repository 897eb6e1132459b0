"""The daemon: one acceptor a listener, one task a log-in, none a session."""

import contextlib
import functools
import random
import signal
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Sequence

import attrs
import trio

from perdition.io_trio.channel import Channel
from perdition.io_trio.driver import Driver
from perdition.io_trio.listeners import connections
from perdition.io_trio.logs import Log
from perdition.io_trio.relay import Relay
from perdition.io_trio.service import Service
from perdition.io_trio.tls import set_socket_options
from perdition.session import Endpoints, Session, Tls
from perdition.session import effects as fx
from perdition.session.effects import Level
from perdition.session.fronts import FRONTS


@attrs.frozen
class Listener:
    """A bound socket and the service behind it."""

    sock: socket.socket
    service: Service


class Daemon:
    """Serves listeners until it is told to stop.

    Args:
        listeners: with their sockets bound.
        log: where log lines go.
        grace: how many seconds log-ins under way may take when the daemon stops.
    """

    def __init__(self, listeners: Sequence[Listener], log: Log, grace: float) -> None:
        self._listeners = listeners
        self._log = log
        self._grace = grace
        self._relay = Relay(self._crashed)
        self._drivers: set[Driver] = set()
        self._no_drivers = trio.Event()
        self._stopping = False

    @property
    def log_ins(self) -> int:
        """How many connections are before their log-in."""
        return len(self._drivers)

    @property
    def sessions(self) -> int:
        """How many sessions are behind it."""
        return len(self._relay)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until SIGTERM or SIGINT has come and everything is over; a second signal ends all at once."""
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals, contextlib.ExitStack() as stack:
            stack.callback(self._close_listeners)  # also when we are cancelled
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._relay.run)
                async with trio.open_nursery() as log_ins:
                    async with trio.open_nursery() as acceptors:
                        for listener in self._listeners:
                            acceptors.start_soon(self._accept, listener, log_ins)
                        task_status.started()
                        await self._wait_for(signals)
                        acceptors.cancel_scope.cancel()
                    self._close_listeners()
                    nursery.start_soon(self._end_at_once, signals, nursery.cancel_scope)
                    nursery.start_soon(self._wind_up, log_ins.cancel_scope)
                nursery.cancel_scope.cancel()

    def _crashed(self) -> None:
        self._log(Level.ERR, internal_error())

    async def _wait_for(self, signals: AsyncIterator[int]) -> None:
        async for number in signals:
            self._log(Level.INFO, f"Exiting on signal {int(number)}")
            return

    async def _end_at_once(self, signals: AsyncIterator[int], everything: trio.CancelScope) -> None:
        await self._wait_for(signals)
        everything.cancel()

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.sock.close()

    async def _wind_up(self, log_ins: trio.CancelScope) -> None:
        """Send idle clients away, let log-ins finish within the grace; then nothing is left to wait for."""
        self._stopping = True
        with trio.move_on_after(self._grace):
            while self._drivers:
                for driver in self._drivers:
                    driver.stop()
                self._no_drivers = trio.Event()
                await self._no_drivers.wait()
        log_ins.cancel()

    async def _accept(self, listener: Listener, log_ins: trio.Nursery) -> None:
        def complain(line: str) -> None:
            self._log(Level.ERR, line)

        async with contextlib.aclosing(connections(listener.sock, complain)) as accepted:
            async for sock in accepted:
                if listener.service.is_full:
                    self._turn_away(sock, listener.service)
                    continue
                listener.service.connections += 1
                log_ins.start_soon(self._serve, sock, listener.service)

    def _turn_away(self, sock: socket.socket, service: Service) -> None:
        """Refuse politely, where a word can be said without a handshake (connection_limit)."""
        client, policy = Channel(sock), service.policy
        self._log(Level.ERR, f"Connection refused: connection_limit {service.settings.connection_limit} is reached")
        if policy.client_tls is not Tls.IMPLICIT:
            farewell = FRONTS[policy.proto](policy, "").farewell("too many connections, try again later")
            with contextlib.suppress(Exception):
                client.try_send(farewell)
        client.close()

    async def _serve(self, sock: socket.socket, service: Service) -> None:
        """One log-in.  What goes wrong in it is logged and touches no other."""
        driver: Driver | None = None
        handed_over = False
        try:
            set_socket_options(sock, keepalive=service.settings.tcp_keepalive)
            client, local = sock.getpeername(), sock.getsockname()
            banner_host, local_name = await service.banner_host(local[0]), await service.local_name(local[0])
            endpoints = Endpoints(client[:2], local[:2], banner_host, local_name)
            session = Session(service.policy, endpoints, random.randrange(1 << 16))  # noqa: S311  # no secret
            driver = Driver(session, service, Channel(sock), endpoints, self._log)
            self._drivers.add(driver)
            if self._stopping:
                driver.stop()
            relay = await driver.run()
            if relay is None:
                await driver.client.drain()
            else:
                handed_over = await self._hand_over(driver, relay, service)
        except OSError:
            pass  # gone before it was there
        except Exception:
            self._crashed()
        finally:
            if driver is not None:
                self._drivers.discard(driver)
                if not self._drivers:
                    self._no_drivers.set()
            if not handed_over:
                service.connections -= 1
                if driver is not None:
                    driver.close()
                else:
                    sock.close()

    async def _hand_over(self, driver: Driver, relay: fx.Relay, service: Service) -> bool:
        server = driver.server
        assert server is not None  # noqa: S101  # nobody is logged in without one
        await driver.client.send(relay.reply, driver.deadline)
        self._relay.add(
            driver.client,
            server,
            to_client=relay.to_client,
            to_server=relay.to_server,
            timeout=service.settings.timeout,
            idle_farewell=relay.idle_farewell,
            on_end=functools.partial(self._end_session, service, relay.closing),
        )
        return True

    def _end_session(self, service: Service, closing: str, received: int, sent: int, idle: bool) -> None:
        service.connections -= 1
        if idle:
            self._log(Level.INFO, "Timeout piping data.")
        self._log(Level.INFO, f"{closing} received={received} sent={sent}")


def internal_error() -> str:
    """Write where an exception came from, and nothing of what it says: that may hold anything."""
    kind, _, trace = sys.exc_info()
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-3:]]
    return f"Internal error: {kind.__name__ if kind else 'unknown'} at {' < '.join(reversed(places))}"
