"""We play a ManageSieve server: commands in, lines and responses out."""

from typing import Final, TypeAlias, assert_never

from perdition.protocol.conversation import Status
from perdition.protocol.errors import Fault, LocalProtocolError
from perdition.protocol.limits import DEFAULT_LIMITS, Limits
from perdition.protocol.literals import Announced, Assembler
from perdition.protocol.machine import Closed, ServerMachine
from perdition.protocol.managesieve import codec
from perdition.protocol.managesieve._tables import TABLE, State
from perdition.protocol.managesieve.events import BadCommand, Challenge, Command, Line, Response, SaslResponse
from perdition.protocol.sasl import CANCEL
from perdition.protocol.signals import NEED_DATA, PAUSED, Signal

Event: TypeAlias = Command | SaslResponse | BadCommand
Sendable: TypeAlias = Line | Response | Challenge

LONG_LINE_VERB: Final = b"AUTHENTICATE "
"""A command whose line may be as long as a SASL message (RFC 5804 2.1)."""


class Server(ServerMachine[Event, Sendable]):
    """The server's side.

    The greeting is the capabilities as `Line`s and a `Response`; the same is due when TLS has started.  Then
    answer each event before the next one is given.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(TABLE, State.GREETING, limits)
        self._assembler = Assembler(self._buffer, limits, synchronising=False)
        self._challenged = False

    def _in_the_middle(self) -> bool:
        return self._assembler.begun

    def _next_event(self) -> Event | Closed | Signal:
        if self.state is State.CLOSED:
            return Closed()
        if not self._challenged and (self._refusing or self._conversation.waiting):
            return PAUSED
        if not self._assembler.begun and not self._challenged:
            self._refuse_http()
        long = self._challenged or self._buffer.startswith(LONG_LINE_VERB)
        message = self._assembler.next(self.limits.sasl if long else self.limits.line)
        if message is None or isinstance(message, Announced):
            return NEED_DATA
        return self._read_response(message) if self._challenged else self._read_command(message)

    def _read_command(self, message: tuple[bytes, ...]) -> Event:
        try:
            verb, at = codec.read_verb(message[0])
            row = self._conversation.row(verb)
            if row is None:
                raise codec.BadArgument(self._why_not(verb))
            args = codec.read_arguments(row, message, at)
        except codec.BadArgument as error:
            return self._bad(str(error))
        if verb == "STARTTLS":
            self._refuse_injection()
        self._conversation.command(verb, 0)
        return Command(verb, args)

    def _read_response(self, message: tuple[bytes, ...]) -> Event:
        self._challenged = False
        try:
            tokens = codec.read_tokens(message)
            response = codec.take_string(tokens)
            if tokens:
                raise codec.BadArgument("expected one string")
            if response == CANCEL:
                raise codec.BadArgument("AUTHENTICATE was cancelled")
            return SaslResponse(codec.read_sasl(response))
        except codec.BadArgument as error:
            self._conversation.answer(Status.NO, 0)
            return self._bad(str(error))

    def _bad(self, text: str) -> BadCommand:
        self._count_bad_command()
        return BadCommand(Response(Status.NO, text.encode("ascii")))

    def _why_not(self, verb: str) -> str:
        if verb == "STARTTLS" and self.tls:
            return "TLS is active already"
        return "not now" if self._conversation.knows(verb) else "unknown command"

    def _send(self, event: Sendable) -> bytes:
        match event:
            case Line(words):
                pending = self._conversation.pending(0)
                if pending is None or pending[1].sasl:
                    raise LocalProtocolError("lines stand before the response to a command, but AUTHENTICATE")
                return codec.write_line(words)
            case Response():
                data = codec.write_response(event)
                self._answer(event.status)
                return data
            case Challenge(octets):
                pending = self._conversation.pending(0)
                if pending is None or not pending[1].sasl or self._challenged:
                    raise LocalProtocolError("a challenge answers AUTHENTICATE or a SASL response")
                self._challenged = True
                return codec.write_sasl(octets, plus=b"")
            case _:
                assert_never(event)

    def _answer(self, status: Status) -> None:
        if status is Status.BYE:  # RFC 5804 1.2: at any time, and it ends the conversation
            self._conversation.state = State.CLOSED
            return
        if self._refusing:
            self._refusing = False
            return
        if self._challenged:
            raise LocalProtocolError("the client owes a SASL response first")
        verb = self._conversation.answer(status, 0)
        self._handshake_due = verb == "STARTTLS" and status is Status.OK

    def farewell(self, why: Fault | str) -> bytes:
        """Give the last line to a client whose place in the stream is lost, or whose time is over."""
        return codec.write_response(Response(Status.BYE, b"closing: " + str(why).encode("ascii")))
