"""perdition.protocol.pop3.server"""

from typing import Any

import pytest

from perdition.protocol import pop3
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.pop3 import Challenge, Command, Greeting, Multiline, Reply, SaslResponse, Server, State, Status
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA, PAUSED
from tests.protocol.helpers import pull, server_in


def only(server: Server, data: bytes) -> Any:
    """Feed octets; give the one event in them, whatever its class."""
    (event,) = pull(server, data)
    return event


@pytest.mark.requirement("rfc1939-3-1")
def test_greeting_comes_first_and_once() -> None:
    server = Server()
    server.receive_data(b"CAPA\r\n")
    assert server.next_event() is PAUSED
    with pytest.raises(LocalProtocolError):
        server.send(Reply(Status.OK))

    assert server.send(Greeting(b"ready", code=b"X")) == b"+OK [X] ready\r\n"
    with pytest.raises(LocalProtocolError, match=r"\Aa greeting comes first and once\Z"):
        server.send(Greeting(b"ready"))


def test_greeting_that_sends_the_client_away() -> None:
    server = Server()

    assert server.send(Greeting(b"busy", Status.NO)) == b"-ERR busy\r\n"
    assert server.next_event() == pop3.Closed()


def test_user_and_pass() -> None:
    server = server_in("pop3", "AUTHORIZATION")

    assert only(server, b"user u\r\nPASS p w\r\n") == Command("USER", (b"u",))
    assert server.next_event() is PAUSED
    assert server.send(Reply(Status.OK)) == b"+OK\r\n"
    assert server.state is State.USER_GIVEN
    assert server.next_event() == Command("PASS", (Secret(b"p w"),))
    assert server.send(Reply(Status.NO, b"no", b"AUTH")) == b"-ERR [AUTH] no\r\n"
    assert server.state.name == "AUTHORIZATION"


@pytest.mark.requirement("rfc1939-3-12")
@pytest.mark.requirement("rfc1939-3-13")
@pytest.mark.requirement("rfc1939-7-4")
@pytest.mark.parametrize(
    ("state", "line", "text"),
    [
        ("AUTHORIZATION", b"PASS p", b"expected USER before PASS"),
        ("TRANSACTION", b"PASS p", b"not now"),
        ("AUTHORIZATION", b"STAT", b"not now"),
        ("AUTHORIZATION", b"XYZZY", b"unknown command"),
        ("AUTHORIZATION", b"USER", b"an argument is missing"),
        ("AUTHORIZATION", b"", b"expected a command of three to eight letters"),
    ],
)
def test_bad_command_has_a_reply_and_waits_for_it(state: str, line: bytes, text: bytes) -> None:
    server = server_in("pop3", state)

    bad = only(server, line + b"\r\nCAPA\r\n")

    assert bad == pop3.BadCommand(Reply(Status.NO, text))
    assert server.next_event() is PAUSED
    assert server.send(bad.reply) == b"-ERR " + text + b"\r\n"
    assert server.next_event() == Command("CAPA")


def test_stls_under_tls_is_a_bad_command() -> None:
    server = server_in("pop3", "AUTHORIZATION", tls=True)

    assert only(server, b"STLS\r\n") == pop3.BadCommand(Reply(Status.NO, b"TLS is active already"))


def test_auth_with_challenges() -> None:
    server = server_in("pop3", "AUTHORIZATION")
    assert only(server, b"AUTH LOGIN\r\n") == Command("AUTH", (b"LOGIN",))

    assert server.send(Challenge(b"Username:")) == b"+ VXNlcm5hbWU6\r\n"
    assert server.next_event() is NEED_DATA
    with pytest.raises(LocalProtocolError, match=r"\Aa challenge answers AUTH or a SASL response\Z"):
        server.send(Challenge(b""))
    with pytest.raises(LocalProtocolError, match=r"\Aa reply needs a command that waits for it\Z"):
        server.send(Reply(Status.OK))
    assert only(server, b"dQ==\r\n") == SaslResponse(Secret(b"u"))
    assert server.next_event() is PAUSED
    server.send(Reply(Status.OK))
    assert server.state is State.TRANSACTION


@pytest.mark.requirement("rfc5034-4-6")
@pytest.mark.requirement("rfc5034-4-11")
@pytest.mark.parametrize(("line", "text"), [(b"*", b"AUTH was cancelled"), (b"dQ", b"expected base64")])
def test_auth_that_ends_on_the_clients_side(line: bytes, text: bytes) -> None:
    server = server_in("pop3", "USER_GIVEN")
    only(server, b"AUTH PLAIN\r\n")
    server.send(Challenge(b""))

    assert only(server, line + b"\r\n") == pop3.BadCommand(Reply(Status.NO, text))

    server.send(Reply(Status.NO, text))

    assert server.state is State.AUTHORIZATION
    assert only(server, b"CAPA\r\n") == Command("CAPA")


