"""We play an IMAP4 client: commands out, responses in."""

import itertools
from typing import Final, TypeAlias

from perdition.protocol.conversation import Status
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.imap4 import codec
from perdition.protocol.imap4._tables import TABLE, State
from perdition.protocol.imap4.events import (
    Challenge,
    Command,
    Continuation,
    Greeting,
    Notice,
    SaslCancel,
    SaslResponse,
    Tagged,
    Untagged,
)
from perdition.protocol.limits import DEFAULT_LIMITS, Limits
from perdition.protocol.literals import Announced, Assembler
from perdition.protocol.log_in import PRIVACY_REQUIRED, UNSPEAKABLE, CannotLogIn, can_be_said
from perdition.protocol.machine import ClientMachine, Closed
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import CANCEL, Credentials, client_messages, write_base64
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA, Signal

Event: TypeAlias = Greeting | Continuation | Challenge | Notice | Untagged | Tagged
Sendable: TypeAlias = Command | SaslResponse | SaslCancel

LITERAL_MINUS: Final = 4096
"""The largest literal that LITERAL- lets go without a word from the server (RFC 7888 5)."""

STATUS_WORDS: Final = (b"OK ", b"NO ", b"BAD ", b"BYE ", b"PREAUTH ")


class Client(ClientMachine[Event, Sendable]):
    """The client's side.  The greeting comes first; commands may be pipelined, but for those at a barrier.

    Attributes:
        capabilities: the words that the server listed last, in capitals, or None if they are not known.
            What was listed before TLS or before the log-in is forgotten then (RFC 9051 6.2.1, 6.2.2).
        capability_data: the same as the server wrote them, parted by blanks, without what is no name.
        require_tls: whether a password may be sent only under TLS.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, require_tls: bool = False) -> None:
        super().__init__(TABLE, State.GREETING, limits)
        self.capabilities: frozenset[bytes] | None = None
        self.capability_data: bytes | None = None
        self._volunteered = False  # capabilities were listed since the log-in command
        self.require_tls = require_tls
        self._assembler = Assembler(self._buffer, limits, synchronising=False)
        self._numbers = itertools.count(1)
        self._fragments: list[Secret] = []  # of a command whose literals wait for the server's word
        self._writing: bytes | None = None  # the tag of that command
        self._authenticating: bytes | None = None  # the tag of an AUTHENTICATE under way
        self._challenged = False

    def new_tag(self) -> bytes:
        """Give a tag that no command of this machine has had."""
        return b"p%d" % next(self._numbers)

    def start_tls(self) -> None:
        super().start_tls()
        self._forget_capabilities()

    def _forget_capabilities(self) -> None:
        self.capabilities = self.capability_data = None

    def _learn(self, data: bytes | None) -> None:
        """Take the capabilities from `CAPABILITY ...`, if that is what this is (RFC 9051 7.2.2)."""
        words = (data or b"").split()
        if words and words[0].upper() == b"CAPABILITY":
            # Only atoms are names (RFC 9051 9): anything else could end a response code that we write.
            self.capability_data = b" ".join(word for word in words[1:] if codec.ATOM.match(word))
            self.capabilities = frozenset(self.capability_data.upper().split())
            self._volunteered = True

    def _in_the_middle(self) -> bool:
        return self._assembler.begun

    def _next_event(self) -> Event | Closed | Signal:
        if self.state is State.CLOSED and not self._conversation.waiting:
            return Closed()
        # `* OK try {5}` and `+ {5}` are legal texts: only untagged data announces literals.
        literals = self._assembler.begun or (
            self._buffer.startswith(b"* ") and not any(self._buffer.startswith(word, 2) for word in STATUS_WORDS)
        )
        message = self._assembler.next(self.limits.sasl, literals=literals)
        if message is None or isinstance(message, Announced):
            return NEED_DATA
        line = message[0]
        continuation = codec.read_continuation(line)
        if continuation is not None:
            return self._read_continuation(continuation)
        label, _, rest = line.partition(b" ")
        if self.state is State.GREETING:
            return self._read_greeting(label, rest)
        if label == b"*":
            return self._read_untagged(rest, message)
        return self._read_tagged(label, rest)

    def _read_continuation(self, text: bytes) -> Event:
        if self._fragments:
            return Continuation(text)
        if self._authenticating is None or self._challenged:
            raise RemoteProtocolError("expected no continuation: nothing waits for one", Fault.UNEXPECTED)
        challenge = Challenge(codec.read_challenge(text))
        self._challenged = True
        return challenge

    def _read_greeting(self, label: bytes, rest: bytes) -> Greeting:
        read = codec.read_status(rest)
        if label != b"*" or read is None:
            raise RemoteProtocolError("expected a greeting: untagged OK, PREAUTH or BYE")
        status, code, text = read
        if status not in (Status.OK, Status.PREAUTH, Status.BYE):
            raise RemoteProtocolError("expected OK, PREAUTH or BYE in the greeting")
        self._conversation.answer(status, 0)
        self._learn(code)
        return Greeting(text, status, code)

    def _read_untagged(self, rest: bytes, message: tuple[bytes, ...]) -> Event:
        read = codec.read_status(rest)
        if read is None:
            self._learn(rest)
            return Untagged((rest, *message[1:]))
        status, code, text = read
        if status is Status.PREAUTH:
            raise RemoteProtocolError("expected PREAUTH only in the greeting", Fault.UNEXPECTED)
        self._learn(code)
        return Notice(status, text, code)

    def _read_tagged(self, tag: bytes, rest: bytes) -> Tagged:
        read = codec.read_status(rest)
        if read is None or read[0] in (Status.PREAUTH, Status.BYE):
            raise RemoteProtocolError("expected OK, NO or BAD behind a tag")
        pending = self._conversation.pending(tag)
        if pending is None:
            raise RemoteProtocolError("expected the tag of a command that waits", Fault.UNEXPECTED)
        status, code, text = read
        if tag == self._writing and status is Status.OK:
            raise RemoteProtocolError("expected OK only behind the whole command", Fault.UNEXPECTED)
        verb, _ = pending
        before = self.state
        self._conversation.answer(status, tag)
        if tag == self._writing:
            self._fragments, self._writing = [], None
        if tag == self._authenticating:
            self._authenticating, self._challenged = None, False
        if verb == "STARTTLS" and status is Status.OK:
            self._refuse_injection()
            self._handshake_due = True
        self._learn(code)
        if before is State.NOT_AUTHENTICATED and self.state is State.AUTHENTICATED and not self._volunteered:
            self._forget_capabilities()
        if verb == "CAPABILITY" and self.capabilities is None:
            self.capabilities, self.capability_data = frozenset(), b""  # it was asked and has nothing to say
        return Tagged(tag, status, text, code)

    def _send(self, event: Sendable) -> bytes:
        if isinstance(event, Command):
            return self._send_command(event)
        if not self._challenged:
            raise LocalProtocolError("a SASL response needs a challenge")
        self._challenged = False
        if isinstance(event, SaslCancel):
            return CANCEL + b"\r\n"
        return write_base64(event.data.reveal()) + b"\r\n"

    def _send_command(self, command: Command) -> bytes:
        if self._fragments:
            raise LocalProtocolError(f"{command.verb} must wait for the end of the command before it")
        row = self._conversation.row(command.verb)
        if row is None:
            raise LocalProtocolError(f"{command.verb} is not allowed in state {self.state.name}")
        if codec.TAG.match(command.tag) is None or b"+" in command.tag:
            raise LocalProtocolError("expected a tag that IMAP4 allows")
        fragments = codec.write_command(command.tag, command.verb, command.args, row, self._literal_plus())
        self._conversation.command(command.verb, command.tag)
        self._volunteered = False
        if row.sasl:
            self._authenticating = command.tag
        self._fragments = [Secret(fragment) for fragment in fragments[1:]]  # one may be the password
        self._writing = command.tag if self._fragments else None
        return fragments[0]

    def send_literal(self) -> bytes:
        """Give what follows in the command whose literal the server asked for by `Continuation`.

        Raises:
            LocalProtocolError: no literal waits.
        """
        if not self._fragments:
            raise LocalProtocolError("no literal waits for the server's word")
        fragment = self._fragments.pop(0)
        if not self._fragments:
            self._writing = None
        return fragment.reveal()

    def _literal_plus(self) -> int:
        """How large a literal may go without a word from the server (RFC 7888)."""
        if self.capabilities is None:
            return -1
        if b"LITERAL+" in self.capabilities:
            return self.limits.literal
        return LITERAL_MINUS if b"LITERAL-" in self.capabilities else -1

    def log_in(self, credentials: Credentials) -> Command | CannotLogIn:
        """Choose the next command on the way to be logged in; nothing is sent yet.

        CAPABILITY first, if the capabilities are not known.  LOGIN where it can carry the credentials; else
        AUTHENTICATE PLAIN or LOGIN, if the server offers it, with an initial response only under SASL-IR, and
        none for LOGIN: its server speaks first (RFC 4422 5).
        Challenges are answered by `sasl.client_messages`.
        """
        if self.require_tls and not self.tls:
            return PRIVACY_REQUIRED
        if not can_be_said(credentials):
            return UNSPEAKABLE
        if self.capabilities is None:
            return Command(self.new_tag(), "CAPABILITY")
        disabled = b"LOGINDISABLED" in self.capabilities
        if disabled and not self.tls:
            return CannotLogIn(Reason.LOGIN_DISABLED, "the real server announces LOGINDISABLED")
        name, password = credentials.authcid, credentials.password
        for_itself = credentials.for_itself
        plain, login = b"AUTH=PLAIN" in self.capabilities, b"AUTH=LOGIN" in self.capabilities
        ascii_only = name.isascii() and password.reveal().isascii()
        by_login = ascii_only or not (plain or login)  # RFC 6855 5: UTF-8 goes by AUTHENTICATE
        if for_itself and not disabled and by_login:
            return Command(self.new_tag(), "LOGIN", (name, password))
        if plain:
            initial = client_messages(b"PLAIN", credentials) if b"SASL-IR" in self.capabilities else []
            return Command(self.new_tag(), "AUTHENTICATE", (b"PLAIN", *initial))
        if for_itself and login:
            return Command(self.new_tag(), "AUTHENTICATE", (b"LOGIN",))
        if disabled:
            return CannotLogIn(Reason.LOGIN_DISABLED, "the real server announces LOGINDISABLED and no AUTH=PLAIN")
        return CannotLogIn(Reason.AUTHENTICATION_FAILED, "the real server offers no AUTH=PLAIN, which an authzid needs")
