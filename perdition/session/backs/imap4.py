"""IMAP4 towards the real server."""

from perdition.protocol import imap4
from perdition.protocol.sasl import Credentials
from perdition.session.back import Back, LoggedIn, NotLoggedIn, Result
from perdition.session.outcomes import Outcome, RealAnswer
from perdition.session.policy import Policy, Tls


class Imap4Back(Back):
    """Speaks IMAP4 to the real server up to the log-in."""

    def __init__(self, policy: Policy, credentials: Credentials) -> None:
        super().__init__(policy, credentials)
        require_tls = policy.server_tls in (Tls.REQUIRED, Tls.IMPLICIT)
        self.machine: imap4.Client = imap4.Client(policy.limits, require_tls=require_tls)

    def handle(self, event: object) -> Result | None:
        match event:
            case imap4.Greeting(text, status):
                if status is not imap4.Status.OK:  # PREAUTH leaves no way to TLS, nor to the user's own account
                    return NotLoggedIn(Outcome.NEGOTIATION, f"expected OK as the greeting, not {status.name}")
                if self._is_ourselves(text):
                    return NotLoggedIn(Outcome.NEGOTIATION, "the real server is this perdition: a loop")
                return self.go_on()
            case imap4.Continuation():
                self._go_on_with(self.machine.send_literal())
            case imap4.Challenge():
                message = self._next_message()
                response = imap4.SaslCancel() if message is None else imap4.SaslResponse(message)
                self._go_on_with(self.machine.send(response))
            case imap4.Tagged():
                return self._handle_tagged(event)
        return None  # whatever is untagged before the log-in is for nobody (RFC 9051 11.3)

    def _handle_tagged(self, event: imap4.Tagged) -> Result | None:
        if self._asked == "CAPABILITY":
            return self.go_on()
        if self._asked == "STARTTLS":
            return self._answer_to_tls(event.status)
        answer = RealAnswer(event.text, event.code, self.machine.capability_data)
        return LoggedIn(answer) if event.status is imap4.Status.OK else NotLoggedIn(Outcome.REFUSED, answer=answer)

    def go_on(self) -> Result | None:
        if not self._wants_tls():
            return self._log_in()
        if self.machine.capabilities is None:
            self._ask(imap4.Command(self.machine.new_tag(), "CAPABILITY"))
            return None
        if b"STARTTLS" not in self.machine.capabilities:
            return self._without_tls()
        self._ask(imap4.Command(self.machine.new_tag(), "STARTTLS"))
        return None

    def good_bye(self) -> object:
        return imap4.Command(self.machine.new_tag(), "LOGOUT")
