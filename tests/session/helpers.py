"""What the tests of the session share: policies, the words of the three protocols, and `play`."""

import base64
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import attrs

from perdition.maps.outcome import Absent, Found
from perdition.session import Endpoints, Policy, Proto, Session
from perdition.session.back import Back, Result
from perdition.session.effects import (
    Answer,
    Authenticate,
    Close,
    Connect,
    Connected,
    Deadline,
    Delay,
    Effect,
    HangUp,
    Level,
    Log,
    Lookup,
    Read,
    Received,
    Relay,
    Send,
    Side,
    StartTls,
    Stopping,
    TimedOut,
    TlsStarted,
    Woke,
)

POP3, IMAP4, MANAGESIEVE = Proto.POP3, Proto.IMAP4, Proto.MANAGESIEVE
PROTOS: Final = (POP3, IMAP4, MANAGESIEVE)

ENDPOINTS: Final = Endpoints(client=("192.0.2.7", 4242), local=("192.0.2.1", 110), banner_host="mail.example")
WAY: Final = "192.0.2.7:4242->192.0.2.1:110"
INSTANCE: Final = "cafe0123"

CAPABILITIES: Final[Mapping[Proto, tuple[bytes, ...]]] = {
    POP3: (b"UIDL", b"USER", b"SASL PLAIN LOGIN"),
    IMAP4: (b"IMAP4rev1", b"AUTH=PLAIN"),
    MANAGESIEVE: (b'"IMPLEMENTATION" "perdition"', b'"SASL" "PLAIN"'),
}

# --- answers

ABSENT: Final = Absent()
FOUND: Final = Found(b"other.example:2110")
UP: Final = Connected()
TLS: Final = TlsStarted()
WOKE: Final = Woke()
LATE: Final = TimedOut()
STOP: Final = Stopping()
EOF: Final = b""

READ_CLIENT: Final = Read(Side.CLIENT)
READ_SERVER: Final = Read(Side.SERVER)
WAITS_OR_ENDS: Final = (Read, StartTls, Lookup, Authenticate, Connect, Delay, Relay, Close)


@attrs.frozen
class Words:
    """How one protocol says what all three can say.

    Attributes:
        log_in: the client logs in as joe with the password hunter2, in one command or two.
        greeting: of a real server that offers all that is needed.
        steps: what the real server then says, after what we have said.
        good: its answer to a good log-in.
        bad: its answer to a bad one.
        good_bye: how we leave it after a bad one.
        welcome: what the client is told after a good one.
        refusal: the same after a bad one.
        log_out: how a client leaves.
        start_tls: how a client asks for TLS.
        go_ahead: how it is told to go ahead.
        bye: how a client is told that we close.
    """

    log_in: bytes
    greeting: bytes
    steps: tuple[tuple[bytes, bytes], ...]
    good: bytes
    bad: bytes
    good_bye: bytes
    welcome: bytes
    refusal: bytes
    log_out: bytes
    start_tls: bytes
    go_ahead: bytes
    bye: bytes


def b64(data: bytes) -> bytes:
    """Encode as base64."""
    return base64.b64encode(data)


PLAIN: Final = b64(b"\0joe\0hunter2")

