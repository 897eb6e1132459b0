"""ManageSieve towards the client."""

from typing import Final, assert_never

from perdition.protocol import managesieve
from perdition.protocol.errors import Fault
from perdition.protocol.secret import Secret
from perdition.session.front import Front
from perdition.session.outcomes import RealAnswer
from perdition.session.policy import Policy
from perdition.session.requests import Leaves, Request, WantsTls

STARTTLS: Final = b'"STARTTLS"'
PASSED_ON: Final = frozenset((b"TRYLATER", b"AUTH-TOO-WEAK", b"ENCRYPT-NEEDED", b"TRANSITION-NEEDED"))
"""Codes of the real server that tell the user what to do (RFC 5804 1.3)."""
NO_MECHANISMS: Final = managesieve.Line((b"SASL", b""))


class ManageSieveFront(Front):
    """Speaks ManageSieve to the client up to the log-in."""

    codes = managesieve.CODES
    passed_on = PASSED_ON

    def __init__(self, policy: Policy, banner_host: str) -> None:
        super().__init__(policy, banner_host)
        self.machine: managesieve.Server = managesieve.Server(policy.limits)

    def _say(self, *events: managesieve.Line | managesieve.Response | managesieve.Challenge) -> None:
        for event in events:
            self._output += self.machine.send(event)

    def _answer(self, status: managesieve.Status, text: bytes, code: bytes | None = None) -> None:
        self._say(managesieve.Response(status, text, code))

    def _say_capabilities(self) -> None:
        for element in self._capabilities(STARTTLS):
            line = managesieve.read_line(element)
            hidden = self.in_clear and line.words[0] == b"SASL"  # RFC 5804 1.7: empty, as STARTTLS is listed
            self._say(NO_MECHANISMS if hidden else line)

    def greet(self) -> None:
        self._say_capabilities()
        self._answer(managesieve.Status.OK, self._ready)

    def greet_again(self) -> None:
        self._say_capabilities()
        self._answer(managesieve.Status.OK, b"TLS negotiation completed")

    def handle(self, event: managesieve.Command | managesieve.SaslResponse | managesieve.BadCommand) -> Request | None:
        match event:
            case managesieve.BadCommand(reply):
                self._say(reply)
            case managesieve.Command("AUTHENTICATE", (bytes() as mechanism, *rest)):
                initial = rest[0] if rest and isinstance(rest[0], Secret) else None
                return self._answer_sasl(self._begin_sasl(mechanism, initial))
            case managesieve.SaslResponse(response):
                return self._answer_sasl(self._step_sasl(response))
            case managesieve.Command("CAPABILITY"):
                self._say_capabilities()
                self._answer(managesieve.Status.OK, b"CAPABILITY completed")
            case managesieve.Command("NOOP", args):
                tag = args[0] if args and isinstance(args[0], bytes) else None
                code = None if tag is None else managesieve.tag_code(tag)  # RFC 5804 2.13
                self._answer(managesieve.Status.OK, b"NOOP completed", code)
            case managesieve.Command("STARTTLS"):
                if not self._offers_tls():
                    self._answer(managesieve.Status.NO, b"STARTTLS is not offered here")
                    return None
                self._answer(managesieve.Status.OK, b"Begin TLS negotiation")
                return WantsTls()
            case managesieve.Command():  # LOGOUT: the table has no other
                self._answer(managesieve.Status.OK, b"LOGOUT completed")
                return Leaves()
            case _:
                assert_never(event)
        return None

    def succeed(self, answer: RealAnswer) -> bytes:
        if self.policy.server_resp_line:
            return self.machine.send(managesieve.Response(managesieve.Status.OK, answer.text, answer.code))
        return self.machine.send(managesieve.Response(managesieve.Status.OK, self.policy.ok_text))

    def refuse(self, text: bytes, code: bytes | None) -> None:
        self._answer(managesieve.Status.NO, text, code)

    def passes_on(self, code: bytes) -> bool:
        """Tell it by the code's first level; detail that we do not know takes nothing from it (RFC 5804 1.3)."""
        return super().passes_on(code.partition(b"/")[0])

    def challenge(self, data: bytes) -> None:
        self._say(managesieve.Challenge(data))

    def farewell(self, why: Fault | str) -> bytes:
        return self.machine.farewell(why)

    def idle_farewell(self) -> bytes:
        return self.farewell("silent for too long")
