"""We play an IMAP4 server: commands in, responses out."""

from typing import Final, TypeAlias, assert_never

from perdition.protocol.conversation import Row, Status
from perdition.protocol.errors import Fault, LocalProtocolError
from perdition.protocol.imap4 import codec
from perdition.protocol.imap4._tables import TABLE, State
from perdition.protocol.imap4.events import (
    BadCommand,
    Challenge,
    Command,
    Continuation,
    Greeting,
    LiteralOffered,
    Notice,
    SaslResponse,
    Tagged,
    Untagged,
)
from perdition.protocol.limits import DEFAULT_LIMITS, Limits
from perdition.protocol.literals import Announced, Assembler
from perdition.protocol.machine import Closed, ServerMachine
from perdition.protocol.sasl import CANCEL
from perdition.protocol.signals import NEED_DATA, PAUSED, Signal

Event: TypeAlias = Command | LiteralOffered | SaslResponse | BadCommand
Sendable: TypeAlias = Greeting | Continuation | Challenge | Notice | Untagged | Tagged

LONG_LINE_VERB: Final = b"AUTHENTICATE "
"""A command whose line may be as long as a SASL message (RFC 4959 6)."""


class Server(ServerMachine[Event, Sendable]):
    """The server's side.  Send a `Greeting` first; then answer each event before the next one is given."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(TABLE, State.GREETING, limits)
        self._assembler = Assembler(self._buffer, limits, synchronising=True)
        self._offer: LiteralOffered | None = None
        self._challenged = False
        self._tag = b""  # of the command that waits for its answer

    def _in_the_middle(self) -> bool:
        return self._assembler.begun

    def _next_event(self) -> Event | Closed | Signal:
        if self.state is State.CLOSED:
            return Closed()
        if self._challenged:
            return self._next_response()
        if self._offer is not None or self._refusing or self._conversation.waiting:
            return PAUSED
        if not self._assembler.begun:
            self._refuse_http()
        message = self._assembler.next(self._first_line_limit())
        if message is None:
            return NEED_DATA
        if isinstance(message, Announced):
            return self._offered(message)
        return self._read(message)

    def _first_line_limit(self) -> int:
        """A tag of up to 64 octets before AUTHENTICATE makes its line a long one."""
        blank = self._buffer.find(b" ", 64)
        long = blank > 0 and self._buffer.startswith(LONG_LINE_VERB, blank + 1)
        return self.limits.sasl if long else self.limits.line

    def _offered(self, announced: Announced) -> Event:
        """A synchronising literal: refuse it now if its command is refused anyway, for then it is not sent."""
        first = self._assembler.parts[0]
        try:
            tag, verb, row, _ = self._read_head(first)
        except codec.BadArgument as error:
            self._assembler.start_over()
            return self._bad(codec.read_tag(first), str(error))
        if not announced.fits or not row.args:
            self._assembler.start_over()
            self._count_bad_command()
            self._tag = tag
            code = b"TOOBIG" if not announced.fits else None  # RFC 7888 4
            return BadCommand(Tagged(tag, Status.BAD, b"expected a shorter literal, or none", code))
        self._offer = LiteralOffered(tag, announced.size, verb)
        return self._offer

    def _read_head(self, line: bytes) -> tuple[bytes, str, Row, int]:
        """Read tag and verb; give the row and the place behind the verb."""
        tag = codec.read_tag(line)
        if tag is None:
            raise codec.BadArgument("expected a tag")
        verb, at = codec.read_verb(line)
        row = self._conversation.row(verb)
        if row is None:
            raise codec.BadArgument(self._why_not(verb))
        return tag, verb, row, at

    def _read(self, message: tuple[bytes, ...]) -> Event:
        try:
            tag, verb, row, at = self._read_head(message[0])
            args = codec.read_arguments(row, message, at)
        except codec.BadArgument as error:
            return self._bad(codec.read_tag(message[0]), str(error))
        if verb == "STARTTLS":
            self._refuse_injection()
        self._tag = tag
        self._conversation.command(verb, tag)
        return Command(tag, verb, args)

    def _next_response(self) -> Event | Signal:
        line = self._buffer.take_line(self.limits.sasl)
        if line is None:
            return NEED_DATA
        self._challenged = False
        if line == CANCEL:
            return self._end_sasl("AUTHENTICATE was cancelled")
        try:
            return SaslResponse(codec.read_sasl(line))
        except codec.BadArgument as error:
            return self._end_sasl(str(error))

    def _end_sasl(self, text: str) -> BadCommand:
        self._conversation.answer(Status.BAD, self._tag)
        return self._bad(self._tag, text)

    def _bad(self, tag: bytes | None, text: str) -> BadCommand:
        self._count_bad_command()
        self._tag = tag or b""
        words = text.encode("ascii")
        return BadCommand(Notice(Status.BAD, words) if tag is None else Tagged(tag, Status.BAD, words))

    def _why_not(self, verb: str) -> str:
        if verb == "STARTTLS" and self.tls:
            return "TLS is active already"
        return "not now" if self._conversation.knows(verb) else "unknown command"

    def _send(self, event: Sendable) -> bytes:
        match event:
            case Tagged(tag, status, text, code):
                data = codec.write_status(tag, status, text, code)
                self._answer(tag, status)
            case Untagged(parts):
                if self.state is State.GREETING:
                    raise LocalProtocolError("the greeting comes first")
                data = codec.write_parts(parts)
            case Notice(status, text, code):
                if self.state is State.GREETING or status is Status.PREAUTH:
                    raise LocalProtocolError("the greeting comes first, and PREAUTH only there")
                data = codec.write_status(b"*", status, text, code)
                self._refusing = self._refusing and self._tag != b""
            case Continuation(text):
                if self._offer is None:
                    raise LocalProtocolError("a continuation answers a literal that was offered")
                data = codec.one_line(b"+ " + text)
                self._offer = None
            case Challenge(octets):
                pending = self._conversation.pending(self._tag)
                if pending is None or not pending[1].sasl or self._challenged:
                    raise LocalProtocolError("a challenge answers AUTHENTICATE or a SASL response")
                self._challenged = True
                data = codec.write_challenge(octets)
            case Greeting(text, status, code):
                data = codec.write_status(b"*", status, text, code)
                if self.state is not State.GREETING:
                    raise LocalProtocolError("a greeting comes first and once")
                self._conversation.answer(status, 0)
            case _:
                assert_never(event)
        return data

    def _answer(self, tag: bytes, status: Status) -> None:
        if status in (Status.PREAUTH, Status.BYE):
            raise LocalProtocolError(f"{status.name} is never tagged")
        if self._offer is not None:
            if tag != self._offer.tag or status is Status.OK:
                raise LocalProtocolError("a literal that was offered is refused by NO or BAD with its tag")
            self._offer = None
            self._assembler.start_over()
        elif self._refusing:
            if tag != self._tag or not tag:
                raise LocalProtocolError("expected the tag of the bad command")
            self._refusing = False
        elif self._challenged:
            raise LocalProtocolError("the client owes a SASL response first")
        else:
            verb = self._conversation.answer(status, tag)
            self._handshake_due = verb == "STARTTLS" and status is Status.OK

    def farewell(self, why: Fault | str) -> bytes:
        """Give the last line to a client whose place in the stream is lost, or whose time is over."""
        return codec.write_status(b"*", Status.BYE, b"closing: " + str(why).encode("ascii"), None)