WORDS: Final[Mapping[Proto, Words]] = {
    POP3: Words(
        log_in=b"USER joe\r\nPASS hunter2\r\n",
        greeting=b"+OK real\r\n",
        steps=((b"USER joe\r\n", b"+OK\r\n"), (b"PASS hunter2\r\n", b"")),
        good=b"+OK 3 messages\r\n",
        bad=b"-ERR go away\r\n",
        good_bye=b"QUIT\r\n",
        welcome=b"+OK You are so in\r\n",
        refusal=b"-ERR failed: Re-Authentication Failure\r\n",
        log_out=b"QUIT\r\n",
        start_tls=b"STLS\r\n",
        go_ahead=b"+OK Begin TLS negotiation\r\n",
        bye=b"-ERR closing: ",
    ),
    IMAP4: Words(
        log_in=b"a LOGIN joe hunter2\r\n",
        greeting=b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] real\r\n",
        steps=((b'p1 LOGIN "joe" "hunter2"\r\n', b""),),
        good=b"p1 OK in\r\n",
        bad=b"p1 NO go away\r\n",
        good_bye=b"p2 LOGOUT\r\n",
        welcome=b"a OK You are so in\r\n",
        refusal=b"a NO [AUTHENTICATIONFAILED] failed: Re-Authentication Failure\r\n",
        log_out=b"z LOGOUT\r\n",
        start_tls=b"s STARTTLS\r\n",
        go_ahead=b"s OK Begin TLS negotiation now\r\n",
        bye=b"* BYE closing: ",
    ),
    MANAGESIEVE: Words(
        log_in=b'AUTHENTICATE "PLAIN" "%s"\r\n' % PLAIN,
        greeting=b'"SASL" "PLAIN"\r\n"STARTTLS"\r\nOK "real"\r\n',
        steps=((b'AUTHENTICATE "PLAIN" "%s"\r\n' % PLAIN, b""),),
        good=b'OK "in"\r\n',
        bad=b'NO "go away"\r\n',
        good_bye=b"LOGOUT\r\n",
        welcome=b'OK "You are so in"\r\n',
        refusal=b'NO "failed: Re-Authentication Failure"\r\n',
        log_out=b"LOGOUT\r\n",
        start_tls=b"STARTTLS\r\n",
        go_ahead=b'OK "Begin TLS negotiation"\r\n',
        bye=b'BYE "closing: ',
    ),
}


# --- TLS with the real server

