"""We play a ManageSieve client: commands out, lines and responses in."""

from collections.abc import Mapping
from typing import TypeAlias

from perdition.protocol.conversation import GREETING, Status
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import DEFAULT_LIMITS, Limits
from perdition.protocol.literals import Announced, Assembler
from perdition.protocol.log_in import PRIVACY_REQUIRED, UNSPEAKABLE, CannotLogIn, can_be_said
from perdition.protocol.machine import ClientMachine, Closed
from perdition.protocol.managesieve import codec
from perdition.protocol.managesieve._tables import TABLE, State
from perdition.protocol.managesieve.events import Challenge, Command, Line, Response, SaslCancel, SaslResponse
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import CANCEL, Credentials, plain_message, read_base64
from perdition.protocol.signals import NEED_DATA, Signal

Event: TypeAlias = Line | Response | Challenge
Sendable: TypeAlias = Command | SaslResponse | SaslCancel


class Client(ClientMachine[Event, Sendable]):
    """The client's side.

    The server speaks first: its capabilities as `Line`s and a `Response`; so it does again when TLS has
    started.  Commands may be pipelined, but for those at a barrier.

    Attributes:
        capabilities: name in capitals to value (None: it has none), as listed last; None: not known.
        require_tls: whether a password may be sent only under TLS.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, require_tls: bool = False) -> None:
        super().__init__(TABLE, State.GREETING, limits)
        self.capabilities: Mapping[bytes, bytes | None] | None = None
        self.require_tls = require_tls
        self._assembler = Assembler(self._buffer, limits, synchronising=False)
        self._listed: dict[bytes, bytes | None] = {}
        self._lines = 0
        self._listed_size = 0
        self._sent = 0
        self._challenged = False

    def start_tls(self) -> None:
        super().start_tls()
        self.capabilities = None

    def _in_the_middle(self) -> bool:
        return self._assembler.begun

    def _next_event(self) -> Event | Closed | Signal:
        if self.state is State.CLOSED:
            return Closed()
        message = self._assembler.next(self.limits.sasl)
        if message is None or isinstance(message, Announced):
            return NEED_DATA
        read = codec.read_message(message)
        if isinstance(read, Response) and read.status is Status.BYE:
            return self._end(read)
        tag = self._conversation.oldest
        pending = None if tag is None else self._conversation.pending(tag)
        if tag is None or pending is None or self._challenged:
            raise RemoteProtocolError("expected silence until the next command", Fault.UNEXPECTED)
        verb, row = pending
        if isinstance(read, Line):
            return self._read_challenge(read) if row.sasl else self._read_line(verb, read)
        self._conversation.answer(read.status, tag)
        if verb in (GREETING, "CAPABILITY") and read.status is Status.OK:
            self.capabilities = self._listed
        self._listed, self._lines, self._listed_size = {}, 0, 0
        if verb == "STARTTLS" and read.status is Status.OK:
            self._refuse_injection()
            self._handshake_due = True
        return read

    def _end(self, bye: Response) -> Response:
        """BYE may come at any time and ends the conversation (RFC 5804 1.2)."""
        self._conversation.state = State.CLOSED
        return bye

    def _read_challenge(self, line: Line) -> Challenge:
        data = read_base64(line.words[0]) if isinstance(line.words[0], bytes) and len(line.words) == 1 else None
        if data is None:
            raise RemoteProtocolError("expected a challenge: one string in base64")
        self._challenged = True
        return Challenge(data)

    def _read_line(self, verb: str, line: Line) -> Line:
        self._lines += 1
        if self._lines > self.limits.lines:
            raise RemoteProtocolError(f"expected at most {self.limits.lines} lines", Fault.TOO_LONG)
        if verb in (GREETING, "CAPABILITY"):
            name, *value = line.words
            if isinstance(name, str) or len(value) > 1 or any(isinstance(word, str) for word in value):
                raise RemoteProtocolError("expected a capability: one string or two")
            self._listed[name.upper()] = next((word for word in value if isinstance(word, bytes)), None)
            self._listed_size += sum(len(word) for word in line.words)
            if self._listed_size > self.limits.block:
                raise RemoteProtocolError(
                    f"expected capabilities of at most {self.limits.block} octets", Fault.TOO_LONG
                )
        return line

    def _send(self, event: Sendable) -> bytes:
        if isinstance(event, Command):
            return self._send_command(event)
        if not self._challenged:
            raise LocalProtocolError("a SASL response needs a challenge")
        self._challenged = False
        if isinstance(event, SaslCancel):
            return codec.write_string(CANCEL, plus=b"+") + b"\r\n"
        return codec.write_sasl(event.data.reveal(), plus=b"+")

    def _send_command(self, command: Command) -> bytes:
        row = self._conversation.row(command.verb)
        if row is None:
            raise LocalProtocolError(f"{command.verb} is not allowed in state {self.state.name}")
        data = codec.write_command(command.verb, row, command.args)
        self._sent += 1
        self._conversation.command(command.verb, self._sent)
        return data

    @property
    def mechanisms(self) -> frozenset[bytes]:
        """The SASL mechanisms that the server listed last (RFC 5804 1.7)."""
        return frozenset(((self.capabilities or {}).get(b"SASL") or b"").upper().split())

    def log_in(self, credentials: Credentials) -> Command | CannotLogIn:
        """Choose the next command on the way to be logged in; nothing is sent yet.

        AUTHENTICATE PLAIN, else LOGIN, if the server offers it; CAPABILITY first, if that is not known.  LOGIN has
        no initial response: its server speaks first (RFC 4422 5).
        """
        if self.require_tls and not self.tls:
            return PRIVACY_REQUIRED
        if not can_be_said(credentials):
            return UNSPEAKABLE
        if self.capabilities is None:
            return Command("CAPABILITY")
        if b"PLAIN" in self.mechanisms:
            return Command("AUTHENTICATE", (b"PLAIN", plain_message(credentials)))
        if b"LOGIN" in self.mechanisms and credentials.for_itself:
            return Command("AUTHENTICATE", (b"LOGIN",))
        return CannotLogIn(Reason.AUTHENTICATION_FAILED, "the real server offers neither SASL PLAIN nor LOGIN")
