"""One session, from the greeting to the hand-over, as a machine without input or output.

    phase           waits with        an answer leads to
    --------------  ----------------  ------------------------------------------------------------------
    HANDSHAKE       StartTls(CLIENT)  TALKING, or the end
    TALKING         Read(CLIENT)      HANDSHAKE, LOOKING_UP (CONNECTING, if the user names the server),
                                      REFUSING, or the end
    LOOKING_UP      Lookup            LOOKING_UP (the next key), CONNECTING or REFUSING
    AUTHENTICATING  Authenticate      CONNECTING or REFUSING
    CONNECTING      Connect           LOGGING_IN or REFUSING
    LOGGING_IN      Read(SERVER)      SECURING, REFUSING, or the hand-over
    SECURING        StartTls(SERVER)  LOGGING_IN or REFUSING
    REFUSING        Delay             TALKING: the client may try again on the same connection

AUTHENTICATING is before every CONNECTING where the policy says so (authenticate_in), and nowhere else.

`start` and `handle` give batches of effects.  No clock, no socket: every path is a table of answers and effects.
"""

import enum
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, assert_never

from perdition.maps.outcome import Absent, Broken, Found, Unavailable
from perdition.protocol.errors import LocalProtocolError
from perdition.protocol.sasl import Credentials
from perdition.session import log_lines
from perdition.session.back import AgreedOnTls, Back, LoggedIn, NotLoggedIn
from perdition.session.backs import BACKS
from perdition.session.effects import (
    ANSWERS,
    Answer,
    Authenticate,
    Authenticated,
    Close,
    Connect,
    Connected,
    Deadline,
    Delay,
    Effect,
    Failed,
    HangUp,
    Level,
    Log,
    Lookup,
    NotAuthenticated,
    Read,
    Received,
    Relay,
    Send,
    Side,
    StartTls,
    Stopping,
    TlsStarted,
    Wait,
)
from perdition.session.endpoints import Endpoints
from perdition.session.fronts import FRONTS
from perdition.session.names import NoKey, State
from perdition.session.outcomes import Outcome
from perdition.session.policy import Policy, Tls
from perdition.session.requests import Attempt, Gone, Leaves, Lost, WantsTls
from perdition.session.route import BadRoute, read_route

UNKNOWN = "(null)"
"""What the log says of a server or port that has not been determined."""


class Phase(enum.Enum):
    """Where a session stands."""

    HANDSHAKE = enum.auto()
    TALKING = enum.auto()
    LOOKING_UP = enum.auto()
    AUTHENTICATING = enum.auto()
    CONNECTING = enum.auto()
    LOGGING_IN = enum.auto()
    SECURING = enum.auto()
    REFUSING = enum.auto()
    OVER = enum.auto()


