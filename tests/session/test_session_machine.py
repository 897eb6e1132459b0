"""Any legal answer at any time: what holds of every session whatever client, real server, map and network do."""

import base64
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from perdition.maps.outcome import Absent, Broken, Found, Unavailable
from perdition.protocol.errors import LocalProtocolError
from perdition.protocol.limits import Limits
from perdition.session import Proto, Session, Tls
from perdition.session.effects import (
    ANSWERS,
    Answer,
    Authenticate,
    Authenticated,
    Close,
    Connect,
    Connected,
    Delay,
    Effect,
    Failed,
    Lookup,
    NotAuthenticated,
    Read,
    Received,
    Relay,
    Side,
    StartTls,
    Stopping,
    TimedOut,
    TlsStarted,
    Woke,
)
from perdition.session.names import Names, State
from tests.laws import CANARY, tells
from tests.session.helpers import ENDPOINTS, IMAP4, MANAGESIEVE, POP3, PROTOS, policy, sasl_begin, sasl_raw
from tests.session.laws import EVIL, Watch
from tests.strategies.streams import CLIENTS, SERVERS

# --- what the client says

SMALL: Final = Limits(line=300, sasl=400, literal=60, command=400, block=400, lines=8, bad_commands=6)


NAMES: Final = Names(
    client_server_specification=True,
    strip_domain=frozenset({State.REMOTE_LOGIN}),
    lower_case=frozenset(State),
    query_key=(b"\\U", b"\\d", b"\\i\\p"),
)
MESSAGE: Final = b"\0joe\0" + CANARY
LOG_INS: Final = {
    POP3: [b"USER joe\r\nPASS " + CANARY + b"\r\n", sasl_begin(POP3, b"PLAIN", b"jim" + MESSAGE)],
    IMAP4: [b'a LOGIN joe "' + CANARY + b'"\r\n', sasl_begin(IMAP4, b"PLAIN", b"jim" + MESSAGE)],
    MANAGESIEVE: [sasl_begin(MANAGESIEVE, b"PLAIN", MESSAGE), sasl_begin(MANAGESIEVE, b"PLAIN", b"jim" + MESSAGE)],
}


def pieces(proto: Proto) -> list[bytes]:
    """Give more ways to log in, some of them cut short where an answer is due, and what comes then."""
    message, other = MESSAGE, b"jim" + MESSAGE
    ways = [
        sasl_begin(proto, b"PLAIN", message),
        sasl_begin(proto, b"PLAIN", other),
        sasl_begin(proto, b"LOGIN", b"joe"),
    ]
    ways += [sasl_begin(proto, b"PLAIN"), sasl_begin(proto, b"LOGIN"), sasl_begin(proto, b"XOAUTH2", CANARY)]
    ways += [sasl_raw(proto, base64.b64encode(octets)) for octets in (message, b"joe")]
    ways += [b"".join(sasl_raw(proto, base64.b64encode(octets)) for octets in (b"joe", CANARY))]
    ways += [sasl_raw(proto, octets) for octets in (b"*", b"?" + CANARY)]
    # Whoever gives a password where a name is asked for shows it: so a password stands behind a name here.
    match proto:
        case Proto.POP3:
            ways += [b"USER joe\r\nPASS " + CANARY + b"\r\n", b"USER joe\r\n", b"PASS " + CANARY + b"\r\n"]
        case Proto.IMAP4:
            size = len(CANARY)
            ways += [
                b'a LOGIN joe "' + CANARY + b'"\r\n',
                b"a LOGIN {3}\r\n",
                b"a LOGIN {3+}\r\njoe {%d+}\r\n%s\r\n" % (size, CANARY),
                b"joe {%d}\r\n" % size,
                CANARY + b"\r\n",
                b'a LOGIN "" ' + CANARY + b"\r\n",
                b"a LOGIN j\xfc " + CANARY + b"\r\n",
            ]
        case Proto.MANAGESIEVE:
            encoded = base64.b64encode(message)
            ways += [b'AUTHENTICATE "PLAIN" {%d+}\r\n%s\r\n' % (len(encoded), encoded)]
    return ways


