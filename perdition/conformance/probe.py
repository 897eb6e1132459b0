"""What the server is, before anything is tested: what it announces, and that the user gets in."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from perdition.conformance import needs
from perdition.conformance.acts import Account, Flood, Heard, Tls, TlsFailed, TlsStarted
from perdition.conformance.connection import Connection, Server
from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.conversation import Status
from perdition.protocol.errors import RemoteProtocolError
from perdition.protocol.log_in import CannotLogIn
from perdition.protocol.machine import Closed
from perdition.protocol.sasl import Credentials, client_messages
from perdition.protocol.secret import Secret
from perdition.protocol.signals import Signal

STATUS_EVENTS: Final = (pop3.Greeting, pop3.Reply, imap4.Greeting, imap4.Tagged, managesieve.Response)
CHALLENGES: Final = (pop3.Challenge, imap4.Challenge, managesieve.Challenge)
RESPONSES: Final[Mapping[str, Any]] = {
    "pop3": pop3.SaslResponse,
    "imap4": imap4.SaslResponse,
    "managesieve": managesieve.SaslResponse,
}
MACHINES: Final[Mapping[str, Any]] = {"pop3": pop3.Client, "imap4": imap4.Client, "managesieve": managesieve.Client}


class Unusable(Exception):
    """The server cannot be tested as it was asked for; the text says why."""


@attrs.frozen
class Probed:
    """What a server announces.

    Attributes:
        in_clear: before TLS.
        here: where dialogues take place that have no STARTTLS of their own.
    """

    in_clear: needs.Announced
    here: needs.Announced


class Probe:
    """One connection, to look around.

    Args:
        protocol: of it.
        connection: it.
    """

    def __init__(self, protocol: str, connection: Connection) -> None:
        self._protocol, self._connection = protocol, connection
        self._machine = MACHINES[protocol]()
        self._tls = False

    def look(self, account: Account, tls: Tls) -> Probed:
        """Look around, then log in and out.

        Raises:
            Unusable: the server is not what was asked for, or does not let the user in.
        """
        try:
            if tls is Tls.IMPLICIT:
                self._start_tls()
            in_clear = here = self._greeted()
            if tls is Tls.STARTTLS:
                self._ask_for_tls(in_clear)
                self._start_tls()
                if self._protocol == "managesieve":
                    self._hear()
                here = self._capabilities()
            self._log_in(account)
            self._connection.say(self._machine.send(self._command("QUIT" if self._protocol == "pop3" else "LOGOUT")))
        except RemoteProtocolError as error:
            raise Unusable(f"the server does not speak {self._protocol}: {error}") from None
        return Probed(in_clear, here)

    def go_to_handshake(self, tls: Tls) -> None:
        """Go so far that the handshake can begin.

        Raises:
            Unusable: it does not come so far.
        """
        try:
            if tls is Tls.STARTTLS:
                self._ask_for_tls(self._greeted())
        except RemoteProtocolError as error:
            raise Unusable(f"the server does not speak {self._protocol}: {error}") from None

    def _greeted(self) -> needs.Announced:
        """Hear the greeting, and give what is announced."""
        if self._status(self._hear()) is not Status.OK:
            raise Unusable("the server's greeting is no +OK or OK: it does not want to be spoken to")
        return self._capabilities()

    def _ask_for_tls(self, announced: needs.Announced) -> None:
        """Say STARTTLS, and hear that it is granted."""
        if not announced.has("STARTTLS"):
            raise Unusable("the server does not announce STARTTLS: use --tls implicit or --tls none")
        answer = self._ask(self._command("STLS" if self._protocol == "pop3" else "STARTTLS"))
        if self._status(answer) is not Status.OK:
            raise Unusable("the server announces STARTTLS and refuses it")

    def _start_tls(self) -> None:
        answer = self._connection.start_tls()
        if not isinstance(answer, TlsStarted):
            why = answer.why if isinstance(answer, TlsFailed) else "no answer"
            raise Unusable(f"the TLS handshake failed: {why}")
        self._tls = True
        self._machine.start_tls()

    def _command(self, verb: str) -> Any:
        if self._protocol == "imap4":
            return imap4.Command(self._machine.new_tag(), verb)
        return pop3.Command(verb) if self._protocol == "pop3" else managesieve.Command(verb)

    def _ask(self, event: Any) -> Any:
        self._connection.say(self._machine.send(event))
        return self._hear()

    def _hear(self) -> Any:
        """Give the next final answer, challenge or word for a literal."""
        while True:
            event = self._machine.next_event()
            if isinstance(event, Closed):
                raise Unusable(f"the server has closed the connection{self._hint()}")
            if not isinstance(event, Signal):
                if isinstance(event, (*STATUS_EVENTS, *CHALLENGES, pop3.Multiline, imap4.Continuation)):
                    return event
                continue
            answer = self._connection.hear()
            if isinstance(answer, Flood):
                raise Unusable("the server does not stop talking")
            if not isinstance(answer, Heard):
                raise Unusable(f"no answer of the server came in time (--timeout){self._hint()}")
            self._machine.receive_data(answer.data)

    def _hint(self) -> str:
        """Say what may be wrong if there is not even a greeting."""
        return "; perhaps --tls implicit" if not (self._tls or self._connection.greeted) else ""

    def _status(self, event: Any) -> Status:
        return Status.OK if isinstance(event, pop3.Multiline) else getattr(event, "status", Status.NO)

    def _capabilities(self) -> needs.Announced:
        if self._protocol == "managesieve":
            return needs.from_pairs(self._machine.capabilities or {})
        self._ask(self._command("CAPA" if self._protocol == "pop3" else "CAPABILITY"))
        read = needs.from_lines if self._protocol == "pop3" else needs.from_words
        return read(self._machine.capabilities or ())

    def _log_in(self, account: Account) -> None:
        credentials = Credentials(account.user, account.password)
        command: Any = self._machine.log_in(credentials)
        if isinstance(command, CannotLogIn):
            raise Unusable(f"nobody can log in so: {command.text}; perhaps --tls should be another")
        messages: list[Secret] = []
        if command.verb.startswith("AUTH"):
            messages = client_messages(command.args[0], credentials)[len(command.args) - 1 :]
        answer = self._ask(command)
        if command.verb == "USER" and self._status(answer) is Status.OK:
            answer = self._ask(pop3.Command("PASS", (account.password,)))
        while isinstance(answer, imap4.Continuation) or (isinstance(answer, CHALLENGES) and messages):
            if isinstance(answer, imap4.Continuation):
                self._connection.say(self._machine.send_literal())
                answer = self._hear()
            else:
                answer = self._ask(RESPONSES[self._protocol](messages.pop(0)))
        if self._status(answer) is not Status.OK:
            raise Unusable("the server does not let the user in: look at --user and --password-file")


def probe(protocol: str, server: Server, account: Account, tls: Tls) -> Probed:
    """Look at a server.

    Raises:
        NoConnection: nobody is there.
        Unusable: it cannot be tested so.
    """
    with Connection(server) as connection:
        return Probe(protocol, connection).look(account, tls)
