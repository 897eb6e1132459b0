"""What the six machines have in common: octets in, one event at a time out.

The h11 pattern.  `receive_data` takes what came from the peer, `next_event` gives one event or a `Signal`,
`send` turns an event into octets.  Pulling one event at a time lets a machine stop with octets unread, which
is what makes STARTTLS and the hand-over to a relay safe.
"""

import enum
import re
from typing import Final, Generic, NoReturn, TypeVar

import attrs

from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.conversation import Conversation, Table
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import DEFAULT_LIMITS, Limits
from perdition.protocol.log_in import CannotLogIn
from perdition.protocol.sasl import Credentials
from perdition.protocol.signals import NEED_DATA, PAUSED, Signal

EventT = TypeVar("EventT")
SendableT = TypeVar("SendableT")


HTTP: Final = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE) [/*]")
"""The beginning of a request: no command of ours has such a second word."""


@attrs.frozen
class Closed:
    """The peer ended the stream between two messages, or the conversation is over: close the connection."""


class Machine(Generic[EventT, SendableT]):
    """One side of a conversation.  Subclasses read and write; they do no input or output.

    Attributes:
        limits: every number that the peer can push against.
    """

    def __init__(self, table: Table, start: enum.Enum, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self._conversation = Conversation(table, start)
        self._buffer = ReceiveBuffer()
        self._at_end = False
        self._dead = False
        self._handshake_due = False  # STARTTLS was agreed on; not an octet is read or written until start_tls()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a machine is not pickled: what it has read may be a password")

    @property
    def state(self) -> enum.Enum:
        """The state of the conversation, by the RFC's word."""
        return self._conversation.state

    @property
    def tls(self) -> bool:
        """Whether the conversation runs under TLS."""
        return self._conversation.tls

    @property
    def unread(self) -> int:
        """How many octets have been received and are part of no event yet, nor of one that has begun."""
        return len(self._buffer)

    def knows(self, verb: str) -> bool:
        """Tell whether a verb, in capitals, is a command of the protocol in any state."""
        return self._conversation.knows(verb)

    def receive_data(self, data: bytes) -> None:
        """Take octets that the peer sent; `b""` is the end of the stream.

        Raises:
            LocalProtocolError: more than `limits.backlog` octets wait unread.  Pull events first.
        """
        if not data:
            self._at_end = True
            return
        if len(self._buffer) + len(data) > self.limits.backlog:
            raise LocalProtocolError("pull events before feeding more octets")
        self._buffer.feed(data)

    def next_event(self) -> EventT | Closed | Signal:
        """Give the next event, `NEED_DATA`, or `PAUSED` while the last event waits for its answer.

        Raises:
            RemoteProtocolError: the peer did something that loses our place.  The machine is dead.
            LocalProtocolError: the machine was dead before.
        """
        if self._dead:
            raise LocalProtocolError("the conversation has failed; only its connection is left to close")
        if self._handshake_due:
            return PAUSED
        try:
            event = self._next_event()
            if event is not NEED_DATA or not self._at_end:
                return event
            if len(self._buffer) or self._in_the_middle():
                raise RemoteProtocolError("expected the rest of a message before the end", Fault.CLOSED)
        except RemoteProtocolError:
            self._dead = True
            raise
        return Closed()

    def _next_event(self) -> EventT | Closed | Signal:
        raise NotImplementedError

    def send(self, event: SendableT) -> bytes:
        """Write an event; give the octets to be sent.

        Raises:
            LocalProtocolError: the state does not allow it, nobody waits for it, or it cannot be written.
        """
        if self._handshake_due:
            raise LocalProtocolError("the TLS handshake comes first")
        return self._send(event)

    def _send(self, event: SendableT) -> bytes:
        raise NotImplementedError

    def _in_the_middle(self) -> bool:
        """Tell whether a message has begun whose octets have left the buffer."""
        return False

    def start_tls(self) -> None:
        """Say that the connection is under TLS from here on; call it when the handshake is done.

        Everything that was learnt in clear is forgotten (RFC 9051 6.2.1, RFC 2595 4, RFC 5804 2.2).

        Raises:
            LocalProtocolError: TLS is on already, octets received in clear are still unread, or nobody has agreed to
                TLS: it is implicit, before the greeting, or follows a good answer to STARTTLS.
        """
        if self._conversation.tls:
            raise LocalProtocolError("TLS is active already")
        if len(self._buffer):
            raise LocalProtocolError("octets received in clear must not be read under TLS")
        if self._conversation.greeted and not self._handshake_due:
            raise LocalProtocolError("TLS must be agreed on before it starts")
        self._conversation.tls = True
        self._handshake_due = False

    def _refuse_injection(self) -> None:
        """Raise if octets in clear stand behind STARTTLS (RFC 9051 6.2.1, CVE-2011-0411)."""
        if len(self._buffer):
            raise RemoteProtocolError("expected nothing in clear behind STARTTLS", Fault.INJECTED)

    def take_trailing_data(self) -> bytes:
        """Take all octets that no event has consumed: they belong to whoever takes over the connection."""
        return self._buffer.take(len(self._buffer))


class ServerMachine(Machine[EventT, SendableT]):
    """A machine that plays the server: it counts bad commands and pauses until each one is answered."""

    def __init__(self, table: Table, start: enum.Enum, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(table, start, limits)
        self._bad_commands = 0
        self._refusing = False  # a BadCommand was given out and its reply has not been sent

    def _refuse_http(self) -> None:
        """Raise if a browser speaks, whom somebody else has told what to say: the rest may hold commands (ALPACA)."""
        if self._buffer.matches(HTTP):
            raise RemoteProtocolError("expected a command, not a request of HTTP", Fault.UNEXPECTED)

    def _count_bad_command(self) -> None:
        self._bad_commands += 1
        if self._bad_commands > self.limits.bad_commands:
            raise RemoteProtocolError(f"expected at most {self.limits.bad_commands} bad commands", Fault.TOO_MANY)
        self._refusing = True


class ClientMachine(Machine[EventT, SendableT]):
    """A machine that plays the client.

    Attributes:
        require_tls: whether a password may be sent only under TLS.
    """

    require_tls: bool

    def log_in(self, credentials: Credentials) -> SendableT | CannotLogIn:
        """Choose the next command on the way to be logged in, or say why there is none; nothing is sent yet."""
        raise NotImplementedError