OTHERS: Final = {
    POP3: [b"CAPA\r\n", b"STLS\r\n", b"QUIT\r\n", b"NOOP\r\n"],
    IMAP4: [b"a CAPABILITY\r\n", b"s STARTTLS\r\n", b"z LOGOUT\r\n", b"a ID NIL\r\n", b"a NOOP {900}\r\n", b"a\r\n"],
    MANAGESIEVE: [b"CAPABILITY\r\n", b"STARTTLS\r\n", b"LOGOUT\r\n", b'NOOP "\\""\r\n', b"NOOP {2+}\r\n\0\n\r\n"],
}


CLIENT: Final = {
    proto: st.one_of(
        st.lists(st.sampled_from(pieces(proto) + OTHERS[proto]), min_size=1, max_size=4).map(b"".join),
        # Nobody knows where a mutation puts a password: these clients have another one.
        CLIENTS[proto.value].map(lambda octets: octets.replace(CANARY, b"hunter2").replace(b"EVIL", b"") or b"x"),
    )
    for proto in PROTOS
}


# --- what the real server says


class RealServer:
    """Knows a fitting answer to what has been said to it."""

    def __init__(self, proto: Proto) -> None:
        self.proto = proto
        self.greets = True
        self.heard = b""

    def answer(self, heard: bytes, *, good: bool, offers_tls: bool, code: bytes) -> bytes:
        """Give an answer that fits what was heard last."""
        greets, self.greets, self.heard = self.greets, False, heard
        last = self.heard.rstrip(b"\r\n").rpartition(b"\r\n")[2]
        match self.proto:
            case Proto.POP3:
                return self._pop3(last, good=good, offers_tls=offers_tls, code=code)
            case Proto.IMAP4:
                return self._imap4(last, good=good, offers_tls=offers_tls, code=code, greets=greets)
            case Proto.MANAGESIEVE:
                return self._managesieve(last, good=good, offers_tls=offers_tls, code=code, greets=greets)

    def _pop3(self, last: bytes, *, good: bool, offers_tls: bool, code: bytes) -> bytes:
        if last == b"CAPA" and good:
            return b"+OK " + EVIL + b"\r\nSASL PLAIN\r\n" + (b"STLS\r\n" if offers_tls else b"") + b".\r\n"
        if last == b"AUTH PLAIN" and good:
            return b"+ \r\n"
        return (b"+OK" if good else b"-ERR") + (b" [%s] " % code if code else b" ") + EVIL + b"\r\n"

    def _imap4(self, last: bytes, *, good: bool, offers_tls: bool, code: bytes, greets: bool) -> bytes:
        words = b"IMAP4rev1 AUTH=PLAIN" + (b" STARTTLS" if offers_tls else b"")
        if greets:
            return b"* OK [CAPABILITY " + words + b"] " + EVIL + b"\r\n" if good else b"* OK " + EVIL + b"\r\n"
        if good and last.endswith((b"}", b"AUTHENTICATE PLAIN")):
            return b"+ \r\n"
        commands = [line.split() for line in self.heard.split(b"\r\n") if line[:1] == b"p" and b" " in line]
        tag, verb = commands[-1][:2] if commands else (b"p1", b"")
        before = b"* OK [ALERT] " + EVIL + b"\r\n* 1 " + EVIL + b"\r\n" if code else b""
        before += b"* CAPABILITY " + words + b"\r\n" if verb == b"CAPABILITY" else b""
        return before + tag + (b" OK" if good else b" NO") + (b" [%s] " % code if code else b" ") + EVIL + b"\r\n"

    def _managesieve(self, last: bytes, *, good: bool, offers_tls: bool, code: bytes, greets: bool) -> bytes:
        status = (b"OK" if good else b"NO") + (b" (%s)" % code if code else b"") + b' "' + EVIL + b'"\r\n'
        if not greets:
            return status
        return b'"SASL" "PLAIN"\r\n' + (b'"STARTTLS"\r\n' if offers_tls else b"") + status


