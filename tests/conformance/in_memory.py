"""Plays a transcript on the whole session of the proxy, with a small real server behind it; nothing leaves memory."""

from collections import deque
from typing import Final

from perdition.config import capabilities as default_capabilities
from perdition.conformance.acts import (
    Account,
    Answer,
    HalfClose,
    Hear,
    Heard,
    Say,
    Silence,
    StartTls,
    TlsFailed,
    TlsStarted,
    Verdict,
)
from perdition.conformance.acts import Tls as Mode
from perdition.conformance.live import Dialogue
from perdition.conformance.transcript import Transcript
from perdition.maps.outcome import Absent
from perdition.protocol.secret import Secret
from perdition.session import Policy, Proto, Session, effects
from perdition.session.capabilities import ADDED, capability_elements
from perdition.session.effects import Effect, Side
from perdition.session.policy import Tls
from tests.conformance.players import Cut
from tests.conformance.real_server import RealServer
from tests.session.helpers import ENDPOINTS, policy

CLIENT_TLS: Final = {Mode.IMPLICIT: Tls.IMPLICIT, Mode.STARTTLS: Tls.OFFERED, Mode.NONE: Tls.NONE}


DEFAULTS: Final = {
    "pop3": default_capabilities.POP,
    "imap4": default_capabilities.IMAP,
    "managesieve": default_capabilities.MANAGESIEVE,
}


def policy_for(protocol: str, tls: Tls) -> Policy:
    """Give the policy of a listener that announces what the daemon announces by itself."""
    proto = Proto(protocol)
    return policy(
        proto,
        client_tls=tls,
        capabilities=capability_elements(proto, DEFAULTS[protocol]),
        added_capabilities=ADDED[proto],
    )


class InMemory:
    """One connection of a client to the session.

    Args:
        protocol: of it.
        tls: how the client gets TLS.
        account: who gets in.
        cut: cuts what the client and the real server say into segments.
    """

    def __init__(self, protocol: str, tls: Tls, account: Account, cut: Cut) -> None:
        self._protocol, self._cut, self._account = protocol, cut, account
        self._from_client: deque[bytes] = deque()
        self._to_client = bytearray()
        self._server: RealServer | None = None
        self._from_server: deque[bytes] = deque()
        self._over = False
        self._session = Session(policy_for(protocol, tls), ENDPOINTS)
        self._waiting: Effect = effects.Close()
        self._perform(self._session.start())

    def say(self, data: bytes) -> None:
        """Let the client say something."""
        self._from_client.extend(self._cut(data))

    def half_close(self) -> None:
        """Let the client say nothing any more."""
        self._from_client.append(b"")

    def hear(self) -> Answer:
        """Give what the client hears next."""
        while not self._to_client:
            if self._over:
                return Heard(b"")
            if not self._go_on():
                return Silence()
        data = bytes(self._to_client)
        self._to_client.clear()
        return Heard(data)

    def start_tls(self) -> Answer:
        """Let the client begin a handshake."""
        while self._waiting != effects.StartTls(Side.CLIENT):
            if self._over or not self._go_on():
                return TlsFailed("nobody does a handshake", ended=True)
        if self._from_client or self._to_client:
            return TlsFailed("octets in clear are in the way of the handshake", ended=not self._to_client)
        self._perform(self._session.handle(effects.TlsStarted()))
        return TlsStarted()

    def _go_on(self) -> bool:
        """Answer the effect that waits; tell whether that could be done."""
        match self._waiting:
            case effects.Read(Side.CLIENT) if self._from_client:
                self._perform(self._session.handle(effects.Received(self._from_client.popleft())))
            case effects.Read(Side.SERVER) if self._hear_server():
                self._perform(self._session.handle(effects.Received(self._from_server.popleft())))
            case effects.Connect():
                self._server = RealServer(self._protocol, self._knows)
                self._perform(self._session.handle(effects.Connected()))
            case effects.Lookup():
                self._perform(self._session.handle(Absent()))
            case effects.Delay():
                self._perform(self._session.handle(effects.Woke()))
            case effects.Relay():
                return self._relay()
            case _:
                return False
        return True

    def _knows(self, name: bytes, password: bytes) -> bool:
        return (name, password) == (self._account.user, self._account.password.reveal())

    def _hear_server(self) -> bool:
        if self._server is not None:
            self._from_server.extend(self._cut(self._server.take_output()))
            if self._server.closed and not self._from_server:
                self._from_server.append(b"")
        return bool(self._from_server)

    def _relay(self) -> bool:
        assert self._server is not None
        before = len(self._to_client)
        if self._from_client:
            self._server.receive(self._from_client.popleft())
        self._to_client += b"".join(self._from_server) + self._server.take_output()
        self._from_server.clear()
        self._over = self._server.closed
        return self._over or len(self._to_client) > before or bool(self._from_client)

    def _perform(self, batch: list[Effect]) -> None:
        *done, self._waiting = batch
        for effect in done:
            match effect:
                case effects.Send(Side.CLIENT, data):
                    self._to_client += data
                case effects.Send(Side.SERVER, data):
                    assert self._server is not None
                    self._server.receive(data)
                case effects.HangUp():
                    self._server = None
                    self._from_server.clear()
        match self._waiting:
            case effects.Relay(reply, to_client, to_server):
                self._to_client += reply + to_client
                if to_server:
                    self._from_client.appendleft(to_server)
            case effects.Close():
                self._over = True


ACCOUNT: Final = Account(b"conny", Secret(b'p"ss wo\\rd'))
"""Somebody in no transcript, with what must be escaped in quotes."""


def play(transcript: Transcript, mode: Mode, cut: Cut, account: Account = ACCOUNT) -> tuple[Verdict, Dialogue]:
    """Play a transcript; give the verdict and what was said."""
    tls = Tls.REQUIRED if "LOGINDISABLED" in transcript.needs else CLIENT_TLS[mode]
    connection = InMemory(transcript.protocol, tls, account, cut)
    dialogue = Dialogue(transcript, account, mode)
    run, answer = dialogue.run(), None
    try:
        while True:
            match run.send(answer):
                case Say(data):
                    connection.say(data)
                    answer = None
                case Hear():
                    answer = connection.hear()
                case StartTls():
                    answer = connection.start_tls()
                case HalfClose():
                    connection.half_close()
                    answer = None
    except StopIteration as stop:
        verdict: Verdict = stop.value
        return verdict, dialogue
