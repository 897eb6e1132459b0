"""ManageSieve towards the real server."""

from perdition.protocol import managesieve
from perdition.protocol.sasl import Credentials
from perdition.session.back import Back, LoggedIn, NotLoggedIn, Result
from perdition.session.outcomes import Outcome, RealAnswer
from perdition.session.policy import Policy, Tls


class ManageSieveBack(Back):
    """Speaks ManageSieve to the real server up to the log-in."""

    def __init__(self, policy: Policy, credentials: Credentials) -> None:
        super().__init__(policy, credentials)
        require_tls = policy.server_tls in (Tls.REQUIRED, Tls.IMPLICIT)
        self.machine: managesieve.Client = managesieve.Client(policy.limits, require_tls=require_tls)

    def handle(self, event: object) -> Result | None:
        match event:
            case managesieve.Challenge():
                message = self._next_message()
                response = managesieve.SaslCancel() if message is None else managesieve.SaslResponse(message)
                self._go_on_with(self.machine.send(response))
            case managesieve.Response(status, text, code):
                return self._handle_response(status, RealAnswer(text, code))
        return None  # lines are capabilities; the machine keeps them

    def _handle_response(self, status: managesieve.Status, answer: RealAnswer) -> Result | None:
        match self._asked:
            case "":
                if status is not managesieve.Status.OK:
                    return NotLoggedIn(Outcome.NEGOTIATION, f"expected OK as the greeting, not {status.name}")
                if self._is_ourselves(answer.text):
                    return NotLoggedIn(Outcome.NEGOTIATION, "the real server is this perdition: a loop")
                return self.go_on()
            case "STARTTLS":
                return self._answer_to_tls(status)
        if status is managesieve.Status.OK:
            return LoggedIn(answer)
        if status is managesieve.Status.BYE:  # it ends the connection and says nothing of the password (RFC 5804 1.2)
            return NotLoggedIn(Outcome.NEGOTIATION, "expected OK or NO to the log-in, the real server says BYE", answer)
        return NotLoggedIn(Outcome.REFUSED, answer=answer)

    def go_on_under_tls(self) -> Result | None:
        """Wait: the real server speaks first again (RFC 5804 2.2)."""
        self.machine.start_tls()
        self._asked = ""
        return None

    def go_on(self) -> Result | None:
        if not self._wants_tls():
            return self._log_in()
        if b"STARTTLS" not in (self.machine.capabilities or {}):
            return self._without_tls()
        self._ask(managesieve.Command("STARTTLS"))
        return None

    def good_bye(self) -> object:
        return managesieve.Command("LOGOUT")