HOSTILE: Final = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.lists(
        st.sampled_from(
            [
                b"+OK\r\n",
                b"-ERR\r\n",
                b"+ \r\n",
                b"* OK x\r\n",
                b"* BYE x\r\n",
                b"* PREAUTH x\r\n",
                b"* CAPABILITY\r\n",
                b"p1 OK x\r\n",
                b"p2 NO [UNAVAILABLE] x\r\n",
                b"* 1 {70}\r\n",
                b'"SASL" "PLAIN LOGIN"\r\n',
                b'""\r\n',
                b"OK\r\n",
                b"BYE\r\n",
                b'NO (X {2}\r\n\0\n "a") "b\\"c"\r\n',
                b"OK {3}\r\n",
                b"perdition ready on x cafe0123\r\n",
                b"x" * 300,
                b"\r\n",
            ]
        ),
        min_size=1,
        max_size=5,
    ).map(b"".join),
)
CODES: Final = st.sampled_from([b"", b"", b"AUTH", b"UNAVAILABLE", b"TRYLATER", EVIL, EVIL + b' "x"'])
RESULTS: Final = [
    Found(value)
    for value in (b"", b"other", b"jane@", b"@", b"[::1]:143", b'o" x="\\', b"\n", b"[", b"\xff", b"j\0@other")
]
ANY_ANSWER: Final = (
    Received(MESSAGE),
    TlsStarted(),
    Authenticated(),
    NotAuthenticated("why"),
    Connected(),
    Failed("why"),
    Woke(),
    TimedOut(),
    Stopping(),
    Absent(),
    Found(MESSAGE),
)
NO_RESULTS: Final = [Unavailable("d\xe9ad\n"), Broken("row"), TimedOut()]


# --- the machine


