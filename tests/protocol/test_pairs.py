"""A client and a server machine wired together: what one sends is what the other hears, log-ins above all."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.errors import LocalProtocolError
from perdition.protocol.log_in import CannotLogIn
from perdition.protocol.sasl import SERVER_MECHANISMS, Challenge, Credentials, ServerMechanism, client_messages
from perdition.protocol.secret import Secret
from perdition.protocol.signals import Signal
from tests.protocol.helpers import NO, OK, answer_to, new_client, new_server, pair_in, pull
from tests.strategies.events import ANY, CODES, NUL, PLAIN_TEXT, TEXT, as_heard, commands

# --- every event that can be sent arrives


def said_to(server: Any, client: Any, data: bytes) -> object:
    """Let a command go up, literal by literal; give what the server hears in the end."""
    (heard,) = pull(server, data)
    while isinstance(heard, imap4.LiteralOffered):
        assert pull(client, server.send(imap4.Continuation(b"go"))) == [imap4.Continuation(b"go")]
        (heard,) = pull(server, client.send_literal())
    return heard


def check_command(protocol: str, drawn: tuple[str, bool | None, Any], yes: bool) -> None:
    state, tls, command = drawn
    client, server = pair_in(protocol, state, tls=bool(tls))

    assert said_to(server, client, client.send(command)) == as_heard(command)

    answer = answer_to(command, OK if yes else NO)

    assert pull(client, server.send(answer))[0] == answer
    assert client.state is server.state


@given(commands("pop3"), st.booleans())
def test_pop3_commands_arrive(drawn: tuple[str, bool | None, Any], yes: bool) -> None:
    check_command("pop3", drawn, yes)


@given(commands("imap4"), st.booleans())
def test_imap4_commands_arrive(drawn: tuple[str, bool | None, Any], yes: bool) -> None:
    check_command("imap4", drawn, yes)


@given(commands("managesieve"), st.booleans())
def test_managesieve_commands_arrive(drawn: tuple[str, bool | None, Any], yes: bool) -> None:
    check_command("managesieve", drawn, yes)


POP3_BODIES: Final = st.lists(TEXT.map(lambda text: text + b"\r\n") | st.just(b".\r\n"), max_size=5).map(b"".join)
STATUSES: Final = st.sampled_from((OK, NO))
IMAP4_STATUSES: Final = st.sampled_from((OK, NO, imap4.Status.BAD))
WORDS: Final = st.from_regex(r"[A-Za-z0-9./-]{1,9}", fullmatch=True)
LINES: Final = st.builds(lambda first, rest: managesieve.Line((first, *rest)), ANY, st.lists(ANY | WORDS, max_size=3))
SIEVE_WORDS: Final = WORDS.filter(lambda word: not word.startswith("/")).map(str.encode)  # RFC 5804 1.3
SIEVE_CODES: Final = st.none() | st.just(b"") | SIEVE_WORDS | ANY.map(managesieve.tag_code)


def untagged(first: bytes, more: list[tuple[bytes, bytes]]) -> imap4.Untagged:
    """Build untagged data: a line, then literals and lines in turn."""
    parts = [b"X" + first]
    for literal, line in more:
        parts[-1] += b"{%d}" % len(literal)
        parts += [literal, line]
    return imap4.Untagged(tuple(parts))


BRACELESS: Final = TEXT.map(lambda text: text.replace(b"}", b""))
UNTAGGED: Final = st.builds(untagged, BRACELESS, st.lists(st.tuples(ANY, BRACELESS), max_size=3))


@given(st.builds(pop3.Greeting, PLAIN_TEXT, STATUSES, CODES))
def test_pop3_greeting_arrives(greeting: pop3.Greeting) -> None:
    client, server = new_client("pop3"), new_server("pop3")

    assert pull(client, server.send(greeting))[0] == greeting
    assert client.state is server.state


@given(
    st.tuples(st.just(b"STAT\r\n"), st.builds(pop3.Reply, STATUSES, PLAIN_TEXT, CODES))
    | st.tuples(st.just(b"RETR 1\r\n"), st.builds(pop3.Multiline, PLAIN_TEXT, POP3_BODIES))
)
def test_pop3_answers_arrive(drawn: tuple[bytes, pop3.Reply | pop3.Multiline]) -> None:
    line, answer = drawn
    client, server = pair_in("pop3", "TRANSACTION")
    pull(server, client.send(pop3.Command("STAT") if line == b"STAT\r\n" else pop3.Command("RETR", (b"1",))))

    assert pull(client, server.send(answer)) == [answer]


@given(st.builds(imap4.Greeting, PLAIN_TEXT, st.sampled_from((OK, imap4.Status.PREAUTH, imap4.Status.BYE)), CODES))
def test_imap4_greeting_arrives(greeting: imap4.Greeting) -> None:
    client, server = new_client("imap4"), new_server("imap4")

    assert pull(client, server.send(greeting))[0] == greeting
    assert client.state is server.state


@given(
    st.lists(UNTAGGED | st.builds(imap4.Notice, IMAP4_STATUSES, PLAIN_TEXT, CODES), max_size=4),
    st.builds(imap4.Tagged, st.just(b"a"), IMAP4_STATUSES, PLAIN_TEXT, CODES),
)
def test_imap4_answers_arrive(before: list[imap4.Untagged | imap4.Notice], answer: imap4.Tagged) -> None:
    client, server = pair_in("imap4", "NOT_AUTHENTICATED")
    pull(server, client.send(imap4.Command(b"a", "NOOP")))

    octets = b"".join(server.send(event) for event in (*before, answer))

    assert pull(client, octets) == [*before, answer]


@given(st.lists(LINES, max_size=4), st.builds(managesieve.Response, STATUSES, ANY, SIEVE_CODES))
def test_managesieve_answers_arrive(before: list[managesieve.Line], answer: managesieve.Response) -> None:
    client, server = pair_in("managesieve", "AUTHENTICATED")
    pull(server, client.send(managesieve.Command("LISTSCRIPTS")))

    octets = b"".join(server.send(event) for event in (*before, answer))

    assert pull(client, octets) == [*before, answer]


@given(st.binary(max_size=2000), st.binary(max_size=2000))
def test_sasl_messages_arrive(data: bytes, response: bytes) -> None:
    for protocol, module, begin, state in (
        ("pop3", pop3, pop3.Command("AUTH", (b"X",)), "AUTHORIZATION"),
        ("imap4", imap4, imap4.Command(b"a", "AUTHENTICATE", (b"X",)), "NOT_AUTHENTICATED"),
        ("managesieve", managesieve, managesieve.Command("AUTHENTICATE", (b"X",)), "NOT_AUTHENTICATED"),
    ):
        client, server = pair_in(protocol, state)
        pull(server, client.send(begin))

        assert pull(client, server.send(module.Challenge(data))) == [module.Challenge(data)]
        assert pull(server, client.send(module.SaslResponse(Secret(response)))) == [
            module.SaslResponse(Secret(response))
        ]

        server.send(module.Challenge(b""))
        pull(client, {"managesieve": b'""\r\n'}.get(protocol, b"+ \r\n"))
        (bad,) = pull(server, client.send(module.SaslCancel()))

        assert isinstance(bad, module.BadCommand)


# --- log-ins


class Exchange:
    """A client machine that logs in to a server machine.

    Attributes:
        sent: what the client sent, one item a call.
        heard: the credentials that the server got.
    """

    def __init__(self, protocol: str, offered: Iterable[bytes], *, tls: bool, require_tls: bool) -> None:
        self.protocol = protocol
        self.offered = list(offered)
        self.client = new_client(protocol, require_tls=require_tls)
        self.server = new_server(protocol)
        self.sent: list[bytes] = []
        self.heard: list[Credentials] = []
        self._mechanism: ServerMechanism | None = None
        self._name = b""
        self._messages: list[Secret] = []
        if tls:
            self.client.start_tls()
            self.server.start_tls()

    def run(self, credentials: Credentials) -> CannotLogIn | None:
        """Log in."""
        self._down(self._greeting(), credentials)
        for _ in range(3):
            command = self.client.log_in(credentials)
            if isinstance(command, CannotLogIn):
                return command
            if command.verb in ("AUTH", "AUTHENTICATE"):
                mechanism, *initial = command.args
                self._messages = client_messages(mechanism, credentials)[len(initial) :]
            self._up(self.client.send(command), credentials)
            if self.heard:
                return None
        raise AssertionError("expected an end of asking for capabilities")

    def _up(self, data: bytes, credentials: Credentials) -> None:
        self.sent.append(data)
        self.server.receive_data(data)
        while not isinstance(event := self.server.next_event(), Signal):
            for answer in self._serve(event):
                self._down(self.server.send(answer), credentials)

    def _down(self, data: bytes, credentials: Credentials) -> None:
        for event in pull(self.client, data):
            match event:
                case pop3.Challenge() | imap4.Challenge() | managesieve.Challenge():
                    response = {"pop3": pop3.SaslResponse, "imap4": imap4.SaslResponse}.get(
                        self.protocol, managesieve.SaslResponse
                    )
                    self._up(self.client.send(response(self._messages.pop(0))), credentials)
                case imap4.Continuation():
                    self._up(self.client.send_literal(), credentials)
                case pop3.Reply(pop3.Status.OK) if self.client.state is pop3.State.USER_GIVEN:
                    self._up(self.client.send(pop3.Command("PASS", (credentials.password,))), credentials)

    def _greeting(self) -> bytes:
        greetings: dict[str, list[Any]] = {"pop3": [pop3.Greeting(b"hi")], "imap4": [imap4.Greeting(b"hi")]}
        return b"".join(map(self.server.send, greetings.get(self.protocol, self._sieve_capabilities())))

    def _sieve_capabilities(self) -> list[Any]:
        return [managesieve.Line((b"SASL", b" ".join(self.offered))), managesieve.Response(OK)]

    def _serve(self, event: object) -> list[Any]:
        match event:
            case pop3.Command("CAPA"):
                return [pop3.Multiline(b"", b"".join(line + b"\r\n" for line in self.offered))]
            case imap4.Command(tag, "CAPABILITY"):
                return [imap4.Untagged((b" ".join((b"CAPABILITY", *self.offered)),)), imap4.Tagged(tag, OK)]
            case managesieve.Command("CAPABILITY"):
                return self._sieve_capabilities()
            case pop3.Command("USER", (bytes() as name,)):
                self._name = name
                return [pop3.Reply(OK)]
            case pop3.Command("PASS", (Secret() as password,)):
                self.heard.append(Credentials(self._name, password))
                return [pop3.Reply(OK)]
            case imap4.Command(tag, "LOGIN", (bytes() as name, Secret() as password)):
                self.heard.append(Credentials(name, password))
                return [imap4.Tagged(tag, OK)]
            case imap4.LiteralOffered():
                return [imap4.Continuation()]
            case pop3.SaslResponse(data) | imap4.SaslResponse(data) | managesieve.SaslResponse(data):
                return self._step(data)
            case pop3.Command("AUTH", args) | managesieve.Command("AUTHENTICATE", args):
                return self._begin(args)
            case imap4.Command(tag, "AUTHENTICATE", args):
                self._name = tag
                return self._begin(args)
        raise AssertionError(f"expected a log-in: {event}")

    def _begin(self, args: tuple[Any, ...]) -> list[Any]:
        self._mechanism = SERVER_MECHANISMS[args[0]]()
        return self._step(args[1] if args[1:] else None)

    def _step(self, response: Secret | None) -> list[Any]:
        assert self._mechanism is not None
        step = self._mechanism.step(response)
        if isinstance(step, Challenge):
            challenge = {"pop3": pop3.Challenge, "imap4": imap4.Challenge}.get(self.protocol, managesieve.Challenge)
            return [challenge(step.data)]
        assert isinstance(step, Credentials)
        self.heard.append(step)
        ends = {"pop3": pop3.Reply(OK), "imap4": imap4.Tagged(self._name, OK)}
        return [ends.get(self.protocol, managesieve.Response(OK))]


OFFERS: Final = {
    "pop3": (b"USER", b"SASL PLAIN", b"SASL X PLAIN LOGIN", b"STLS"),
    "imap4": (b"AUTH=PLAIN", b"AUTH=LOGIN", b"SASL-IR", b"LITERAL+", b"LITERAL-", b"LOGINDISABLED", b"STARTTLS"),
    "managesieve": (b"PLAIN", b"LOGIN", b"X"),
}
FIELDS: Final = st.one_of(
    st.binary(max_size=20),
    st.binary(max_size=20).map(lambda octets: octets.replace(NUL, b"")),
    st.text('ab"\\{}()%* @+3', max_size=20).map(str.encode),
    st.sampled_from(
        (b"", b"u", b"a\r\nDELE 1", b"a b", b"\xfc" * 5000, b"x" * 1500, b"x" * 5000, b"x{3}", b"x {3+}", b"*", b"=")
    ),
)
CREDENTIALS: Final = st.builds(Credentials, FIELDS, FIELDS.map(Secret), st.none() | FIELDS)
NOTHING_SAID: Final[tuple[list[bytes], ...]] = ([], [b"CAPA\r\n"], [b"p1 CAPABILITY\r\n"])


def check_log_in(protocol: str, credentials: Credentials, offered: list[bytes], tls: bool, require_tls: bool) -> None:
    exchange = Exchange(protocol, offered, tls=tls, require_tls=require_tls)

    refused = exchange.run(credentials)

    if refused is not None:
        assert exchange.sent in NOTHING_SAID
        assert exchange.heard == []
        return
    (heard,) = exchange.heard
    assert (heard.authcid, heard.password) == (credentials.authcid, credentials.password)
    assert heard.for_itself if credentials.for_itself else heard.authzid == credentials.authzid
    assert tls or not require_tls
    assert tls or b"LOGINDISABLED" not in offered
    if protocol == "pop3":
        assert all(data.count(b"\n") == 1 and data.endswith(b"\r\n") for data in exchange.sent)


def offers(protocol: str) -> st.SearchStrategy[list[bytes]]:
    return st.lists(st.sampled_from(OFFERS[protocol]), unique=True)


@given(CREDENTIALS, offers("pop3"), st.booleans(), st.booleans())
def test_pop3_log_in(credentials: Credentials, offered: list[bytes], tls: bool, require_tls: bool) -> None:
    check_log_in("pop3", credentials, offered, tls, require_tls)


@given(CREDENTIALS, offers("imap4"), st.booleans(), st.booleans())
def test_imap4_log_in(credentials: Credentials, offered: list[bytes], tls: bool, require_tls: bool) -> None:
    check_log_in("imap4", credentials, offered, tls, require_tls)


@given(CREDENTIALS, offers("managesieve"), st.booleans(), st.booleans())
def test_managesieve_log_in(credentials: Credentials, offered: list[bytes], tls: bool, require_tls: bool) -> None:
    check_log_in("managesieve", credentials, offered, tls, require_tls)


ASCII_PAIR: Final = Credentials(b"u", Secret(b"p"))


@pytest.mark.requirement("rfc4422-5-2")
@pytest.mark.parametrize(
    ("protocol", "offered", "credentials", "count"),
    [
        ("pop3", [], ASCII_PAIR, 2),
        ("pop3", [b"SASL PLAIN"], Credentials(b"u", Secret(b"p"), b"z"), 2),
        ("pop3", [b"SASL PLAIN"], Credentials(b"u", Secret(b"p" * 300), b"z"), 3),
        ("imap4", [], ASCII_PAIR, 2),
        ("imap4", [], Credentials(b"\xfc", Secret(b"\xfc")), 4),
        ("imap4", [b"LITERAL+"], Credentials(b"\xfc", Secret(b"\xfc")), 2),
        ("imap4", [b"AUTH=PLAIN"], Credentials(b"\xfc", Secret(b"\xfc")), 3),
        ("imap4", [b"AUTH=PLAIN", b"SASL-IR"], Credentials(b"\xfc", Secret(b"\xfc")), 2),
        ("imap4", [b"AUTH=LOGIN", b"LOGINDISABLED"], ASCII_PAIR, 4),
        ("imap4", [b"AUTH=LOGIN", b"LOGINDISABLED", b"SASL-IR"], ASCII_PAIR, 4),
        ("managesieve", [b"PLAIN"], ASCII_PAIR, 1),
        ("managesieve", [b"LOGIN"], ASCII_PAIR, 3),
    ],
)
def test_every_way_is_taken(protocol: str, offered: list[bytes], credentials: Credentials, count: int) -> None:
    exchange = Exchange(protocol, offered, tls=True, require_tls=True)

    assert exchange.run(credentials) is None
    assert len(exchange.sent) == count


@pytest.mark.parametrize("octets", [b"u\r\nDELE 1", b"u\nDELE 1", b"u\rDELE 1", b"u\0", b"u DELE"])
@pytest.mark.parametrize(
    "command",
    [
        lambda octets: pop3.Command("USER", (octets,)),
        lambda octets: pop3.Command("AUTH", (octets,)),
        lambda octets: pop3.Command("USER", (b"u", octets)),
    ],
)
def test_pop3_client_writes_no_second_command(command: Callable[[bytes], pop3.Command], octets: bytes) -> None:
    client, _ = pair_in("pop3", "AUTHORIZATION")

    with pytest.raises(LocalProtocolError):
        client.send(command(octets))
