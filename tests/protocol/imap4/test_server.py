"""perdition.protocol.imap4.server"""

from typing import Any

import pytest

from perdition.protocol import imap4
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.imap4 import (
    BadCommand,
    Challenge,
    Command,
    Continuation,
    Greeting,
    LiteralOffered,
    Notice,
    SaslResponse,
    Server,
    State,
    Status,
    Tagged,
    Untagged,
)
from perdition.protocol.limits import Limits
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA, PAUSED
from tests.protocol.helpers import pull, server_in

LOGIN = Command(b"a", "LOGIN", (b"u", Secret(b"p")))


def not_authenticated(limits: Limits | None = None) -> Any:
    return server_in("imap4", "NOT_AUTHENTICATED", limits=limits or Limits())


def only(server: Server, data: bytes) -> Any:
    """Feed octets; give the one event in them, whatever its class."""
    (event,) = pull(server, data)
    return event


@pytest.mark.parametrize(
    ("greeting", "octets", "state"),
    [
        (Greeting(b"hi"), b"* OK hi\r\n", State.NOT_AUTHENTICATED),
        (Greeting(b"hi", code=b"CAPABILITY X"), b"* OK [CAPABILITY X] hi\r\n", State.NOT_AUTHENTICATED),
        (Greeting(b"hi", Status.PREAUTH), b"* PREAUTH hi\r\n", State.AUTHENTICATED),
        (Greeting(b"hi", Status.BYE), b"* BYE hi\r\n", State.CLOSED),
    ],
)
def test_greeting(greeting: Greeting, octets: bytes, state: State) -> None:
    server = Server()

    assert server.next_event() is PAUSED
    assert server.send(greeting) == octets
    assert server.state is state
    with pytest.raises(LocalProtocolError, match=r"\Aa greeting comes first and once\Z"):
        server.send(greeting)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Greeting(b"", Status.NO), "NO is not the status of a greeting"),
        (Notice(Status.OK), "the greeting comes first, and PREAUTH only there"),
        (Untagged((b"X",)), "the greeting comes first"),
        (Tagged(b"a", Status.OK), "an answer needs a command that waits for it"),
        (Continuation(), "a continuation answers a literal that was offered"),
        (Challenge(b""), "a challenge answers AUTHENTICATE or a SASL response"),
    ],
)
def test_greeting_comes_first(event: Any, expected: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        Server().send(event)

    assert str(raised.value) == expected


def test_login_and_what_is_pipelined_behind_it() -> None:
    server = not_authenticated()

    assert only(server, b'a LOGIN "u" p\r\nb SELECT INBOX\r\n') == LOGIN
    assert server.next_event() is PAUSED
    assert server.send(Notice(Status.OK, b"wait")) == b"* OK wait\r\n"
    assert server.send(Untagged((b"CAPABILITY X",))) == b"* CAPABILITY X\r\n"
    assert server.next_event() is PAUSED
    assert server.send(Tagged(b"a", Status.OK, b"in", b"CAPABILITY X")) == b"a OK [CAPABILITY X] in\r\n"
    assert server.state is State.AUTHENTICATED
    assert server.take_trailing_data() == b"b SELECT INBOX\r\n"


def test_synchronising_literals_are_offered_one_by_one() -> None:
    server = not_authenticated()

    assert only(server, b"a LOGIN {1}\r\n") == LiteralOffered(b"a", 1, "LOGIN")
    assert server.next_event() is PAUSED
    assert server.send(Untagged((b"X",))) == b"* X\r\n"
    assert server.send(Continuation(b"go")) == b"+ go\r\n"
    with pytest.raises(LocalProtocolError, match=r"\Aa continuation answers a literal that was offered\Z"):
        server.send(Continuation())
    assert only(server, b"u {1}\r\n") == LiteralOffered(b"a", 1, "LOGIN")
    assert server.send(Continuation()) == b"+ \r\n"
    assert only(server, b"p\r\n") == LOGIN


def test_literals_without_our_word() -> None:
    assert only(not_authenticated(), b"a LOGIN {1+}\r\nu {1+}\r\np\r\n") == LOGIN


def test_literal_that_we_refuse_is_not_sent() -> None:
    server = not_authenticated()
    only(server, b"a LOGIN {1}\r\n")
    for event in (Tagged(b"b", Status.NO), Tagged(b"a", Status.OK)):
        with pytest.raises(
            LocalProtocolError, match=r"\Aa literal that was offered is refused by NO or BAD with its tag\Z"
        ):
            server.send(event)

    assert server.send(Tagged(b"a", Status.NO, b"no")) == b"a NO no\r\n"
    assert only(server, b"b NOOP\r\n") == Command(b"b", "NOOP")


@pytest.mark.requirement("rfc3501-7.5-2")
@pytest.mark.requirement("rfc9051-7.6-2")
@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"a LOGIN {11}", Tagged(b"a", Status.BAD, b"expected a shorter literal, or none", b"TOOBIG")),
        (b"a NOOP {1}", Tagged(b"a", Status.BAD, b"expected a shorter literal, or none")),
        (b"a SELECT {1}", Tagged(b"a", Status.BAD, b"not now")),
        (b"a XYZZY {1}", Tagged(b"a", Status.BAD, b"unknown command")),
        (b"* LOGIN {1}", Notice(Status.BAD, b"expected a tag")),
    ],
)
def test_literal_of_a_bad_command_is_not_asked_for(line: bytes, reply: Tagged | Notice) -> None:
    server = not_authenticated(Limits(literal=10))

    assert only(server, line + b"\r\n") == BadCommand(reply)
    assert server.next_event() is PAUSED

    server.send(reply)

    assert only(server, b"b NOOP\r\n") == Command(b"b", "NOOP")


