"""The real server's side of a session, in no protocol's words: what all three backs share.

A back owns a client machine and walks it to the log-in.  What the real server says before that is not for the
client (RFC 9051 11.3): of it only `RealAnswer` leaves this place.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.conversation import Status
from perdition.protocol.errors import LocalProtocolError, RemoteProtocolError
from perdition.protocol.log_in import UNSPEAKABLE, CannotLogIn
from perdition.protocol.machine import ClientMachine, Closed
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import Credentials, client_messages
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA
from perdition.session import starred
from perdition.session.outcomes import Outcome, RealAnswer
from perdition.session.policy import Policy, Tls


@attrs.frozen
class AgreedOnTls:
    """The real server waits for the handshake."""


@attrs.frozen
class LoggedIn:
    """The real server has let the user in."""

    answer: RealAnswer


@attrs.frozen
class NotLoggedIn:
    """The log-in is over.

    Attributes:
        outcome: how.
        why: for the log, what the real server did; empty: the outcome says it all.
        answer: its own words, if they were an answer to the log-in.
    """

    outcome: Outcome
    why: str = ""
    answer: RealAnswer | None = None


Result: TypeAlias = AgreedOnTls | LoggedIn | NotLoggedIn


class Back(ABC):
    """Speaks to the real server up to the log-in.

    Attributes:
        show: gets each message of the real server (connection_logging), or is None.
    """

    machine: ClientMachine[Any, Any]  # each back narrows it
    no_tls: Outcome = Outcome.NEGOTIATION  # the C program's status where TLS is demanded and not offered

    def __init__(self, policy: Policy, credentials: Credentials) -> None:
        self.policy = policy
        self._credentials = credentials
        self.show: Callable[[bytes], None] | None = None
        self._heard = ReceiveBuffer()  # what is not shown yet, where anything is
        self._output = bytearray()
        self._shown_output = bytearray()  # what the log may show of it
        self.logging_in = False  # the credentials, or a part of them, have been sent
        self._asked = ""  # the verb that waits for its answer; empty: the greeting does
        self._messages: list[Secret] = []  # SASL responses that are still to be sent
        self._lost = False  # our place in what the real server says

    # --- what the session calls

    def receive(self, data: bytes) -> None:
        """Take octets that the real server sent; `b""` is the end of the stream."""
        self.machine.receive_data(data)
        if self.show is not None:
            self._heard.feed(data)

    def take_output(self) -> bytes:
        """Take what is to be sent to the real server."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def take_shown_output(self) -> bytes:
        """Take what the log may show of it."""
        output = bytes(self._shown_output)
        self._shown_output.clear()
        return output

    def take_trailing_data(self) -> bytes:
        """Take what the real server sent behind its answer to the log-in."""
        return self.machine.take_trailing_data()

    def start_under_tls(self) -> None:
        """Say that TLS is implicit: it has been there before the greeting."""
        self.machine.start_tls()

    def go_on_under_tls(self) -> Result | None:
        """Go on with the log-in when the handshake is done."""
        self.machine.start_tls()
        return self.go_on()

    def next_result(self) -> Result | None:
        """Go on with the log-in; None when more octets are needed."""
        while True:
            try:
                event = self.machine.next_event()
                if event is NEED_DATA:
                    return None
                if isinstance(event, Closed):
                    return NotLoggedIn(Outcome.NEGOTIATION, "expected an answer, the real server has closed")
                self._show_heard(len(self._heard) - self.machine.unread)
                result = self.handle(event)
            except RemoteProtocolError as error:
                self._show_heard(len(self._heard))
                self._lost = True
                return NotLoggedIn(Outcome.NEGOTIATION, f"{error} ({error.fault})")
            if result is not None:
                return result

    def _show_heard(self, count: int) -> None:
        if self.show is not None:
            self.show(self._heard.take(count))

    def say_good_bye(self) -> bytes:
        """Write the command that ends the conversation, if it can stand here."""
        if self._lost:
            return b""
        try:
            return self.machine.send(self.good_bye())
        except LocalProtocolError:
            return b""

    # --- what each protocol says in its own way

    @abstractmethod
    def handle(self, event: Any) -> Result | None:
        """Take one event and go on with the log-in."""

    @abstractmethod
    def go_on(self) -> Result | None:
        """Write the next command on the way to the log-in."""

    @abstractmethod
    def good_bye(self) -> object:
        """Give the command that ends the conversation."""

    # --- the same in all three

    def _wants_tls(self) -> bool:
        return self.policy.server_tls in (Tls.OFFERED, Tls.REQUIRED) and not self.machine.tls

    def _without_tls(self) -> Result | None:
        """TLS is not offered: go on in clear, where the policy allows that."""
        if self.policy.server_tls is Tls.REQUIRED:
            return NotLoggedIn(self.no_tls, "TLS is demanded, and the real server does not offer it")
        return self._log_in()

    def _answer_to_tls(self, status: Status) -> Result:
        """TLS was offered: nothing goes on in clear if it is refused then."""
        if status is Status.OK:
            return AgreedOnTls()
        return NotLoggedIn(self.no_tls, "the real server offers TLS and refuses it")

    def _log_in(self) -> Result | None:
        """Write the next command of the log-in that the machine chooses."""
        command = self.machine.log_in(self._credentials)
        if command is UNSPEAKABLE:
            return NotLoggedIn(Outcome.REFUSED)  # no server's fault
        if isinstance(command, CannotLogIn):
            disabled = command.reason is Reason.LOGIN_DISABLED
            return NotLoggedIn(Outcome.LOGIN_DISABLED if disabled else Outcome.NO_MECHANISM, command.text)
        if command.verb.startswith("AUTH"):
            self._messages = client_messages(command.args[0], self._credentials)[len(command.args) - 1 :]
        self._ask(command)
        self.logging_in = bool(command.args)
        return None

    def _ask(self, command: Any) -> None:
        self._asked = command.verb
        data = self.machine.send(command)
        self._output += data
        if self.show is not None:
            self._shown_output += starred.command(self.policy.proto, data, self.machine.knows)

    def _go_on_with(self, data: bytes) -> None:
        """Write a part of the log-in that may hold a password."""
        self._output += data
        if self.show is not None:
            self._shown_output += starred.response(data)

    def _next_message(self) -> Secret | None:
        """Give the next SASL response, or None: the real server asks for more than the mechanism has."""
        return self._messages.pop(0) if self._messages else None

    def _is_ourselves(self, greeting: bytes) -> bool:
        """Tell whether a greeting is our own: then the user's server is ourselves, and this is a loop."""
        return greeting.endswith(b" " + self.policy.instance.encode("ascii"))
