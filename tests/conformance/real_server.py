"""A small real server, made of one of our server machines: it lets one user in and says yes to all that follows."""

from collections.abc import Callable
from typing import Any, Final

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.conversation import Status
from perdition.protocol.errors import RemoteProtocolError
from perdition.protocol.machine import Closed
from perdition.protocol.sasl import SERVER_MECHANISMS, Challenge, Credentials, Failure
from perdition.protocol.secret import Secret
from perdition.protocol.signals import Signal
from tests.protocol.helpers import answer_to, new_server

Knows = Callable[[bytes, bytes], bool]
"""Whether a name and a password are good."""

CAPABILITIES: Final = {
    "pop3": b"USER\r\nSASL PLAIN\r\nPIPELINING\r\n",
    "imap4": b"CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+",
}


class RealServer:
    """One conversation.

    Args:
        protocol: of it.
        knows: who gets in.
    """

    def __init__(self, protocol: str, knows: Knows) -> None:
        self._protocol, self._knows = protocol, knows
        self._machine = new_server(protocol)
        self._out = bytearray()
        self._user = b""
        self._tag = b""
        self._mechanism: Any = None
        self.closed = False
        match protocol:
            case "pop3":
                self._say(pop3.Greeting(b"at your service"))
            case "imap4":
                self._say(imap4.Greeting(b"at your service", code=CAPABILITIES["imap4"]))
            case _:
                self._say_capabilities()

    def take_output(self) -> bytes:
        """Take what is to be sent."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def receive(self, data: bytes) -> None:
        """Take octets; `b""` is the end of the stream."""
        self._machine.receive_data(data)
        try:
            while not isinstance(event := self._machine.next_event(), Signal):
                if isinstance(event, Closed):
                    self.closed = True
                    return
                self._answer(event)
        except RemoteProtocolError as error:
            self._out += self._machine.farewell(error.fault)
            self.closed = True

    def _say(self, *events: object) -> None:
        for event in events:
            self._out += self._machine.send(event)

    def _say_capabilities(self) -> None:
        self._say(
            managesieve.Line((b"IMPLEMENTATION", b"test")),
            managesieve.Line((b"SASL", b"PLAIN")),
            managesieve.Line((b"SIEVE", b"fileinto")),
            managesieve.Line((b"VERSION", b"1.0")),
            managesieve.Response(Status.OK),
        )

    def _answer(self, event: Any) -> None:
        if isinstance(event, imap4.Command):
            self._tag = event.tag
        match event:
            case pop3.BadCommand(reply) | imap4.BadCommand(reply) | managesieve.BadCommand(reply):
                self._say(reply)
            case imap4.LiteralOffered():
                self._say(imap4.Continuation(b"go"))
            case pop3.Command("USER", (bytes() as name,)):
                self._user = name
                self._final(Status.OK)
            case pop3.Command("PASS", (Secret() as password,)):
                self._log_in(Credentials(self._user, password))
            case imap4.Command(_, "LOGIN", (bytes() as name, Secret() as password)):
                self._log_in(Credentials(name, password))
            case pop3.Command("AUTH", args) | imap4.Command(_, "AUTHENTICATE", args):
                self._begin(*args)
            case managesieve.Command("AUTHENTICATE", args):
                self._begin(*args)
            case pop3.SaslResponse(data) | imap4.SaslResponse(data) | managesieve.SaslResponse(data):
                self._step(data)
            case pop3.Command("CAPA"):
                self._say(pop3.Multiline(b"", CAPABILITIES["pop3"]))
            case imap4.Command(_, "CAPABILITY"):
                self._say(imap4.Untagged((CAPABILITIES["imap4"],)))
                self._final(Status.OK)
            case imap4.Command(_, "ID"):
                self._say(imap4.Untagged((b"ID NIL",)))
                self._final(Status.OK)
            case imap4.Command(_, "LOGOUT"):
                self._say(imap4.Notice(Status.BYE, b"bye"))
                self._final(Status.OK)
            case managesieve.Command("CAPABILITY"):
                self._say_capabilities()
            case managesieve.Command("NOOP", (bytes() as tag,)):
                self._say(managesieve.Response(Status.OK, b"", managesieve.tag_code(tag)))
            case _:
                refused = getattr(event, "verb", "") in ("STLS", "STARTTLS")
                self._say(answer_to(event, Status.NO if refused else Status.OK))

    def _begin(self, mechanism: Any, *initial: Any) -> None:
        if mechanism.upper() not in SERVER_MECHANISMS:
            self._final(Status.NO)
            return
        self._mechanism = SERVER_MECHANISMS[mechanism.upper()]()
        self._step(*initial or (None,))

    def _step(self, response: Any) -> None:
        match self._mechanism.step(response):
            case Challenge(data):
                say = {"pop3": pop3.Challenge, "imap4": imap4.Challenge, "managesieve": managesieve.Challenge}
                self._say(say[self._protocol](data))
            case Credentials() as credentials:
                self._log_in(credentials)
            case Failure():
                self._final(Status.NO)

    def _log_in(self, credentials: Credentials) -> None:
        known = credentials.for_itself and self._knows(credentials.authcid, credentials.password.reveal())
        self._final(Status.OK if known else Status.NO)

    def _final(self, status: Status) -> None:
        match self._protocol:
            case "pop3":
                self._say(pop3.Reply(status))
            case "imap4":
                self._say(imap4.Tagged(self._tag, status))
            case _:
                self._say(managesieve.Response(status))
