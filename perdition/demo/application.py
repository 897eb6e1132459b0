"""What a demo server's three applications have in common: octets in, octets and a next step out.

An application answers each event of its machine at once, so a machine that is PAUSED can only mean that a TLS
handshake is due.  Answers are handed out before they grow: a peer that sends commands and does not read is
not served until it reads.
"""

import enum
from typing import Final, Generic, Protocol, TypeVar

import attrs

from perdition.protocol import NEED_DATA, PAUSED, Closed, Fault, RemoteProtocolError
from perdition.protocol.machine import ServerMachine
from perdition.protocol.reprs import octets

EventT = TypeVar("EventT")
SendableT = TypeVar("SendableT")

ENOUGH: Final = 262144
"""How many octets are gathered before they are handed out."""


class Tls(enum.Enum):
    """Where a new connection stands."""

    NONE = enum.auto()  # in clear, and STARTTLS is not offered
    OFFERED = enum.auto()  # in clear, and STARTTLS is offered
    ACTIVE = enum.auto()  # under TLS from the first octet


class Then(enum.Enum):
    """What the driver does when an answer's octets have been sent."""

    READ = enum.auto()  # read, and call `received`
    GO_ON = enum.auto()  # call `go_on`
    START_TLS = enum.auto()  # do the handshake, and call `tls_started`
    CLOSE = enum.auto()


@attrs.frozen
class Answer:
    """Octets to be sent, and what comes then."""

    data: bytes = attrs.field(repr=octets)
    then: Then


class Application(Protocol):
    """One connection to a demo server, as its driver sees it."""

    def connected(self, tls: Tls) -> Answer:
        """Greet."""

    def received(self, data: bytes) -> Answer:
        """Take octets; `b""` is the end."""

    def go_on(self) -> Answer:
        """Work on what has been received."""

    def tls_started(self) -> Answer:
        """Go on under TLS."""

    def farewell(self, why: Fault | str) -> bytes:
        """Give the last line."""


class MachineApplication(Generic[EventT, SendableT]):
    """An application on one of our server machines.  Subclasses greet and handle events by `_say`."""

    def __init__(self, machine: ServerMachine[EventT, SendableT]) -> None:
        self.machine = machine
        self._tls_offered = False
        self._said = bytearray()

    def connected(self, tls: Tls) -> Answer:
        """Greet."""
        self._tls_offered = tls is Tls.OFFERED
        if tls is Tls.ACTIVE:
            self.machine.start_tls()
        self._greet()
        return self._answer(Then.READ)

    def received(self, data: bytes) -> Answer:
        """Take octets; `b""` is the end."""
        self.machine.receive_data(data)
        return self.go_on()

    def go_on(self) -> Answer:
        """Handle events until enough has been said or something is missing."""
        while len(self._said) < ENOUGH:
            try:
                event = self.machine.next_event()
            except RemoteProtocolError as error:
                self._said += self.farewell(error.fault)
                return self._answer(Then.CLOSE)
            if event is NEED_DATA:
                return self._answer(Then.READ)
            if event is PAUSED:
                return self._answer(Then.START_TLS)
            if isinstance(event, Closed):
                return self._answer(Then.CLOSE)
            self._handle(event)
        return self._answer(Then.GO_ON)

    def tls_started(self) -> Answer:
        """Go on under TLS; nothing that was received in clear is left (the machine saw to that)."""
        self.machine.start_tls()
        self._tls_offered = False
        self._greet_again()
        return self._answer(Then.READ)

    def farewell(self, why: Fault | str) -> bytes:
        """Give the last line."""
        raise NotImplementedError

    def _say(self, event: SendableT) -> None:
        self._said += self.machine.send(event)

    def _answer(self, then: Then) -> Answer:
        data = bytes(self._said)
        self._said.clear()
        return Answer(data, then)

    def _greet(self) -> None:
        raise NotImplementedError

    def _greet_again(self) -> None:
        """Say what is due behind a handshake: in most protocols nothing."""

    def _handle(self, event: EventT) -> None:
        raise NotImplementedError
