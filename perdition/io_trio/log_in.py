"""One log-in: performs the effects of its session, up to the hand-over.

How it waits stands in `waiter`, what is said and heard in `exchange`, the rest in `connect`, `handshake` and `lookup`.
"""

import random
from collections.abc import Callable

import trio

from perdition.io_trio.channel import Channel
from perdition.io_trio.connect import connect
from perdition.io_trio.exchange import drain, receive, send
from perdition.io_trio.handshake import start_tls
from perdition.io_trio.limits import FOREVER
from perdition.io_trio.logs import Log
from perdition.io_trio.loop import Loop
from perdition.io_trio.service import Service
from perdition.io_trio.waiter import Steps, Waiter
from perdition.maps import Query
from perdition.session import Endpoints, Session
from perdition.session import effects as fx
from perdition.session.effects import Side


class LogIn(Waiter):
    """One log-in.

    Args:
        loop: what drives it.
        service: what it is done with.
        client: the client's connection.
        addresses: the client's, and that of ours which it reached.
        log: where log lines go.
        over: called once, with the hand-over, or None: the session is over.  What goes wrong is logged and is
            the end of this log-in only.
    """

    __slots__ = ("_addresses", "_over", "service")

    def __init__(
        self,
        loop: Loop,
        service: Service,
        client: Channel,
        addresses: tuple[tuple[str, int], tuple[str, int]],
        log: Log,
        over: Callable[["LogIn", fx.Relay | None], None],
    ) -> None:
        super().__init__(loop, client, log)
        self.service = service
        self._addresses = addresses
        self._over = over

    def _end(self, relay: fx.Relay | None) -> None:
        self._over(self, relay)

    def _run(self) -> Steps[fx.Relay | None]:
        service = self.service
        client, local = self._addresses
        if service.lacks_name(local[0]):
            yield from self.run_errand(service.find_name, local[0])
        endpoints = Endpoints(client, local, service.banner_host(local[0]), service.local_name(local[0]))
        session = Session(service.policy, endpoints, random.getrandbits(16))
        effects = session.start()
        while True:
            *doings, last = effects
            for effect in doings:
                match effect:
                    case fx.Log():
                        self._log(effect.level, effect.line)
                    case fx.Send():
                        yield from send(self, self.channel(effect.side), effect.data)
                    case fx.Deadline(seconds):
                        self.deadline = trio.current_time() + seconds if seconds else FOREVER
                    case fx.HangUp():
                        self.hang_up()
            match last:
                case fx.Relay():
                    yield from send(self, self.client, last.reply)
                    return last
                case fx.Close():
                    yield from drain(self)
                    return None
            effects = session.handle((yield from self._answer(last)))

    def _answer(self, effect: fx.Effect) -> Steps[fx.Answer]:
        """Perform an effect that waits, within the deadline."""
        match effect:
            case fx.Read(side):
                return (yield from receive(self, self.channel(side)))
            case fx.Lookup(key):
                return (yield from self._look_up(key))
            case fx.Authenticate(name, password):
                assert self.service.pam is not None  # noqa: S101  # the policy asks for it only with one
                address = self._addresses[0][0]
                answer = yield from self.run_errand(self.service.pam.authenticate, name, password, address)
                return fx.TimedOut() if answer is None else answer
            case fx.Connect():
                return (yield from self._connect(effect))
            case fx.StartTls(side, name):
                return (yield from start_tls(self, self.service, side, name))
            case fx.Delay(seconds):
                yield from self.wait(trio.current_time() + seconds)
                return fx.Woke()
        raise AssertionError(f"{type(effect).__name__} does not wait")

    def _look_up(self, key: bytes) -> Steps[fx.Answer]:
        query = self._query(key)
        outcome = self.service.lookups.at_once(query)
        if outcome is None:
            outcome = yield from self.run_errand(self.service.lookups, query)
        return fx.TimedOut() if outcome is None else outcome

    def _query(self, key: bytes) -> Query:
        policy = self.service.policy
        client, local = self._addresses
        tls = self.client.tls is not None
        return Query(key, policy.names.delimiter, client, local, policy.proto.value, tls)

    def _connect(self, effect: fx.Connect) -> Steps[fx.Answer]:
        """Connect to the real server; without the TLS that was asked for there is no connection."""
        answer = yield from connect(self, effect.host, effect.port, keepalive=self.service.settings.tcp_keepalive)
        if not effect.tls or not isinstance(answer, fx.Connected):
            return answer
        secured = yield from start_tls(self, self.service, Side.SERVER, effect.host)
        if isinstance(secured, fx.TlsStarted):
            return answer
        self.hang_up()
        return secured
