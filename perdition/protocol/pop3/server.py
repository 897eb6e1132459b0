"""We play a POP3 server: commands in, replies out."""

from typing import Final, TypeAlias, assert_never

from perdition.protocol.conversation import Status
from perdition.protocol.errors import Fault, LocalProtocolError
from perdition.protocol.limits import DEFAULT_LIMITS, Limits
from perdition.protocol.machine import Closed, ServerMachine
from perdition.protocol.pop3 import codec
from perdition.protocol.pop3._tables import TABLE, State
from perdition.protocol.pop3.events import (
    BadCommand,
    Challenge,
    Command,
    Greeting,
    Multiline,
    Reply,
    SaslResponse,
)
from perdition.protocol.sasl import CANCEL
from perdition.protocol.signals import NEED_DATA, PAUSED, Signal

Event: TypeAlias = Command | SaslResponse | BadCommand
Sendable: TypeAlias = Greeting | Reply | Multiline | Challenge

LONG_LINE_VERB: Final = b"AUTH "
"""A command whose line may be as long as a SASL message (RFC 5034 4)."""


class Server(ServerMachine[Event, Sendable]):
    """The server's side.  Send a `Greeting` first; then answer each event before the next one is given."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(TABLE, State.GREETING, limits)
        self._challenged = False
        self._block_due = False  # a good answer to the command that waits is a block

    def _next_event(self) -> Event | Closed | Signal:
        if self.state is State.CLOSED:
            return Closed()
        if self._challenged:
            return self._next_response()
        if self._refusing or self._conversation.waiting:
            return PAUSED
        self._refuse_http()
        long = self._buffer.startswith(LONG_LINE_VERB)
        line = self._buffer.take_line(self.limits.sasl if long else self.limits.line)
        if line is None:
            return NEED_DATA
        try:
            verb, rest = codec.read_verb(line)
            row = self._conversation.row(verb)
            if row is None:
                raise codec.BadArgument(self._why_not(verb))
            args = codec.read_arguments(row, rest)
        except codec.BadArgument as error:
            return self._bad(str(error))
        if verb == "STLS":
            self._refuse_injection()
        self._conversation.command(verb, 0)
        self._block_due = codec.wants_block(row, args)
        return Command(verb, args)

    def _next_response(self) -> Event | Signal:
        line = self._buffer.take_line(self.limits.sasl)
        if line is None:
            return NEED_DATA
        self._challenged = False
        if line == CANCEL:
            return self._end_sasl("AUTH was cancelled")
        try:
            return SaslResponse(codec.read_sasl(line))
        except codec.BadArgument as error:
            return self._end_sasl(str(error))

    def _end_sasl(self, text: str) -> BadCommand:
        self._conversation.answer(Status.NO, 0)
        return self._bad(text)

    def _bad(self, text: str) -> BadCommand:
        self._count_bad_command()
        return BadCommand(Reply(Status.NO, text.encode("ascii")))

    def _why_not(self, verb: str) -> str:
        if verb == "STLS" and self.tls:
            return "TLS is active already"
        if verb == "PASS" and self.state is State.AUTHORIZATION:
            return "expected USER before PASS"
        return "not now" if self._conversation.knows(verb) else "unknown command"

    def _send(self, event: Sendable) -> bytes:
        match event:
            case Greeting(text, status, code):
                data = codec.write_reply(status, text, code)
                if self.state is not State.GREETING:
                    raise LocalProtocolError("a greeting comes first and once")
                self._conversation.answer(status, 0)
            case Reply(status, text, code):
                data = codec.write_reply(status, text, code)
                if self._block_due and status is Status.OK:
                    raise LocalProtocolError("a good answer to this command is a block")
                self._answer(status)
            case Multiline(text, body):
                data = codec.write_reply(Status.OK, text, None) + codec.stuff(body)
                if not self._block_due:
                    raise LocalProtocolError("a block answers only a command that asks for one")
                self._answer(Status.OK)
            case Challenge(octets):
                pending = self._conversation.pending(0)
                if pending is None or not pending[1].sasl or self._challenged:
                    raise LocalProtocolError("a challenge answers AUTH or a SASL response")
                self._challenged = True
                data = codec.write_challenge(octets)
            case _:
                assert_never(event)
        return data

    def _answer(self, status: Status) -> None:
        if self._challenged or self.state is State.GREETING:
            raise LocalProtocolError("a reply needs a command that waits for it")
        if self._refusing:
            self._refusing = False
            return
        verb = self._conversation.answer(status, 0)
        self._block_due = False
        self._handshake_due = verb == "STLS" and status is Status.OK

    def farewell(self, why: Fault | str) -> bytes:
        """Give the last line to a client whose place in the stream is lost, or whose time is over."""
        return codec.write_reply(Status.NO, b"closing: " + str(why).encode("ascii"), None)
