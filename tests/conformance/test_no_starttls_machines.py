"""The NO STARTTLS catalogue against the bare machines: they raise, or have no way to send a password."""

from typing import Any, Final

import pytest

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.log_in import PRIVACY_REQUIRED
from perdition.protocol.machine import Closed
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.protocol.signals import PAUSED, Signal
from tests.conformance.no_starttls import (
    CLIENT_CASES,
    LOG_INS,
    NAME,
    PASSWORD,
    SERVER_CASES,
    STARTTLS,
    ClientCase,
    FalseServer,
    ServerCase,
)
from tests.protocol.helpers import (
    OK,
    PROTOCOLS,
    AnyClient,
    AnyServer,
    Script,
    answer_to,
    drip,
    is_starttls,
    new_client,
    serve,
    server_in_greeting,
)

JOE: Final = Credentials(NAME, Secret(PASSWORD))
ASK: Final = {"pop3": "CAPA", "imap4": "CAPABILITY", "managesieve": "CAPABILITY"}


def command(client: AnyClient, verb: str) -> Any:
    """Give a command without arguments."""
    match client:
        case imap4.Client():
            return imap4.Command(client.new_tag(), verb)
        case pop3.Client():
            return pop3.Command(verb)
        case managesieve.Client():
            return managesieve.Command(verb)


def offers_tls(client: AnyClient) -> bool | None:
    """Tell whether the server offers TLS; None: that is not known yet."""
    if isinstance(client, pop3.Client):
        return client.offers_tls
    return None if client.capabilities is None else b"STARTTLS" in client.capabilities


class Attempt:
    """A client machine on its way to a log-in under TLS, in front of a false server."""

    def __init__(self, case: ClientCase, *, dripping: bool) -> None:
        self.server = FalseServer(case.protocol, case)
        self.client = new_client(case.protocol, require_tls=True)
        self._dripping = dripping
        self._protocol = case.protocol
        self._unread = False  # octets came behind an answer that stops everything up to the handshake

    def hear(self, octets: bytes) -> bool:
        """Feed what the server says; tell whether the conversation goes on."""
        for piece in drip(octets) if self._dripping else [octets]:
            self._unread = self.client.next_event() is PAUSED
            self.client.receive_data(piece)
            while not isinstance(event := self.client.next_event(), Signal):
                if isinstance(event, Closed):
                    return False
        return True

    def say(self, verb: str) -> bool:
        """Send a command and hear its answer; tell whether the conversation goes on."""
        return self.hear(self.server.hear(self.client.send(command(self.client, verb))))

    def end(self) -> str:
        """Go as far as the machine goes, and say how it ends."""
        try:
            return self._go()
        except RemoteProtocolError as error:
            with pytest.raises(LocalProtocolError, match="failed"):
                self.client.next_event()
            return str(error.fault)

    def _go(self) -> str:
        if not self.hear(self.server.greet()):
            return "closed"
        if offers_tls(self.client) is None and self.client.state.name in ("AUTHORIZATION", "NOT_AUTHENTICATED"):
            self.say(ASK[self._protocol])
        if offers_tls(self.client) and self.client.state.name in ("AUTHORIZATION", "NOT_AUTHENTICATED"):
            if not self.say(STARTTLS[self._protocol]):
                return "closed"
            if self.client.next_event() is PAUSED:
                return self._go_on_under_tls()
        assert self.client.log_in(JOE) is PRIVACY_REQUIRED
        return "privacy"

    def _go_on_under_tls(self) -> str:
        if self._unread:  # dripping: the octets came when the answer had been read
            with pytest.raises(LocalProtocolError, match="in clear"):
                self.client.start_tls()
            return str(Fault.INJECTED)
        self.client.start_tls()
        self.hear(self.server.start_tls())
        asked = self.client.log_in(JOE)
        if asked.verb == ASK[self._protocol]:
            self.hear(self.server.hear(self.client.send(asked)))
            asked = self.client.log_in(JOE)
        assert asked.verb in LOG_INS
        return "secure"