class Session:
    """What a log-in does.

    Args:
        policy: of the listener.
        endpoints: who talks to whom.
        turn: which of the default servers is asked first.
    """

    def __init__(self, policy: Policy, endpoints: Endpoints, turn: int = 0) -> None:
        self._policy = policy
        self._endpoints = endpoints
        self._way = log_lines.way(endpoints)
        self._at = f" {self._way}" if self._way else ""
        self._turn = turn
        self._phase = Phase.TALKING
        self._out: list[Effect] = []
        self._waiting: Effect | None = None
        self._front = FRONTS[policy.proto](policy, endpoints.banner_host)
        self._front.show = self._show("CLIENT")
        self._show_ours = self._show("SELF")
        self._back: Back | None = None
        self._credentials: Credentials | None = None
        self._server: str | None = None
        self._port: str | None = None
        self._keys: Iterator[bytes] = iter(())  # of the map, that are still to be asked for
        self._refusal = NotLoggedIn(Outcome.REFUSED)
        self._failures = 0
        self._client_secure = self._server_secure = "plaintext"

    # --- what the driver calls

    def start(self) -> list[Effect]:
        """Begin; give the first batch of effects."""
        inetd = f" inetd_pid={self._policy.inetd_pid}" if self._policy.inetd_pid else ""
        self._log(Level.INFO, f"Connect: {self._at}{inetd}")
        self._be_patient()
        if self._policy.client_tls is Tls.IMPLICIT:
            self._phase = Phase.HANDSHAKE
            return self._until(StartTls(Side.CLIENT))
        self._front.greet()
        return self._talk()

    def handle(self, answer: Answer) -> list[Effect]:
        """Take the answer to the effect that waits; give the next batch.

        Raises:
            LocalProtocolError: the effect that waits has no such answer.
        """
        if type(answer) not in ANSWERS.get(type(self._waiting), ()):
            raise LocalProtocolError(f"{type(answer).__name__} does not answer {type(self._waiting).__name__}")
        return self._PHASES[self._phase](self, answer)

    # --- what `perdition-map lookup` calls: the way to the real server, without a client

    def find_server(self, credentials: Credentials) -> list[Effect]:
        """Begin as if a client had logged in so, and nothing forbade it; give the next batch of effects."""
        self._credentials = credentials
        return self._find_server(credentials.authzid or credentials.authcid)

    @property
    def for_real_server(self) -> Credentials:
        """What the real server is told of the log-in under way."""
        assert self._credentials is not None  # noqa: S101  # a log-in is under way
        return self._for_real_server(self._credentials)

    @property
    def refusal(self) -> NotLoggedIn:
        """Why the log-in is refused, from the `Delay` before the client is told."""
        return self._refusal

    # --- mechanism

    def _until(self, wait: Wait | Close | Relay) -> list[Effect]:
        self._waiting = wait
        effects, self._out = [*self._out, wait], []
        return effects

    def _log(self, level: Level, line: str) -> None:
        self._out.append(Log(level, line))

    def _show(self, who: str) -> Callable[[bytes], None] | None:
        """Make what shows in the log what somebody says, if the log shows it (connection_logging)."""
        if not self._policy.connection_logging:
            return None

        def show(octets: bytes) -> None:
            self._out += [Log(Level.DEBUG, line) for line in log_lines.passing(who, octets, self._way)]

        return show

    def _send(self, side: Side, data: bytes, shown: bytes) -> None:
        self._out.append(Send(side, data))
        if self._show_ours is not None:
            self._show_ours(shown)

    def _say(self, data: bytes) -> None:
        """Tell the client something."""
        self._send(Side.CLIENT, data, self._front.shown_output(data))

    def _flush(self, side: Side) -> None:
        if side is Side.CLIENT:
            if data := self._front.take_output():
                self._say(data)
        elif self._back is not None and (data := self._back.take_output()):
            self._send(side, data, self._back.take_shown_output())

    def _be_patient(self) -> None:
        self._out.append(Deadline(self._policy.authenticate_timeout))

    def _close(self) -> list[Effect]:
        self._phase = Phase.OVER
        self._credentials = self._back = None
        return self._until(Close())

    # --- TALKING

    def _talk(self) -> list[Effect]:
        """Look at what the client has said, and do it or wait for more."""
        self._phase = Phase.TALKING
        before = self._front.commands
        request = self._front.next_request()
        if self._front.commands != before:
            self._be_patient()  # a whole command earns new patience; single octets do not
        self._flush(Side.CLIENT)
        match request:
            case None:
                return self._until(Read(Side.CLIENT))
            case Attempt(credentials):
                return self._attempt(credentials)
            case WantsTls():
                self._phase = Phase.HANDSHAKE
                return self._until(StartTls(Side.CLIENT))
            case Leaves():
                self._log_null_session()
            case Gone():
                line = f"Fatal Error reading authentication information from client{self._at}: Exiting child"
                self._log(Level.ERR, line)
            case Lost(fault, text):
                self._log(Level.ERR, f"Protocol error of client{self._at}: {text} ({fault})")
            case _:
                assert_never(request)
        return self._close()

    def _talking(self, answer: Answer) -> list[Effect]:
        match answer:
            case Received(data):
                self._front.receive(data)
                return self._talk()
            case Stopping():
                self._say(self._front.farewell("this server is going down"))
                self._log_null_session()
            case _:
                farewell = self._front.timed_out()
                if farewell:
                    self._say(farewell)
                line = f"Fatal Error: Timeout reading authentication information from client{self._at}: Exiting child"
                self._log(Level.ERR, line)
        return self._close()

    def _log_null_session(self) -> None:
        line = f'Closing NULL session:{self._at} authorisation_id=NONE authentication_id="{UNKNOWN}"'
        self._log(Level.INFO, line)

    # --- HANDSHAKE

    def _handshake(self, answer: Answer) -> list[Effect]:
        implicit = self._policy.client_tls is Tls.IMPLICIT
        if isinstance(answer, Stopping):  # nothing can be said in the middle of a handshake
            self._log_null_session()
            return self._close()
        if not isinstance(answer, TlsStarted):
            why = answer.why if isinstance(answer, Failed) else "timed out"
            what = "SSL connection to client" if implicit else "TLS connection"
            self._log(Level.ERR, log_lines.words(f"Fatal error establishing {what}{self._at}: {why}"))
            return self._close()
        self._client_secure = "ssl" if implicit else "starttls"
        self._be_patient()
        self._front.start_tls()
        if implicit:
            self._front.greet()
        else:
            self._front.greet_again()
        return self._talk()

    # --- LOOKING_UP

    def _attempt(self, credentials: Credentials) -> list[Effect]:
        self._credentials = credentials
        self._server = self._port = None
        # As perdition 2.2 logs it: the mode that is wanted, until STARTTLS changes it.
        self._server_secure = "ssl" if self._policy.server_tls is Tls.IMPLICIT else "plaintext"
        if self._front.in_clear:
            return self._refuse(NotLoggedIn(Outcome.PRIVACY_REQUIRED))
        if self._policy.login_disabled:
            return self._refuse(NotLoggedIn(Outcome.LOGIN_DISABLED))
        self._out.append(Deadline(self._server_patience()))
        return self._find_server(credentials.authzid or credentials.authcid)

    def _find_server(self, name: bytes) -> list[Effect]:
        """Take the server that the user names, if he may; else ask the map (perdition 4.3)."""
        names = self._policy.names
        lookup_name = names.mangle(name, State.SERVERNAME_LOOKUP, self._endpoints.local_name)
        named = names.server_named_by_user(name, lookup_name)
        if named is not None:
            user, server = named
            self._credentials = self._with_name(user)
            return self._route(server, NotLoggedIn(Outcome.NO_SERVER, "server named by the user: "))
        self._keys = names.keys(lookup_name, self._endpoints)
        return self._look_up()

    def _look_up(self) -> list[Effect]:
        """Ask the map for the next key; when there is none left, the user is absent."""
        try:
            key = next(self._keys, None)
        except NoKey as error:
            self._log(Level.ERR, f"Map is not asked for{self._at}: {error}")
            return self._choose_server()
        if key is None:
            return self._choose_server()
        self._phase = Phase.LOOKING_UP
        return self._until(Lookup(key))

    def _server_patience(self) -> float:
        """How long finding, reaching and greeting the real server may take."""
        times = (self._policy.connect_timeout, self._policy.authenticate_timeout)
        return min((seconds for seconds in times if seconds), default=0)

    def _looking_up(self, answer: Answer) -> list[Effect]:
        match answer:
            case Found(value):
                return self._route(value, NotLoggedIn(Outcome.MAP_BROKEN, "map: "))
            case Absent():
                return self._look_up()
            case Broken(why):
                return self._refuse(NotLoggedIn(Outcome.MAP_BROKEN, f"map: {why}"))
            case Unavailable(why):
                return self._refuse(NotLoggedIn(Outcome.MAP_UNAVAILABLE, f"map: {why}"))
        return self._refuse(NotLoggedIn(Outcome.MAP_UNAVAILABLE, "map: timed out"))

    def _route(self, value: bytes, refusal: NotLoggedIn) -> list[Effect]:
        """Go where a result says; one that makes no sense is refused so, with why it makes none."""
        try:
            route = read_route(value, self._policy.names.delimiter)
        except BadRoute as error:
            return self._refuse(NotLoggedIn(refusal.outcome, f"{refusal.why}{error}"))
        if route.user is not None and self._policy.username_from_database:
            self._credentials = self._with_name(route.user)
        self._server, self._port = route.host, route.port
        return self._choose_server()

    def _with_name(self, name: bytes) -> Credentials:
        """Put a name, the map's or what the user left of his own, in the place of the one that was asked for."""
        assert self._credentials is not None  # noqa: S101  # a lookup follows an attempt
        authcid, password = self._credentials.authcid, self._credentials.password
        if self._credentials.for_itself:
            return Credentials(name, password)
        return Credentials(authcid, password, name)

    def _choose_server(self) -> list[Effect]:
        """Take the default server and port where no other is known; then go there."""
        if self._server is None:
            servers = self._policy.outgoing_servers
            if not servers:
                return self._refuse(NotLoggedIn(Outcome.NO_SERVER))
            self._server, self._port = servers[self._turn % len(servers)]
            self._turn += 1
        self._port = self._port or self._policy.outgoing_port
        return self._authenticate() if self._policy.authenticate_in else self._connect()

    # --- AUTHENTICATING

    def _authenticate(self) -> list[Effect]:
        """Ask whether the password is that of the account it was given for (perdition 4.3, step 7).

        Whether that account may act as another (authzid) is the real server's to say: it is told both names.
        """
        assert self._credentials is not None  # noqa: S101  # a server is chosen for an attempt
        authcid, password = self._credentials.authcid, self._credentials.password
        self._be_patient()  # whoever checks passwords may let time pass on purpose
        self._phase = Phase.AUTHENTICATING
        name = self._policy.names.mangle(authcid, State.LOCAL_AUTHENTICATION, self._endpoints.local_name)
        return self._until(Authenticate(name, password))

    def _authenticating(self, answer: Answer) -> list[Effect]:
        match answer:
            case Authenticated():
                self._out.append(Deadline(self._server_patience()))
                return self._connect()
            case NotAuthenticated(why):
                return self._refuse(NotLoggedIn(Outcome.NOT_AUTHENTICATED, why))
            case Failed(why):
                return self._refuse(NotLoggedIn(Outcome.NO_AUTHENTICATION, why))
        return self._refuse(NotLoggedIn(Outcome.NO_AUTHENTICATION, "timed out"))

    # --- CONNECTING

    def _connect(self) -> list[Effect]:
        assert self._server is not None  # noqa: S101  # it has been chosen
        assert self._port is not None  # noqa: S101  # and its port with it
        self._phase = Phase.CONNECTING
        return self._until(Connect(self._server, self._port, self._policy.server_tls is Tls.IMPLICIT))

    def _connecting(self, answer: Answer) -> list[Effect]:
        assert self._credentials is not None  # noqa: S101  # a connection follows an attempt
        match answer:
            case Connected():
                self._back = BACKS[self._policy.proto](self._policy, self._for_real_server(self._credentials))
                self._back.show = self._show("REAL")
                if self._policy.server_tls is Tls.IMPLICIT:
                    self._back.start_under_tls()
                return self._log_in()
            case Failed(why, tls):
                return self._refuse(NotLoggedIn(Outcome.TLS_FAILURE if tls else Outcome.NO_CONNECTION, why))
        self._out.append(HangUp())  # it may stand, and its handshake be late
        return self._refuse(NotLoggedIn(Outcome.NO_CONNECTION, "timed out"))

    def _for_real_server(self, credentials: Credentials) -> Credentials:
        """Give what the real server is told: of two names the one to act as is changed, never the other."""
        names, local_name = self._policy.names, self._endpoints.local_name
        authzid, authcid = credentials.authzid, credentials.authcid
        if authzid:
            authzid = names.mangle(authzid, State.REMOTE_LOGIN, local_name)
        else:
            authcid = names.mangle(authcid, State.REMOTE_LOGIN, local_name)
        return Credentials(authcid, credentials.password, authzid)

    # --- LOGGING_IN

    def _log_in(self) -> list[Effect]:
        """Look at what the real server has said, and go on or wait for more."""
        assert self._back is not None  # noqa: S101  # LOGGING_IN follows Connected
        self._phase = Phase.LOGGING_IN
        before = self._back.logging_in
        result = self._back.next_result()
        self._flush(Side.SERVER)
        if self._back.logging_in and not before:
            self._be_patient()  # the real server may think longer about a password than about its greeting
        match result:
            case None:
                return self._until(Read(Side.SERVER))
            case AgreedOnTls():
                assert self._server is not None  # noqa: S101  # we are connected to it
                self._phase = Phase.SECURING
                return self._until(StartTls(Side.SERVER, self._server))
            case LoggedIn():
                return self._hand_over(result)
        return self._refuse(result)

    def _logging_in(self, answer: Answer) -> list[Effect]:
        assert self._back is not None  # noqa: S101  # LOGGING_IN follows Connected
        if not isinstance(answer, Received):
            return self._refuse(NotLoggedIn(Outcome.SERVER_TIMEOUT, "expected an answer, none came in time"))
        self._back.receive(answer.data)
        return self._log_in()

    def _securing(self, answer: Answer) -> list[Effect]:
        assert self._back is not None  # noqa: S101  # SECURING follows LOGGING_IN
        if not isinstance(answer, TlsStarted):
            why = answer.why if isinstance(answer, Failed) else "timed out"
            return self._refuse(NotLoggedIn(Outcome.TLS_FAILURE, why))
        self._server_secure = "starttls"
        result = self._back.go_on_under_tls()
        return self._refuse(result) if isinstance(result, NotLoggedIn) else self._log_in()

    # --- REFUSING

    def _refuse(self, refusal: NotLoggedIn) -> list[Effect]:
        """Leave the real server alone and let time pass before the client is told."""
        if self._back is not None:
            good_bye = self._back.say_good_bye()
            if good_bye:
                self._send(Side.SERVER, good_bye, good_bye)
            self._out.append(HangUp())
        self._back = None
        self._refusal = refusal
        self._phase = Phase.REFUSING
        self._out.append(Deadline(0))
        return self._until(Delay(self._policy.failure_delay))

    def _refusing(self, answer: Answer) -> list[Effect]:
        refusal = self._refusal
        self._be_patient()
        if refusal.why:
            self._log(Level.ERR, log_lines.words(f"{self._whose_fault()} for{self._at}: {refusal.why}"))
        self._front.fail(refusal.outcome, refusal.answer)
        self._flush(Side.CLIENT)
        self._log_auth(refusal.outcome)
        self._credentials = None
        self._failures += 1
        if self._failures >= self._policy.failures:
            self._say(self._front.farewell("too many log-ins have failed"))
            self._log(Level.ERR, f"Too many failed log-ins of client{self._at}")
            return self._close()
        return self._talk()

    def _whose_fault(self) -> str:
        if self._refusal.outcome in (Outcome.NOT_AUTHENTICATED, Outcome.NO_AUTHENTICATION):
            return "Local authentication"
        return "Real server" if self._server is None else f"Real server {self._server}:{self._port}"

    def _log_auth(self, outcome: Outcome) -> str:
        """Write the line of the log-in; give it."""
        assert self._credentials is not None  # noqa: S101  # an outcome follows an attempt
        early = outcome in (Outcome.PRIVACY_REQUIRED, Outcome.LOGIN_DISABLED) and self._server is None
        port = UNKNOWN if early else (self._port or self._policy.outgoing_port)
        line = log_lines.auth(
            self._way,
            self._client_secure,
            self._credentials,
            f"{self._server or UNKNOWN}:{port}",
            self._policy.label,
            self._server_secure,
            outcome.status,
            with_password=self._policy.log_passwd.covers(good=outcome is Outcome.OK),
        )
        self._log(Level.NOTICE, line)
        return line

    # --- the hand-over

    def _hand_over(self, logged_in: LoggedIn) -> list[Effect]:
        assert self._back is not None  # noqa: S101  # somebody is logged in
        assert self._credentials is not None  # noqa: S101  # as somebody
        reply = self._front.succeed(logged_in.answer)
        if self._show_ours is not None:
            self._show_ours(reply)
        relay = Relay(
            reply=reply,
            to_client=self._back.take_trailing_data(),
            to_server=self._front.take_trailing_data(),
            auth=self._log_auth(Outcome.OK),
            closing=f"Closing session:{self._at} {log_lines.identities(self._credentials)}",
            idle_farewell=self._front.idle_farewell(),
            shown_as=self._way if self._policy.connection_logging else None,
        )
        self._phase = Phase.OVER
        self._credentials = self._back = None
        return self._until(relay)

    _PHASES: ClassVar[Mapping[Phase, Callable[["Session", Answer], list[Effect]]]] = {
        Phase.HANDSHAKE: _handshake,
        Phase.TALKING: _talking,
        Phase.LOOKING_UP: _looking_up,
        Phase.AUTHENTICATING: _authenticating,
        Phase.CONNECTING: _connecting,
        Phase.LOGGING_IN: _logging_in,
        Phase.SECURING: _securing,
        Phase.REFUSING: _refusing,
    }
