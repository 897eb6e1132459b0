"""IMAP4 towards the client."""

import re
from typing import Final, assert_never

from perdition.protocol import imap4
from perdition.protocol.errors import Fault
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session.front import Front, Said
from perdition.session.outcomes import RealAnswer
from perdition.session.policy import Policy
from perdition.session.requests import Attempt, Leaves, Request, WantsTls
from perdition.session.starred import STARS

FIRST_WORD: Final = re.compile(rb"[^ \r\n]*")
STARTTLS: Final = b"STARTTLS"
LOGINDISABLED: Final = b"LOGINDISABLED"
PASSED_ON: Final = frozenset(
    (
        b"AUTHENTICATIONFAILED",
        b"AUTHORIZATIONFAILED",
        b"EXPIRED",
        b"UNAVAILABLE",
        b"PRIVACYREQUIRED",
        b"CONTACTADMIN",
        b"LIMIT",
        b"INUSE",
        b"SERVERBUG",
    )
)
"""Codes of the real server that tell the user what to do (RFC 5530 3)."""


class Imap4Front(Front):
    """Speaks IMAP4 to the client up to the log-in."""

    codes = imap4.CODES
    passed_on = PASSED_ON

    def __init__(self, policy: Policy, banner_host: str) -> None:
        super().__init__(policy, banner_host)
        self.machine: imap4.Server = imap4.Server(policy.limits)
        self._tag = b""  # of the command that the session is busy with
        self._hidden: list[bytes] = []  # what is no command, and may be answered as if its first word were a tag

    def _say(
        self,
        *events: imap4.Greeting | imap4.Continuation | imap4.Challenge | imap4.Notice | imap4.Untagged | imap4.Tagged,
    ) -> None:
        for event in events:
            self._output += self.machine.send(event)

    def _answer(self, status: imap4.Status, text: bytes, code: bytes | None = None) -> None:
        self._say(imap4.Tagged(self._tag, status, text, code))

    def _capability_data(self) -> bytes:
        words = self._capabilities(STARTTLS)
        words = [word for word in words if word != LOGINDISABLED]
        if self._refusal() is not None:
            words = [word for word in words if not word.upper().startswith(b"AUTH=")]
            words.append(LOGINDISABLED)
        return b"CAPABILITY " + b" ".join(words)

    def greet(self) -> None:
        self._say(imap4.Greeting(self._ready, code=self._capability_data()))

    def handle(
        self, event: imap4.Command | imap4.LiteralOffered | imap4.SaslResponse | imap4.BadCommand
    ) -> Request | None:
        match event:
            case imap4.Command(tag, "LOGIN", (bytes() as name, Secret() as password)):
                self._tag = tag
                return Attempt(Credentials(name, password))
            case imap4.Command(tag, "AUTHENTICATE", (bytes() as mechanism, *rest)):
                self._tag = tag
                initial = rest[0] if rest and isinstance(rest[0], Secret) else None
                return self._answer_sasl(self._begin_sasl(mechanism, initial))
            case imap4.SaslResponse(response):
                return self._answer_sasl(self._step_sasl(response))
            case imap4.LiteralOffered(tag, _, verb):
                refusal = self._refusal() if verb == "LOGIN" else None
                if refusal is None:
                    self._say(imap4.Continuation(b"OK ready for additional input"))
                    self._said = Said.MORE
                else:  # a literal that is refused is never sent
                    self._tag = tag
                    self.refuse(refusal.text.encode("ascii"), self.codes.get(refusal.reason))
            case imap4.BadCommand(reply):
                self._say(reply)
            case imap4.Command(tag, verb):
                self._tag = tag
                return self._handle_command(verb)
            case _:
                assert_never(event)
        return None

    def _handle_command(self, verb: str) -> Request | None:
        match verb:
            case "CAPABILITY":
                self._say(imap4.Untagged((self._capability_data(),)))
            case "ID":
                self._say(imap4.Untagged((b'ID ("name" "perdition")',)))
            case "LOGOUT":
                self._say(imap4.Notice(imap4.Status.BYE, b"IMAP4 server logging out, mate"))
                self._answer(imap4.Status.OK, b"LOGOUT")
                return Leaves()
            case "STARTTLS":
                if not self._offers_tls():
                    self._answer(imap4.Status.BAD, b"STARTTLS is not offered here")
                    return None
                self._answer(imap4.Status.OK, b"Begin TLS negotiation now")
                return WantsTls()
        self._answer(imap4.Status.OK, verb.encode("ascii"))
        return None

    def succeed(self, answer: RealAnswer) -> bytes:
        """Write the tagged OK; it tells the real server's capabilities, if that told them (RFC 9051 6.2.3)."""
        text, code = (answer.text, answer.code) if self.policy.server_resp_line else (self.policy.ok_text, None)
        if answer.capabilities:
            code = b"CAPABILITY " + answer.capabilities
        return self.machine.send(imap4.Tagged(self._tag, imap4.Status.OK, text, code))

    def refuse(self, text: bytes, code: bytes | None) -> None:
        self._answer(imap4.Status.NO, text, code)

    def challenge(self, data: bytes) -> None:
        self._say(imap4.Challenge(data))

    def _shown(self, octets: bytes) -> bytes:
        shown = super()._shown(octets)
        if shown.startswith(STARS):
            self._hidden.append(FIRST_WORD.findall(octets)[0])
        return shown

    def shown_output(self, data: bytes) -> bytes:
        """Give it without the tags of what is not shown: one may be a word of a password."""
        for tag in self._hidden:
            data = re.sub(rb"^" + re.escape(tag) + rb" ", STARS + b" ", data, flags=re.MULTILINE)
        self._hidden.clear()
        return data

    def farewell(self, why: Fault | str) -> bytes:
        return self.machine.farewell(why)
