"""We play a POP3 client: commands out, replies in."""

from typing import Final, TypeAlias

from perdition.protocol.conversation import GREETING, Status
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import DEFAULT_LIMITS, Limits
from perdition.protocol.log_in import PRIVACY_REQUIRED, UNSPEAKABLE, CannotLogIn, can_be_said
from perdition.protocol.machine import ClientMachine, Closed
from perdition.protocol.pop3 import codec
from perdition.protocol.pop3._tables import TABLE, State
from perdition.protocol.pop3.events import (
    BadChallenge,
    Challenge,
    Command,
    Greeting,
    Multiline,
    Reply,
    SaslCancel,
    SaslResponse,
)
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import CANCEL, Credentials, plain_message, write_base64
from perdition.protocol.signals import NEED_DATA, Signal

Event: TypeAlias = Greeting | Reply | Multiline | Challenge | BadChallenge
Sendable: TypeAlias = Command | SaslResponse | SaslCancel

NEEDS_PLAIN: Final = CannotLogIn(
    Reason.AUTHENTICATION_FAILED, "the real server offers no SASL PLAIN, which these credentials need"
)


class Client(ClientMachine[Event, Sendable]):
    """The client's side.  The greeting comes first; commands may be pipelined, but for those at a barrier.

    Attributes:
        capabilities: what the last CAPA listed, each line in capitals, or None if it is not known.
        require_tls: whether a password may be sent only under TLS.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, require_tls: bool = False) -> None:
        super().__init__(TABLE, State.GREETING, limits)
        self.capabilities: frozenset[bytes] | None = None
        self.require_tls = require_tls
        self._sent = 0
        self._blocks_due: set[bytes | int] = set()  # commands whose good answer is a block
        self._challenged = False
        self._must_cancel = False  # the challenge was none
        self._block: tuple[Reply, list[bytes]] | None = None
        self._block_size = 0

    def start_tls(self) -> None:
        super().start_tls()
        self.capabilities = None

    def _in_the_middle(self) -> bool:
        return self._block is not None

    def _next_event(self) -> Event | Closed | Signal:
        if self.state is State.CLOSED:
            return Closed()
        if self._block is not None:
            return self._next_of_block()
        tag = self._conversation.oldest
        pending = None if tag is None else self._conversation.pending(tag)
        long = pending is not None and pending[1].sasl  # RFC 5034 4
        line = self._buffer.take_line(self.limits.sasl if long else self.limits.line)
        if line is None:
            return NEED_DATA
        if tag is None or pending is None or self._challenged:
            raise RemoteProtocolError("expected silence until the next command", Fault.UNEXPECTED)
        verb, row = pending
        if row.sasl and (challenge := codec.read_challenge(line)) is not None:
            self._challenged = True
            self._must_cancel = isinstance(challenge, BadChallenge)
            return challenge
        reply = codec.read_reply(line)
        if verb == GREETING:
            self._conversation.answer(reply.status, tag)
            return Greeting(reply.text, reply.status, reply.code)
        if reply.status is Status.OK and tag in self._blocks_due:
            self._block = reply, []
            self._block_size = 0
            return self._next_of_block()
        self._blocks_due.discard(tag)
        self._conversation.answer(reply.status, tag)
        if verb == "CAPA":
            self.capabilities = frozenset()  # RFC 2449 5: a server that does not know CAPA lists nothing
        if verb == "STLS" and reply.status is Status.OK:
            self._refuse_injection()
            self._handshake_due = True
        return reply

    def _next_of_block(self) -> Event | Signal:
        assert self._block is not None  # noqa: S101  # for the type checker
        reply, lines = self._block
        while (line := self._buffer.take_line(self.limits.line)) is not None:
            if line == b".":
                return self._end_of_block(reply, lines)
            lines.append(line.removeprefix(b"."))
            self._block_size += len(line) + 2
            if self._block_size > self.limits.block:
                raise RemoteProtocolError(f"expected a block of at most {self.limits.block} octets", Fault.TOO_LONG)
        return NEED_DATA

    def _end_of_block(self, reply: Reply, lines: list[bytes]) -> Multiline:
        self._block = None
        tag = self._conversation.oldest
        assert tag is not None  # noqa: S101  # for the type checker
        self._blocks_due.discard(tag)
        verb = self._conversation.answer(Status.OK, tag)
        if verb == "CAPA":
            self.capabilities = frozenset(line.upper() for line in lines)
        return Multiline(reply.text, b"".join([line + b"\r\n" for line in lines]))

    def _send(self, event: Sendable) -> bytes:
        if isinstance(event, Command):
            return self._send_command(event)
        if not self._challenged:
            raise LocalProtocolError("a SASL response needs a challenge")
        if self._must_cancel and not isinstance(event, SaslCancel):
            raise LocalProtocolError("a challenge that is no base64 can only be cancelled")
        self._challenged = self._must_cancel = False
        if isinstance(event, SaslCancel):
            return CANCEL + b"\r\n"
        return write_base64(event.data.reveal()) + b"\r\n"

    def _send_command(self, command: Command) -> bytes:
        row = self._conversation.row(command.verb)
        if row is None:
            raise LocalProtocolError(f"{command.verb} is not allowed in state {self.state.name}")
        data = codec.write_command(command.verb, row, command.args)
        self._sent += 1
        self._conversation.command(command.verb, self._sent)
        if codec.wants_block(row, command.args):
            self._blocks_due.add(self._sent)
        return data

    @property
    def mechanisms(self) -> frozenset[bytes]:
        """The SASL mechanisms that the last CAPA listed (RFC 5034 3)."""
        lines = [line.split() for line in self.capabilities or ()]
        return frozenset(word for words in lines if words[:1] == [b"SASL"] for word in words[1:])

    @property
    def offers_tls(self) -> bool | None:
        """Whether STLS is offered; None: CAPA has not been asked."""
        return None if self.capabilities is None else b"STLS" in self.capabilities

    def log_in(self, credentials: Credentials) -> Command | CannotLogIn:
        """Choose the next command on the way to be logged in; nothing is sent yet.

        USER (its PASS is `Command("PASS", (password,))`) where it can carry the credentials, as every server
        has it; else AUTH PLAIN, if the server offers that; CAPA first, if that is not known.
        """
        if self.require_tls and not self.tls:
            return PRIVACY_REQUIRED
        if not can_be_said(credentials):
            return UNSPEAKABLE
        simple = _fits_user_and_pass(credentials)
        ascii_only = credentials.authcid.isascii() and credentials.password.reveal().isascii()
        plain = b"PLAIN" in self.mechanisms
        if self.capabilities is None:
            by_user = simple and ascii_only
        else:
            by_user = simple and not (plain and (not ascii_only or b"USER" not in self.capabilities))
        if by_user:
            return Command("USER", (credentials.authcid,))
        if self.capabilities is None:
            return Command("CAPA")
        if not plain:
            return NEEDS_PLAIN
        message = plain_message(credentials)
        in_base64 = (len(message) + 2) // 3 * 4
        if len("AUTH PLAIN \r\n") + in_base64 > codec.COMMAND_LINE:
            return Command("AUTH", (b"PLAIN",))
        return Command("AUTH", (b"PLAIN", message))


def _fits_user_and_pass(credentials: Credentials) -> bool:
    """Tell whether USER and PASS can carry the credentials (RFC 1939 7): no authzid, no blank in the name, short."""
    name, password = credentials.authcid, credentials.password.reveal()
    return (
        credentials.for_itself
        and max(len(name), len(password)) + len("USER \r\n") <= codec.COMMAND_LINE
        and not any(octet <= 0x20 for octet in name)
        and not any(octet in password for octet in (b"\r", b"\n"))
    )