@pytest.mark.requirement("rfc2088-3-2")
@pytest.mark.requirement("rfc7888-3-4")
def test_octets_of_a_bad_commands_literal_are_no_command() -> None:
    server = not_authenticated()

    assert only(server, b"a XYZZY {8+}\r\nb NOOP\r\n\r\n") == BadCommand(Tagged(b"a", Status.BAD, b"unknown command"))


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"a XYZZY", Tagged(b"a", Status.BAD, b"unknown command")),
        (b"a SELECT INBOX", Tagged(b"a", Status.BAD, b"not now")),
        (b"a LOGIN u", Tagged(b"a", Status.BAD, b"an argument is missing")),
        (b"a", Tagged(b"a", Status.BAD, b"expected a command behind the tag")),
        (b"", Notice(Status.BAD, b"expected a tag")),
        (b"+ NOOP", Notice(Status.BAD, b"expected a tag")),
    ],
)
def test_bad_command_has_a_reply_and_waits_for_it(line: bytes, reply: Tagged | Notice) -> None:
    server = not_authenticated()

    assert only(server, line + b"\r\nb NOOP\r\n") == BadCommand(reply)
    assert server.next_event() is PAUSED
    for event in (Tagged(b"b", Status.BAD), Tagged(b"", Status.BAD)):
        with pytest.raises(LocalProtocolError, match=r"\Aexpected the tag of the bad command\Z"):
            server.send(event)

    server.send(reply)

    assert server.next_event() == Command(b"b", "NOOP")


def test_notice_does_not_answer_a_bad_command_that_has_a_tag() -> None:
    server = not_authenticated()
    only(server, b"a XYZZY\r\n")
    server.send(Notice(Status.OK, b"x"))

    assert server.next_event() is PAUSED


@pytest.mark.requirement("rfc9051-6.2.1-1")
@pytest.mark.requirement("rfc9051-6.2.1-8")
def test_starttls_under_tls_is_a_bad_command() -> None:
    server = server_in("imap4", "NOT_AUTHENTICATED", tls=True)

    assert only(server, b"a STARTTLS\r\n") == BadCommand(Tagged(b"a", Status.BAD, b"TLS is active already"))


def test_preauth_leaves_no_starttls() -> None:
    server = server_in("imap4", "AUTHENTICATED")

    assert only(server, b"a STARTTLS\r\n") == BadCommand(Tagged(b"a", Status.BAD, b"not now"))


