"""The client's side of a session, in no protocol's words: what all three fronts share.

A front owns a server machine.  It answers by itself what needs no decision of the session (capabilities, NOOP,
ID, bad commands, the steps of SASL) and gives the session a `Request` for the rest.
"""

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.errors import Fault, RemoteProtocolError
from perdition.protocol.machine import Closed, ServerMachine
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import SERVER_MECHANISMS, Challenge, Credentials, Failure, ServerMechanism
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA
from perdition.session import starred
from perdition.session.outcomes import Outcome, RealAnswer
from perdition.session.policy import Policy, Tls
from perdition.session.requests import Attempt, Gone, Lost, Request

READY: Final = "perdition ready on {host} {instance}"
"""The text of a greeting.  A real server that greets with our own instance is a loop."""


class Said(enum.Enum):
    """What the client's next message is."""

    COMMAND = enum.auto()
    MORE = enum.auto()  # of a command whose literal was asked for
    RESPONSE = enum.auto()  # of SASL


class Front(ABC):
    """Speaks to the client up to the log-in.

    Attributes:
        commands: how many commands the client has given.
        show: gets what the log may show of each message of the client (connection_logging), or is None.
        codes: what each reason is in the protocol's words.
        texts: what the client is told of a failure, where that is not the status.
        passed_on: codes of the real server that tell the user what to do.
    """

    machine: ServerMachine[Any, Any]  # each front narrows it
    codes: Mapping[Reason, bytes]
    texts: Mapping[Outcome, bytes] = {Outcome.NOT_AUTHENTICATED: b"Authentication failure"}
    passed_on: frozenset[bytes]

    def __init__(self, policy: Policy, banner_host: str) -> None:
        self.policy = policy
        self.commands = 0
        self.show: Callable[[bytes], None] | None = None
        self._heard = ReceiveBuffer()  # what is not shown yet, where anything is
        self._said = Said.COMMAND
        self._ready = READY.format(host=banner_host, instance=policy.instance).encode("ascii", "replace")
        self._output = bytearray()
        self._mechanism: ServerMechanism | None = None

    # --- what the session calls

    def receive(self, data: bytes) -> None:
        """Take octets that the client sent; `b""` is the end of the stream."""
        self.machine.receive_data(data)
        if self.show is not None:
            self._heard.feed(data)

    def take_output(self) -> bytes:
        """Take what is to be sent to the client."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def take_trailing_data(self) -> bytes:
        """Take what the client sent behind its log-in."""
        return self.machine.take_trailing_data()

    def next_request(self) -> Request | None:
        """Answer what can be answered; give what the session must do, or None when more octets are needed."""
        while True:
            try:
                event = self.machine.next_event()
            except RemoteProtocolError as error:
                if error.fault is Fault.CLOSED:
                    return Gone()
                self._output += self.farewell(error.fault)
                return Lost(error.fault, str(error))
            if event is NEED_DATA:
                return None
            if isinstance(event, Closed):
                return Gone()  # whoever has said good-bye is not read any more
            if self.show is not None:
                self.show(self._shown(self._heard.take(len(self._heard) - self.machine.unread)))
            self.commands += 1
            if self.commands > self.policy.commands:
                self._output += self.farewell(Fault.TOO_MANY)
                return Lost(Fault.TOO_MANY, f"expected at most {self.policy.commands} commands before the log-in")
            request = self.handle(event)
            if request is not None:
                return request

    @property
    def in_clear(self) -> bool:
        """Whether a password would cross the client's leg in clear though TLS is demanded."""
        return self.policy.client_tls is Tls.REQUIRED and not self.machine.tls

    def start_tls(self) -> None:
        """Go on under TLS; nothing that was said in clear is remembered."""
        self.machine.start_tls()
        self._mechanism = None

    def _shown(self, octets: bytes) -> bytes:
        """Give what the log may show of a message."""
        said, self._said = self._said, Said.COMMAND
        match said:
            case Said.RESPONSE:
                return starred.response(octets)
            case Said.MORE:
                return starred.STARS + starred.CRLF
            case Said.COMMAND:
                return starred.command(self.policy.proto, octets, self.machine.knows)
            case _:
                assert_never(said)

    def shown_output(self, data: bytes) -> bytes:
        """Give what the log may show of what the client is told."""
        return data

    # --- what each protocol says in its own way

    @abstractmethod
    def greet(self) -> None:
        """Write the greeting."""

    def greet_again(self) -> None:  # noqa: B027  # only one of the three has anything to say
        """Write what a server says unasked behind STARTTLS: nothing, but in ManageSieve."""

    @abstractmethod
    def handle(self, event: Any) -> Request | None:
        """Answer one event, or say what the session must do."""

    @abstractmethod
    def succeed(self, answer: RealAnswer) -> bytes:
        """Write the answer to a good log-in."""

    @abstractmethod
    def refuse(self, text: bytes, code: bytes | None) -> None:
        """Write a no to the command that waits for its answer."""

    @abstractmethod
    def challenge(self, data: bytes) -> None:
        """Write a SASL challenge."""

    @abstractmethod
    def farewell(self, why: Fault | str) -> bytes:
        """Write the last line before we close."""

    def timed_out(self) -> bytes:
        """Write the last line to a client that has been silent for too long."""
        return self.farewell("silent for too long")

    def idle_farewell(self) -> bytes:
        """Write what ends a relay in which nothing moves: nothing, for we do not know where in the stream we are.

        ManageSieve differs, as it does in the C program.
        """
        return b""

    # --- the same in all three

    def fail(self, outcome: Outcome, answer: RealAnswer | None) -> None:
        """Write the answer to a log-in that failed; the client may try again."""
        self.refuse(*self._text_and_code(outcome, answer))

    # --- SASL

    def _answer_sasl(self, step: Challenge | Attempt | Failure) -> Request | None:
        match step:
            case Attempt():
                return step
            case Challenge(data):
                self.challenge(data)
                self._said = Said.RESPONSE
            case Failure(text, reason):
                self.refuse(text.encode("ascii"), self.codes.get(reason))
            case _:
                assert_never(step)
        return None

    def _begin_sasl(self, name: bytes, initial: Secret | None) -> Challenge | Attempt | Failure:
        mechanism = SERVER_MECHANISMS.get(name.upper())
        if mechanism is None:
            return Failure("unknown SASL mechanism")
        self._mechanism = mechanism()
        return self._step_sasl(initial)

    def _step_sasl(self, response: Secret | None) -> Challenge | Attempt | Failure:
        assert self._mechanism is not None  # noqa: S101  # a response follows a challenge
        step = self._mechanism.step(response)
        if isinstance(step, Credentials):
            return Attempt(step)
        if isinstance(step, Challenge):
            return self._refusal() or step  # before the password can follow
        return step

    # --- helpers

    def passes_on(self, code: bytes) -> bool:
        """Tell whether a code of the real server tells the user what to do."""
        return code.upper() in self.passed_on

    def _refusal(self) -> Failure | None:
        """Say why no password should even be sent now."""
        if self.in_clear:
            return Failure("use TLS before you log in", Reason.PRIVACY_REQUIRED)
        if self.policy.login_disabled:
            return Failure("log-in is disabled", Reason.LOGIN_DISABLED)
        return None

    def _capabilities(self, tls_word: bytes) -> list[bytes]:
        """Give the capability elements that are true now: the administrator's, ours, and TLS (perdition 1.7)."""
        offered = self._offers_tls() and not self.machine.tls
        words = [word for word in self.policy.capabilities if offered or word.upper() != tls_word]
        words += [word for word in self.policy.added_capabilities if word not in words]
        if offered and all(word.upper() != tls_word for word in words):  # else it stays where it was put
            words.append(tls_word)
        return words

    def _offers_tls(self) -> bool:
        return self.policy.client_tls in (Tls.OFFERED, Tls.REQUIRED)

    def _text_and_code(self, outcome: Outcome, answer: RealAnswer | None) -> tuple[bytes, bytes | None]:
        """Give what a log-in that failed is answered with: of the real server's codes only those in `passed_on`."""
        if answer is not None and self.policy.server_resp_line:
            return answer.text, answer.code
        code = None if answer is None else answer.code
        if code is None or not self.passes_on(code):
            code = None if outcome.reason is None else self.codes.get(outcome.reason)
        return self.texts.get(outcome) or outcome.status.encode("ascii"), code