@pytest.mark.requirement("rfc5034-4-15")
@pytest.mark.requirement("rfc2449-4-2")
def test_lines_of_auth_may_be_longer_than_others() -> None:
    limits = Limits(line=20, sasl=40)
    response = b"A" * 28
    server = server_in("pop3", "AUTHORIZATION", limits=limits)

    assert only(server, b"AUTH PLAIN " + response + b"\r\n") == Command("AUTH", (b"PLAIN", Secret(bytes(21))))

    server.send(Challenge(b""))

    assert only(server, b"A" * 40 + b"\r\n") == SaslResponse(Secret(bytes(30)))


@pytest.mark.parametrize("data", [b"USER " + b"x" * 16, b"AUTH PLAIN " + b"A" * 30])
def test_longer_lines_are_the_end(data: bytes) -> None:
    server = server_in("pop3", "AUTHORIZATION", limits=Limits(line=20, sasl=40))

    with pytest.raises(RemoteProtocolError, match="at most") as raised:
        pull(server, data)

    assert raised.value.fault is Fault.TOO_LONG


@pytest.mark.parametrize(
    ("state", "line", "good", "bad", "expected"),
    [
        (
            "AUTHORIZATION",
            b"CAPA",
            Multiline(b"", b"USER\r\n"),
            Reply(Status.OK),
            "a good answer to this command is a block",
        ),
        ("TRANSACTION", b"LIST", Multiline(b"", b""), Reply(Status.OK), "a good answer to this command is a block"),
        (
            "TRANSACTION",
            b"LIST 1",
            Reply(Status.OK),
            Multiline(b"", b""),
            "a block answers only a command that asks for one",
        ),
        (
            "TRANSACTION",
            b"STAT",
            Reply(Status.OK),
            Multiline(b"", b""),
            "a block answers only a command that asks for one",
        ),
        ("TRANSACTION", b"STAT", Reply(Status.OK), Challenge(b""), "a challenge answers AUTH or a SASL response"),
        (
            "TRANSACTION",
            b"RETR 1",
            Multiline(b"", b"x\r\n"),
            Reply(Status.OK),
            "a good answer to this command is a block",
        ),
        ("TRANSACTION", b"RETR 1", Reply(Status.NO), Greeting(b""), "a greeting comes first and once"),
    ],
)
def test_block_answers_what_asks_for_one_and_nothing_else(
    state: str, line: bytes, good: Any, bad: Any, expected: str
) -> None:
    server = server_in("pop3", state)
    only(server, line + b"\r\n")

    with pytest.raises(LocalProtocolError) as raised:
        server.send(bad)
    assert str(raised.value) == expected
    assert server.next_event() is PAUSED
    server.send(good)
    assert server.next_event() is NEED_DATA


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Reply(Status.OK), "an answer needs a command that waits for it"),
        (Multiline(b"", b""), "a block answers only a command that asks for one"),
        (Challenge(b""), "a challenge answers AUTH or a SASL response"),
    ],
)
def test_answer_without_a_command_is_refused(event: Any, expected: str) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        server_in("pop3", "AUTHORIZATION").send(event)

    assert str(raised.value) == expected


def test_command_that_asked_for_a_block_is_forgotten_with_its_answer() -> None:
    server = server_in("pop3", "AUTHORIZATION")
    only(server, b"CAPA\r\n")
    server.send(Multiline(b"", b""))

    with pytest.raises(LocalProtocolError, match=r"\Aan answer needs a command that waits for it\Z"):
        server.send(Reply(Status.OK))


def test_quit_closes() -> None:
    server = server_in("pop3", "TRANSACTION")
    only(server, b"QUIT\r\nCAPA\r\n")
    server.send(Reply(Status.OK, b"bye"))

    assert server.next_event() == pop3.Closed()
    with pytest.raises(LocalProtocolError):
        server.send(Reply(Status.OK))


@pytest.mark.requirement("rfc2595-4-3")
@pytest.mark.requirement("rfc2595-4-4")
@pytest.mark.parametrize("data", [b"STLS\r\nCAPA\r\n", b"STLS\r\nx"])
def test_octets_behind_stls_are_the_end(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        pull(server_in("pop3", "AUTHORIZATION"), data)

    assert raised.value.fault is Fault.INJECTED


def test_farewell() -> None:
    server = Server()

    assert server.farewell(Fault.TOO_LONG) == b"-ERR closing: too long\r\n"
    assert server.farewell("silent for too long") == b"-ERR closing: silent for too long\r\n"