@pytest.mark.requirement("rfc9051-6.2.1-3")
@pytest.mark.parametrize("data", [b"a STARTTLS\r\nb NOOP\r\n", b"a STARTTLS\r\nx"])
def test_octets_behind_starttls_are_the_end(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        pull(not_authenticated(), data)

    assert raised.value.fault is Fault.INJECTED


def test_authenticate_with_challenges() -> None:
    server = not_authenticated()
    assert only(server, b"a AUTHENTICATE LOGIN\r\n") == Command(b"a", "AUTHENTICATE", (b"LOGIN",))

    assert server.send(Challenge(b"Username:")) == b"+ VXNlcm5hbWU6\r\n"
    assert server.next_event() is NEED_DATA
    with pytest.raises(LocalProtocolError, match=r"\Aa challenge answers AUTHENTICATE or a SASL response\Z"):
        server.send(Challenge(b""))
    with pytest.raises(LocalProtocolError, match=r"\Athe client owes a SASL response first\Z"):
        server.send(Tagged(b"a", Status.OK))
    assert only(server, b"dQ==\r\n") == SaslResponse(Secret(b"u"))
    assert server.next_event() is PAUSED
    server.send(Tagged(b"a", Status.OK))
    assert server.state is State.AUTHENTICATED


@pytest.mark.parametrize(("line", "text"), [(b"*", b"AUTHENTICATE was cancelled"), (b"{3}", b"expected base64")])
def test_authenticate_that_ends_on_the_clients_side(line: bytes, text: bytes) -> None:
    server = not_authenticated()
    only(server, b"a AUTHENTICATE PLAIN\r\n")
    server.send(Challenge(b""))
    reply = Tagged(b"a", Status.BAD, text)

    assert only(server, line + b"\r\n") == BadCommand(reply)
    assert server.next_event() is PAUSED

    server.send(reply)

    assert only(server, b"b NOOP\r\n") == Command(b"b", "NOOP")


@pytest.mark.requirement("rfc4959-6-2")
@pytest.mark.requirement("rfc4959-6-3")
@pytest.mark.parametrize("tag", [b"a", b"t" * 63])
def test_lines_of_authenticate_may_be_longer_than_others(tag: bytes) -> None:
    limits = Limits(line=90, sasl=200)
    server = not_authenticated(limits)

    assert only(server, tag + b" authenticate PLAIN " + b"A" * 100 + b"\r\n") == Command(
        tag, "AUTHENTICATE", (b"PLAIN", Secret(bytes(75)))
    )


@pytest.mark.requirement("rfc4959-6-2")
@pytest.mark.parametrize(
    "data",
    [
        b"a LOGIN " + b"x" * 90,
        b"t" * 64 + b" AUTHENTICATE PLAIN " + b"A" * 100,
        b"a AUTHENTICATE PLAIN " + b"A" * 200,
        b" AUTHENTICATE PLAIN " + b"A" * 100,
    ],
)
def test_longer_lines_are_the_end(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="at most") as raised:
        pull(not_authenticated(Limits(line=90, sasl=200)), data)

    assert raised.value.fault is Fault.TOO_LONG


def test_stream_that_ends_in_a_literal() -> None:
    server = not_authenticated()
    pull(server, b"a LOGIN {3+}\r\n")
    server.receive_data(b"")

    with pytest.raises(RemoteProtocolError) as raised:
        server.next_event()

    assert raised.value.fault is Fault.CLOSED


@pytest.mark.parametrize(
    "event",
    [Tagged(b"a", Status.OK), Challenge(b""), Continuation(), Notice(Status.PREAUTH)],
)
def test_answer_that_nobody_waits_for_is_refused(event: Any) -> None:
    with pytest.raises(LocalProtocolError):
        not_authenticated().send(event)


@pytest.mark.requirement("rfc3501-7-3")
@pytest.mark.requirement("rfc9051-7-2")
@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Tagged(b"b", Status.OK), "an answer needs a command that waits for it"),
        (Tagged(b"a", Status.BYE), "BYE is never tagged"),
        (Tagged(b"a", Status.PREAUTH), "PREAUTH is never tagged"),
        (Challenge(b""), "a challenge answers AUTHENTICATE or a SASL response"),
    ],
)
def test_answer_that_does_not_fit_is_refused(event: Any, expected: str) -> None:
    server = not_authenticated()
    only(server, b"a NOOP\r\n")

    with pytest.raises(LocalProtocolError) as raised:
        server.send(event)

    assert str(raised.value) == expected
    assert server.send(Tagged(b"a", Status.OK)) == b"a OK done\r\n"


def test_logout_closes() -> None:
    server = not_authenticated()
    only(server, b"a LOGOUT\r\nb NOOP\r\n")
    server.send(Notice(Status.BYE, b"bye"))
    assert server.next_event() is PAUSED
    server.send(Tagged(b"a", Status.OK))

    assert server.next_event() == imap4.Closed()


def test_farewell() -> None:
    assert Server().farewell(Fault.TOO_LONG) == b"* BYE closing: too long\r\n"
    assert Server().farewell("silent for too long") == b"* BYE closing: silent for too long\r\n"
