"""Performs the effects of one session, up to the hand-over."""

import trio

from perdition.io_trio.channel import Channel, TlsFailed
from perdition.io_trio.connect import CannotConnect, connect
from perdition.io_trio.logs import Log
from perdition.io_trio.service import Service
from perdition.io_trio.tls import accept_tls, connect_tls, set_socket_options
from perdition.maps import Query
from perdition.session import Endpoints, Session
from perdition.session import effects as fx

FOREVER = float("inf")


class Driver:
    """One log-in.

    Args:
        session: what is to be done.
        service: what it is to be done with.
        client: the client's connection.
        endpoints: who talks to whom.
        log: where log lines go.
    """

    def __init__(self, session: Session, service: Service, client: Channel, endpoints: Endpoints, log: Log) -> None:
        self._session = session
        self._service = service
        self._endpoints = endpoints
        self._log = log
        self.client = client
        self.server: Channel | None = None
        self.deadline = FOREVER  # of all waits, by trio's clock
        self._waiting: trio.CancelScope | None = None  # of a wait for the client, which `stop` may end
        self._stopping = False

    async def run(self) -> fx.Relay | None:
        """Drive the session to its end; give the hand-over, or None: the session is over."""
        effects = self._session.start()
        while True:
            *doings, last = effects
            for effect in doings:
                await self._do(effect)
            if isinstance(last, fx.Relay):
                return last
            if isinstance(last, fx.Close):
                return None
            effects = self._session.handle(await self._answer(last))

    def stop(self) -> None:
        """End a wait for the client: the daemon is going down.  A log-in under way goes on."""
        self._stopping = True
        if self._waiting is not None:
            self._waiting.cancel()

    def close(self) -> None:
        """Close both connections."""
        self.client.close()
        self._hang_up()

    def _hang_up(self) -> None:
        if self.server is not None:
            self.server.close()
        self.server = None

    def _channel(self, side: fx.Side) -> Channel:
        if side is fx.Side.CLIENT:
            return self.client
        assert self.server is not None  # noqa: S101  # the session speaks to it only when it is connected
        return self.server

    async def _do(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Log(level, line):
                self._log(level, line)
            case fx.Send(side, data):
                await self._channel(side).send(data, self.deadline)
            case fx.Deadline(seconds):
                self.deadline = trio.current_time() + seconds if seconds else FOREVER
            case fx.HangUp():
                self._hang_up()

    async def _answer(self, effect: fx.Effect) -> fx.Answer:
        """Perform an effect that waits, within the deadline."""
        for_client = isinstance(effect, fx.Read | fx.StartTls) and effect.side is fx.Side.CLIENT
        if for_client and self._stopping:
            return fx.Stopping()
        with trio.CancelScope(deadline=self.deadline) as scope:
            self._waiting = scope if for_client else None
            try:
                return await self._perform(effect)
            finally:
                self._waiting = None
        return fx.Stopping() if for_client and self._stopping else fx.TimedOut()

    async def _perform(self, effect: fx.Effect) -> fx.Answer:
        match effect:
            case fx.Read(side):
                return fx.Received(await self._channel(side).receive())
            case fx.Lookup(key):
                return await self._service.lookups(self._query(key))
            case fx.Connect(host, port, tls):
                return await self._connect(host, port, tls=tls)
            case fx.StartTls(side, name):
                return await self._start_tls(side, name)
            case fx.Delay(seconds):
                await trio.sleep(seconds)
                return fx.Woke()
        raise AssertionError(f"{type(effect).__name__} does not wait")

    def _query(self, key: bytes) -> Query:
        return Query(key, self._service.policy.names.delimiter, self._endpoints.client, self._endpoints.local)

    async def _connect(self, host: str, port: str, *, tls: bool) -> fx.Answer:
        try:
            sock = await connect(host, port)
        except CannotConnect as error:
            return fx.Failed(str(error))
        set_socket_options(sock, keepalive=self._service.settings.tcp_keepalive)
        self._hang_up()
        self.server = Channel(sock)
        return await self._start_tls(fx.Side.SERVER, host, connected=True) if tls else fx.Connected()

    async def _start_tls(self, side: fx.Side, name: str, *, connected: bool = False) -> fx.Answer:
        service = self._service
        try:
            if side is fx.Side.CLIENT:
                assert service.client_context is not None  # noqa: S101  # the policy offers TLS only with one
                await accept_tls(self.client, service.client_context)
            else:
                assert service.server_context is not None  # noqa: S101  # the policy wants TLS only with one
                check_name = not service.settings.ssl_no_cn_verify
                await connect_tls(self._channel(side), service.server_context, name, check_name=check_name)
        except TlsFailed as error:
            if connected:
                self._hang_up()
            return fx.Failed(str(error), tls=True)
        return fx.Connected() if connected else fx.TlsStarted()