# Up to the offer of STARTTLS: what the real server says.
OFFERS: Final[Mapping[Proto, tuple[bytes, ...]]] = {
    POP3: (b"+OK\r\n", b"+OK\r\nSASL PLAIN\r\nSTLS\r\n.\r\n"),
    IMAP4: (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n",),
    MANAGESIEVE: (b'"SASL" ""\r\n"STARTTLS"\r\nOK\r\n',),
}
AGREED: Final = {POP3: b"+OK\r\n", IMAP4: b"p1 OK\r\n", MANAGESIEVE: b"OK\r\n"}
# Behind the handshake: what the real server says, in each step, up to the log-in's last octet from us.
SECURED: Final[Mapping[Proto, tuple[bytes, ...]]] = {
    POP3: (b"+OK\r\n",),
    IMAP4: (b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\np2 OK\r\n",),
    MANAGESIEVE: (b'"SASL" "PLAIN"\r\nOK\r\n',),
}
GOOD_UNDER_TLS: Final = {POP3: b"+OK\r\n", IMAP4: b"p3 OK\r\n", MANAGESIEVE: b"OK\r\n"}


# --- SASL in the words of each protocol


def sasl_begin(proto: Proto, mechanism: bytes, initial: bytes | None = None) -> bytes:
    """What a client says to begin, perhaps with an initial response before base64."""
    encoded = None if initial is None else b64(initial)
    match proto:
        case Proto.POP3:
            return b"AUTH " + mechanism + (b"" if encoded is None else b" " + (encoded or b"=")) + b"\r\n"
        case Proto.IMAP4:
            return b"a AUTHENTICATE " + mechanism + (b"" if encoded is None else b" " + (encoded or b"=")) + b"\r\n"
        case Proto.MANAGESIEVE:
            return b'AUTHENTICATE "' + mechanism + (b'"' if encoded is None else b'" "' + encoded + b'"') + b"\r\n"


def sasl_response(proto: Proto, data: bytes) -> bytes:
    """A client's response, before base64."""
    return sasl_raw(proto, b64(data))


def sasl_raw(proto: Proto, encoded: bytes) -> bytes:
    """A client's response as it stands: `*` to cancel, or something that is no base64."""
    return b'"%s"\r\n' % encoded if proto is MANAGESIEVE else encoded + b"\r\n"


def sasl_challenge(proto: Proto, data: bytes) -> bytes:
    """A server's challenge, before base64."""
    return b'"%s"\r\n' % b64(data) if proto is MANAGESIEVE else b"+ %s\r\n" % b64(data)


# --- sessions


def policy(proto: Proto, **changes: Any) -> Policy:
    """Give a policy: one default server, no TLS, no pauses worth the name; `changes` are fields of `Policy`."""
    plain = Policy(
        proto=proto,
        label=proto.name,
        capabilities=CAPABILITIES[proto],
        instance=INSTANCE,
        outgoing_servers=(("real.example", None),),
        outgoing_port="1110",
        authenticate_timeout=60,
        connect_timeout=30,
        failure_delay=3,
    )
    return attrs.evolve(plain, **changes)


def new_session(proto: Proto, *, turn: int = 0, **changes: Any) -> Session:
    """Give a session that has not started; `changes` are fields of `Policy`."""
    return Session(policy(proto, **changes), ENDPOINTS, turn)


# --- plays

Said: TypeAlias = Answer | bytes
"""An answer; octets stand for `Received`."""


@attrs.frozen
class Played:
    """What a session did: one batch of effects for its start and for each answer."""

    session: Session
    batches: tuple[tuple[Effect, ...], ...]

    def then(self, *answers: Said) -> "Played":
        """Go on; give only what comes now."""
        batches = []
        for answer in answers:
            effects = self.session.handle(Received(answer) if isinstance(answer, bytes) else answer)
            batches.append(whole(effects))
        return Played(self.session, tuple(batches))

    @property
    def effects(self) -> list[Effect]:
        """All effects in a row."""
        return [effect for batch in self.batches for effect in batch]

    @property
    def last(self) -> Effect:
        """What the session waits for, or its end."""
        return self.batches[-1][-1]

    @property
    def to_client(self) -> bytes:
        """All octets for the client, up to the hand-over and the answer to the log-in with it."""
        return self._sent(Side.CLIENT) + (self.last.reply if isinstance(self.last, Relay) else b"")

    @property
    def to_server(self) -> bytes:
        """All octets for the real server, up to the hand-over."""
        return self._sent(Side.SERVER)

    def _sent(self, side: Side) -> bytes:
        return b"".join(effect.data for effect in self.effects if isinstance(effect, Send) and effect.side is side)

    def lines(self, level: Level | None = None) -> list[str]:
        """Give the log lines, all or those of one level."""
        logs = [effect for effect in self.effects if isinstance(effect, Log)]
        return [log.line for log in logs if level in (None, log.level)]

    @property
    def errors(self) -> list[str]:
        """The log lines that are errors."""
        return self.lines(Level.ERR)

    @property
    def statuses(self) -> list[str]:
        """The status of each Auth line."""
        return [line.partition(' status="')[2][:-1] for line in self.lines(Level.NOTICE)]

    @property
    def deadlines(self) -> list[float]:
        """All deadlines."""
        return [effect.seconds for effect in self.effects if isinstance(effect, Deadline)]

    @property
    def hangs_up(self) -> bool:
        """Whether the real server was left."""
        return any(isinstance(effect, HangUp) for effect in self.effects)

    @property
    def relay(self) -> Relay:
        """The hand-over."""
        assert isinstance(self.last, Relay), self.last
        return self.last


def talk(back: Back, *said: bytes) -> tuple[bytes, Result | None]:
    """Let the real server talk; give what it was told and where it led."""
    result, told = None, b""
    for octets in said:
        back.receive(octets)
        result = back.next_result()
        told += back.take_output()
    return told, result


def whole(effects: list[Effect]) -> tuple[Effect, ...]:
    """Check that a batch ends with exactly one effect that waits or ends."""
    *doings, last = effects

    assert isinstance(last, WAITS_OR_ENDS), effects
    assert not any(isinstance(effect, WAITS_OR_ENDS) for effect in doings), effects
    return tuple(effects)


def play(session: Session, *answers: Said) -> Played:
    """Start a session and give it answers, one after the other."""
    started = Played(session, (whole(session.start()),))
    return Played(session, started.batches + started.then(*answers).batches)


def to_log_in(proto: Proto, *, user: Answer = ABSENT) -> tuple[Said, ...]:
    """Give the answers that lead to where the real server has all it needs and says yes or no."""
    words = WORDS[proto]
    return (words.log_in, user, UP, words.greeting, *(says for _, says in words.steps if says))
