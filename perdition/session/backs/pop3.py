"""POP3 towards the real server."""

from typing import assert_never

from perdition.protocol import pop3
from perdition.protocol.sasl import Credentials
from perdition.session.back import Back, LoggedIn, NotLoggedIn, Result
from perdition.session.outcomes import Outcome, RealAnswer
from perdition.session.policy import Policy, Tls


class Pop3Back(Back):
    """Speaks POP3 to the real server up to the log-in."""

    no_tls = Outcome.TLS_NOT_PRESENT

    def __init__(self, policy: Policy, credentials: Credentials) -> None:
        super().__init__(policy, credentials)
        require_tls = policy.server_tls in (Tls.REQUIRED, Tls.IMPLICIT)
        self.machine: pop3.Client = pop3.Client(policy.limits, require_tls=require_tls)

    def handle(
        self, event: pop3.Greeting | pop3.Reply | pop3.Multiline | pop3.Challenge | pop3.BadChallenge
    ) -> Result | None:
        match event:
            case pop3.Greeting(text, status):
                if status is not pop3.Status.OK:
                    return NotLoggedIn(Outcome.NEGOTIATION, "expected +OK as the greeting")
                if self._is_ourselves(text):
                    return NotLoggedIn(Outcome.NEGOTIATION, "the real server is this perdition: a loop")
                return self.go_on()
            case pop3.Challenge():
                message = self._next_message()
                response = pop3.SaslCancel() if message is None else pop3.SaslResponse(message)
                self._go_on_with(self.machine.send(response))
                return None
            case pop3.BadChallenge():
                self._go_on_with(self.machine.send(pop3.SaslCancel()))
                return None
            case pop3.Multiline():
                return self.go_on()
            case pop3.Reply(status, text, code):
                return self._handle_reply(status, RealAnswer(text, code))
            case _:
                assert_never(event)

    def _handle_reply(self, status: pop3.Status, answer: RealAnswer) -> Result | None:
        if self._asked == "CAPA":
            return self.go_on()
        if self._asked == "STLS":
            return self._answer_to_tls(status)
        if status is not pop3.Status.OK:
            return NotLoggedIn(Outcome.REFUSED, answer=answer)
        if self.machine.state is pop3.State.TRANSACTION:
            return LoggedIn(answer)
        self._ask(pop3.Command("PASS", (self._credentials.password,)))
        return None

    def go_on(self) -> Result | None:
        if not self._wants_tls():
            return self._log_in()
        if self.machine.offers_tls is None:
            self._ask(pop3.Command("CAPA"))
            return None
        if not self.machine.offers_tls:
            return self._without_tls()
        self._ask(pop3.Command("STLS"))
        return None

    def good_bye(self) -> object:
        return pop3.Command("QUIT")