@pytest.mark.parametrize("dripping", [False, True], ids=["whole", "drip"])
@pytest.mark.parametrize("case", CLIENT_CASES, ids=lambda case: case.name)
def test_client_machine_sends_no_password_in_clear(case: ClientCase, dripping: bool) -> None:
    attempt = Attempt(case, dripping=dripping)

    assert attempt.end() == case.machine
    assert not LOG_INS.intersection(attempt.server.verbs_in_clear)


CHALLENGES: Final[dict[type, Any]] = {
    pop3.SaslResponse: pop3.Challenge(b"and now the password"),
    imap4.SaslResponse: imap4.Challenge(b"and now the password"),
    managesieve.SaslResponse: managesieve.Challenge(b"and now the password"),
}
"""What answers a name, so that it is known to the machine's user while STARTTLS is asked for."""


class Attacked:
    """A server machine in front of an attacked client."""

    def __init__(self, protocol: str) -> None:
        self.server: AnyServer = server_in_greeting(protocol, new_client(protocol).limits)
        self._script = Script(())
        self._tag = b""

    def say(self, octets: bytes) -> list[Any]:
        """Feed octets, answer what is answered by itself; give the events up to STARTTLS."""
        events: list[Any] = []
        self.server.receive_data(octets)
        while not isinstance(event := self.server.next_event(), Signal) and not isinstance(event, Closed):
            events.append(event)
            self._tag = getattr(event, "tag", self._tag)
            if is_starttls(event):
                self.server.send(answer_to(event, OK))  # type: ignore[arg-type]  # an answer of the same protocol
                break
            asked = CHALLENGES.get(type(event))
            for answer in (asked,) if asked else serve(event, self._tag, self._script):
                self.server.send(answer)  # type: ignore[arg-type]  # the same
        return events


COMMANDS: Final = {"pop3": b"STLS\r\n", "imap4": b"S STARTTLS\r\n", "managesieve": b"STARTTLS\r\n"}
LOG_IN: Final = {
    "pop3": b"USER mallory\r\nPASS mallory\r\n",
    "imap4": b"b LOGIN mallory mallory\r\n",
    "managesieve": b'AUTHENTICATE "PLAIN" "AG1hbGxvcnkAbWFsbG9yeQ=="\r\n',
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", SERVER_CASES, ids=lambda case: case.name)
def test_server_machine_reads_nothing_of_the_attackers(case: ServerCase, protocol: str) -> None:
    attacked = Attacked(protocol)
    if case.expect == "passed on":
        attacked.say(LOG_IN[protocol])
        (event,) = attacked.say(COMMANDS[protocol])

        assert is_bad(event)
        return
    if case.expect in ("injected", "closed"):
        octets = b"".join(case.lines_before(protocol)) or COMMANDS[protocol] + case.octets(case.behind, protocol)
        with pytest.raises(RemoteProtocolError) as raised:
            attacked.say(octets)

        assert (raised.value.fault is Fault.INJECTED) == (case.expect == "injected")
        return
    for line in case.lines_before(protocol):
        attacked.say(line)
    attacked.say(COMMANDS[protocol])
    if case.expect == "failed":
        attacked.server.receive_data(case.octets(case.later, protocol))
        with pytest.raises(LocalProtocolError, match="in clear"):
            attacked.server.start_tls()

        assert attacked.server.next_event() is PAUSED
        return
    attacked.server.start_tls()
    if protocol == "managesieve":
        attacked.server.send(managesieve.Response(OK))  # type: ignore[arg-type]  # the capabilities' end, RFC 5804 2.2
    (event,) = attacked.say(case.octets(case.then, protocol))

    assert is_bad(event) == (case.expect == "refused")


def is_bad(event: object) -> bool:
    """Tell whether an event is a command that cannot be."""
    return isinstance(event, pop3.BadCommand | imap4.BadCommand | managesieve.BadCommand)