class AnySession(RuleBasedStateMachine):
    """Rules are answers; each is enabled while the session waits for it."""

    session: Session

    @initialize(
        proto=st.sampled_from(PROTOS),
        client_tls=st.sampled_from(Tls),
        server_tls=st.sampled_from(Tls),
        server_resp_line=st.booleans(),
        username_from_database=st.booleans(),
        authenticate_in=st.booleans(),
        connection_logging=st.booleans(),
        login_disabled=st.sampled_from([False, False, False, True]),
        limits=st.sampled_from([Limits(), SMALL]),
        names=st.sampled_from([Names(), Names(), NAMES]),
    )
    def begin(self, proto: Proto, limits: Limits, **changes: object) -> None:
        """Start a session of any kind."""
        servers = (("real", None), ("real2", "2110"))
        self.policy = policy(proto, outgoing_servers=servers, commands=25, failures=3, limits=limits, **changes)
        self.connect_client()

    def connect_client(self) -> None:
        """Start a session of this policy."""
        self.real, self.rest, self.longest = RealServer(self.policy.proto), b"", 0
        self.watch = Watch(self.policy)
        self.session = Session(self.policy, ENDPOINTS)
        self.take(self.session.start())

    def answer(self, answer: Answer) -> None:
        """Give an answer; it shows nothing either."""
        assert not tells(answer)
        if isinstance(answer, Received):
            self.longest = max(self.longest, len(answer.data))
        self.take(self.session.handle(answer))

    def take(self, effects: list[Effect]) -> None:
        """Look at a batch of effects."""
        self.last = self.watch.take(self.session, effects)
        self.watch.look_at_memory(self.session, self.longest)

        assert not self.watch.misplaced
        self.give_what_does_not_fit()

    def give_what_does_not_fit(self) -> None:
        """It is refused, and the session stays as it was: so it is behind the end, for every answer."""
        for answer in ANY_ANSWER:
            if type(answer) not in ANSWERS[type(self.last)]:
                with pytest.raises(LocalProtocolError) as caught:
                    self.session.handle(answer)

                assert not tells(caught.value)

    def waits_for(self, wait: Effect) -> bool:
        """Tell whether the session waits for this."""
        return self.last == wait

    @precondition(lambda self: isinstance(self.last, Close | Relay))
    @rule()
    def begin_again(self) -> None:
        """All is over, and another client comes."""
        self.connect_client()

    # --- the client

    @precondition(lambda self: self.waits_for(Read(Side.CLIENT)) and not self.rest)
    @rule(data=st.data())
    def client_logs_in(self, data: st.DataObject) -> None:
        """It says all that a log-in needs, and perhaps more."""
        octets = data.draw(st.sampled_from(LOG_INS[self.policy.proto]))
        self.answer(Received(octets + data.draw(st.sampled_from([b"", b"", *OTHERS[self.policy.proto]]))))

    @precondition(lambda self: self.waits_for(Read(Side.CLIENT)) and not self.rest)
    @rule(data=st.data(), cut=st.integers(1, 40))
    def client_talks(self, data: st.DataObject, cut: int) -> None:
        """It says anything, whole or in part."""
        octets = data.draw(CLIENT[self.policy.proto])
        self.rest = octets[cut:]
        self.answer(Received(octets[:cut]))

    @precondition(lambda self: self.waits_for(Read(Side.CLIENT)) and self.rest)
    @rule(cut=st.integers(1, 40))
    def client_goes_on(self, cut: int) -> None:
        """It says what was left of that."""
        octets, self.rest = self.rest[:cut], self.rest[cut:]
        self.answer(Received(octets))

    @precondition(
        lambda self: self.waits_for(Read(Side.CLIENT)) and not self.watch.client_under_tls and not self.rest,
    )
    @rule()
    def client_wants_tls(self) -> None:
        """It asks for TLS."""
        self.answer(Received({POP3: b"STLS\r\n", IMAP4: b"s STARTTLS\r\n"}.get(self.policy.proto, b"STARTTLS\r\n")))

    @precondition(lambda self: isinstance(self.last, Read))
    @rule(answer=st.sampled_from([Received(b""), TimedOut(), Stopping()]), patience=st.integers(0, 5))
    def somebody_ends_it(self, answer: Answer, patience: int) -> None:
        """A side closes or is silent, or the daemon stops; not too often, or nothing else would happen."""
        if not patience:
            self.answer(answer)

    # --- TLS, map, connection, pause: mostly it goes well, or nothing would be seen of what comes then

    @precondition(lambda self: isinstance(self.last, StartTls))
    @rule(answer=st.sampled_from([*[TlsStarted()] * 8, Failed("no\ncipher", tls=True), TimedOut()]))
    def handshake(self, answer: Answer) -> None:
        """It is done, or not."""
        if isinstance(answer, TlsStarted) and isinstance(self.last, StartTls):
            self.watch.secure(self.last.side)
            if self.last.side is Side.SERVER:
                self.real.greets = self.policy.proto is MANAGESIEVE
        self.answer(answer)

    @precondition(lambda self: isinstance(self.last, Lookup))
    @rule(answer=st.sampled_from([*[Absent(), Found(b"jane@other:2110")] * 8, *RESULTS, *NO_RESULTS]))
    def map_answers(self, answer: Answer) -> None:
        """The map works, or not."""
        self.answer(answer)

    @precondition(lambda self: isinstance(self.last, Authenticate))
    @rule(answer=st.sampled_from([*[Authenticated()] * 8, NotAuthenticated("n\no"), Failed("d\xe9ad\n"), TimedOut()]))
    def system_answers(self, answer: Answer) -> None:
        """The password fits, or not, or nobody knows."""
        self.watch.authenticated = isinstance(answer, Authenticated)
        self.answer(answer)

    @precondition(lambda self: isinstance(self.last, Connect))
    @rule(answer=st.sampled_from([*[Connected()] * 8, Failed("refused"), Failed("expired", tls=True), TimedOut()]))
    def connect(self, answer: Answer) -> None:
        """The real server is there, or not."""
        if isinstance(answer, Connected) and isinstance(self.last, Connect):
            self.watch.connect(tls=self.last.tls)
            self.real = RealServer(self.policy.proto)
        self.answer(answer)

    @precondition(lambda self: isinstance(self.last, Delay))
    @rule()
    def wake(self) -> None:
        """The time has passed."""
        self.answer(Woke())

    # --- the real server

    @precondition(lambda self: self.waits_for(Read(Side.SERVER)))
    @rule(
        good=st.sampled_from([*[True] * 7, False]),
        offers_tls=st.sampled_from([True, True, False]),
        code=CODES,
        more=st.sampled_from([*[b""] * 5, EVIL]),
    )
    def real_server_answers(self, *, good: bool, offers_tls: bool, code: bytes, more: bytes) -> None:
        """It says what fits, and perhaps more than it should."""
        octets = self.real.answer(self.watch.heard, good=good, offers_tls=offers_tls, code=code)
        self.watch.offered_tls = self.watch.offered_tls or b"STARTTLS" in octets or b"STLS" in octets
        self.answer(Received(octets + more))

    @precondition(lambda self: self.waits_for(Read(Side.SERVER)))
    @rule(data=st.data(), patience=st.integers(0, 3))
    def real_server_is_hostile(self, data: st.DataObject, patience: int) -> None:
        """It says anything; not too often, or nobody would ever log in."""
        if not patience:
            said = data.draw(st.one_of(HOSTILE, SERVERS[self.policy.proto.value]))
            self.answer(Received(said.replace(CANARY, b"") or b"x"))


AnySession.TestCase.settings = settings(stateful_step_count=40)
TestAnySession = AnySession.TestCase
