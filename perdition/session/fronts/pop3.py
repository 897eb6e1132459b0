"""POP3 towards the client."""

from collections.abc import Mapping
from typing import Final, assert_never

from perdition.protocol import pop3
from perdition.protocol.errors import Fault
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session.front import Front
from perdition.session.outcomes import Outcome, RealAnswer
from perdition.session.policy import Policy
from perdition.session.requests import Attempt, Leaves, Request, WantsTls

STLS: Final = b"STLS"
CODES: Final[Mapping[Reason, bytes]] = {
    reason: code for reason, code in pop3.CODES.items() if reason is not Reason.AUTHENTICATION_FAILED
}
"""Without AUTH, at which clients forget the password: only the real server knows whether that was wrong."""
PASSED_ON: Final = frozenset((b"AUTH", b"IN-USE", b"LOGIN-DELAY", b"SYS"))
"""Codes of the real server that tell the user what to do (RFC 2449 8.1, RFC 3206 4), without their detail."""


TEXTS: Final[Mapping[Outcome, bytes]] = {Outcome.NOT_AUTHENTICATED: b"Authentication failure, mate"}


class Pop3Front(Front):
    """Speaks POP3 to the client up to the log-in."""

    codes = CODES
    texts = TEXTS
    passed_on = PASSED_ON

    def __init__(self, policy: Policy, banner_host: str) -> None:
        super().__init__(policy, banner_host)
        self.machine: pop3.Server = pop3.Server(policy.limits)
        self._user = b""

    def _say(self, *events: pop3.Greeting | pop3.Reply | pop3.Multiline | pop3.Challenge) -> None:
        for event in events:
            self._output += self.machine.send(event)

    def greet(self) -> None:
        self._say(pop3.Greeting(b"POP3 " + self._ready))

    def handle(self, event: pop3.Command | pop3.SaslResponse | pop3.BadCommand) -> Request | None:
        match event:
            case pop3.BadCommand(reply):
                self._say(reply)
            case pop3.Command("USER", (bytes() as name,)):
                self._take_user(name)
            case pop3.Command("PASS", (Secret() as password,)):
                return Attempt(Credentials(self._user, password))
            case pop3.Command("AUTH", (bytes() as mechanism, *rest)):
                initial = rest[0] if rest and isinstance(rest[0], Secret) else None
                return self._answer_sasl(self._begin_sasl(mechanism, initial))
            case pop3.SaslResponse(response):
                return self._answer_sasl(self._step_sasl(response))
            case pop3.Command("CAPA"):
                words = self._capabilities(STLS)
                if self._refusal() is not None:
                    words = [word for word in words if word != b"USER" and not word.startswith(b"SASL ")]
                self._say(pop3.Multiline(b"Capability list follows", b"".join(word + b"\r\n" for word in words)))
            case pop3.Command("STLS"):
                if not self._offers_tls():
                    self._say(pop3.Reply(pop3.Status.NO, b"TLS is not offered here"))
                    return None
                self._say(pop3.Reply(pop3.Status.OK, b"Begin TLS negotiation"))
                return WantsTls()
            case pop3.Command():  # QUIT: the table has no other
                self._say(pop3.Reply(pop3.Status.OK, b"QUIT"))
                return Leaves()
            case _:
                assert_never(event)
        return None

    def _take_user(self, name: bytes) -> None:
        if self.in_clear:  # refused before the password can follow in clear
            self._say(pop3.Reply(pop3.Status.NO, b"use STLS before you log in"))
            return
        self._user = name
        self._say(pop3.Reply(pop3.Status.OK, b"USER set"))

    def succeed(self, answer: RealAnswer) -> bytes:
        if self.policy.server_resp_line:
            return self.machine.send(pop3.Reply(pop3.Status.OK, answer.text, answer.code))
        return self.machine.send(pop3.Reply(pop3.Status.OK, self.policy.ok_text))

    def refuse(self, text: bytes, code: bytes | None) -> None:
        self._say(pop3.Reply(pop3.Status.NO, text, code))

    def challenge(self, data: bytes) -> None:
        self._say(pop3.Challenge(data))

    def farewell(self, why: Fault | str) -> bytes:
        return self.machine.farewell(why)

    def timed_out(self) -> bytes:
        """Write nothing: POP3 closes without a word (RFC 1939 3)."""
        return b""

    def passes_on(self, code: bytes) -> bool:
        """Tell it by the code's first level; detail that we do not know takes nothing from it (RFC 2449 8)."""
        return super().passes_on(code.partition(b"/")[0])
