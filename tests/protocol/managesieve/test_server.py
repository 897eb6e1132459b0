"""perdition.protocol.managesieve.server"""

from typing import Any

import pytest

from perdition.protocol import managesieve
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.managesieve import (
    BadCommand,
    Challenge,
    Command,
    Line,
    Response,
    SaslResponse,
    Server,
    State,
    Status,
)
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA, PAUSED
from tests.protocol.helpers import pull, server_in


def not_authenticated(limits: Limits | None = None) -> Any:
    return server_in("managesieve", "NOT_AUTHENTICATED", limits=limits or Limits())


def only(server: Server, data: bytes) -> Any:
    """Feed octets; give the one event in them, whatever its class."""
    (event,) = pull(server, data)
    return event


@pytest.mark.requirement("rfc5804-1.1-2")
def test_greeting_is_lines_and_a_response() -> None:
    server = Server()
    assert server.next_event() is PAUSED

    assert server.send(Line((b"SIEVE", b""))) == b'"SIEVE" ""\r\n'
    assert server.send(Response(Status.OK, b"hi")) == b'OK "hi"\r\n'
    assert server.state is State.NOT_AUTHENTICATED
    for event in (Response(Status.OK), Line((b"SIEVE", b""))):
        with pytest.raises(LocalProtocolError):
            server.send(event)


@pytest.mark.parametrize("status", [Status.NO, Status.BYE])
def test_greeting_that_sends_the_client_away(status: Status) -> None:
    server = Server()
    server.send(Response(status))

    assert server.next_event() == managesieve.Closed()


@pytest.mark.requirement("rfc5804-2-3")
def test_command_and_its_answer() -> None:
    server = not_authenticated()

    assert only(server, b"CAPABILITY\r\nNOOP\r\n") == Command("CAPABILITY")
    assert server.next_event() is PAUSED
    with pytest.raises(LocalProtocolError, match=r"\Aa challenge answers AUTHENTICATE or a SASL response\Z"):
        server.send(Challenge(b""))
    server.send(Line((b"SIEVE", b"")))
    server.send(Response(Status.OK))
    assert server.next_event() == Command("NOOP")


@pytest.mark.requirement("rfc5804-2-2")
@pytest.mark.requirement("rfc5804-4-8")
@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"XYZZY", b"unknown command"),
        (b"LISTSCRIPTS", b"not now"),
        (b"NOOP x", b"expected a string in quotes or a literal"),
        (b"", b"expected a command"),
        (b"XYZZY {8+}\r\nLOGOUT\r\n", b"unknown command"),
    ],
)
def test_bad_command_has_a_reply_and_waits_for_it(octets: bytes, text: bytes) -> None:
    server = not_authenticated()

    bad = only(server, octets + b"\r\nNOOP\r\n")

    assert bad == BadCommand(Response(Status.NO, text))
    assert server.next_event() is PAUSED
    with pytest.raises(LocalProtocolError):
        server.send(Line((b"x",)))
    server.send(bad.reply)
    assert server.next_event() == Command("NOOP")


@pytest.mark.requirement("rfc5804-2.2-3")
def test_starttls_under_tls_is_a_bad_command() -> None:
    server = server_in("managesieve", "NOT_AUTHENTICATED", tls=True)

    assert only(server, b"STARTTLS\r\n") == BadCommand(Response(Status.NO, b"TLS is active already"))


def test_unknown_command_under_tls_is_told_so() -> None:
    server = server_in("managesieve", "NOT_AUTHENTICATED", tls=True)

    assert only(server, b"XYZZY\r\n") == BadCommand(Response(Status.NO, b"unknown command"))


def test_literal_of_a_client_waits_for_no_word_of_ours() -> None:
    assert only(not_authenticated(), b"NOOP {3}\r\nabc\r\n") == Command("NOOP", (b"abc",))


def test_nothing_is_said_between_a_good_answer_to_starttls_and_the_handshake() -> None:
    server = not_authenticated()
    only(server, b"STARTTLS\r\n")
    server.send(Response(Status.OK))

    with pytest.raises(LocalProtocolError, match=r"\Athe TLS handshake comes first\Z"):
        server.send(Line((b"SIEVE", b"")))


def test_server_speaks_first_again_under_tls() -> None:
    server = not_authenticated()
    only(server, b"STARTTLS\r\n")
    server.send(Response(Status.OK))
    server.start_tls()
    server.receive_data(b"NOOP\r\n")

    assert server.next_event() is PAUSED
    server.send(Line((b"SIEVE", b"")))
    server.send(Response(Status.OK))
    assert server.next_event() == Command("NOOP")


@pytest.mark.requirement("rfc5804-2.2-1")
@pytest.mark.parametrize("data", [b"STARTTLS\r\nNOOP\r\n", b"STARTTLS\r\nx"])
def test_octets_behind_starttls_are_the_end(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        pull(not_authenticated(), data)

    assert raised.value.fault is Fault.INJECTED


@pytest.mark.requirement("rfc5804-2.1-2")
@pytest.mark.requirement("rfc4422-3.4-1")
@pytest.mark.parametrize("octets", [b'"dQ=="\r\n', b"{4+}\r\ndQ==\r\n"])
def test_authenticate_with_challenges(octets: bytes) -> None:
    server = not_authenticated()
    assert only(server, b'AUTHENTICATE "LOGIN"\r\n') == Command("AUTHENTICATE", (b"LOGIN",))

    with pytest.raises(LocalProtocolError, match=r"\Alines stand before the response to a command, but AUTHENTICATE\Z"):
        server.send(Line((b"x",)))
    assert server.send(Challenge(b"Username:")) == b'"VXNlcm5hbWU6"\r\n'
    assert server.next_event() is NEED_DATA
    for event, expected in (
        (Challenge(b""), "a challenge answers AUTHENTICATE or a SASL response"),
        (Response(Status.OK), "the client owes a SASL response first"),
        (Line((b"x",)), "lines stand before the response to a command, but AUTHENTICATE"),
    ):
        with pytest.raises(LocalProtocolError) as raised:
            server.send(event)
        assert str(raised.value) == expected
    assert only(server, octets) == SaslResponse(Secret(b"u"))
    assert server.next_event() is PAUSED
    server.send(Response(Status.OK))
    assert server.state is State.AUTHENTICATED


@pytest.mark.requirement("rfc5804-2.1-4")
@pytest.mark.requirement("rfc4422-3.5-1")
@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'"*"', b"AUTHENTICATE was cancelled"),
        (b'"dQ"', b"expected base64"),
        (b"dQ", b"expected a string in quotes or a literal"),
        (b'"dQ==" "x"', b"expected one string"),
        (b"", b"an argument is missing"),
        (b'"', b"expected a string, a number or an atom"),
    ],
)
def test_authenticate_that_ends_on_the_clients_side(line: bytes, text: bytes) -> None:
    server = not_authenticated()
    only(server, b'AUTHENTICATE "PLAIN"\r\n')
    server.send(Challenge(b""))

    assert only(server, line + b"\r\n") == BadCommand(Response(Status.NO, text))

    server.send(Response(Status.NO, text))

    assert only(server, b"NOOP\r\n") == Command("NOOP")


def test_lines_of_authenticate_may_be_longer_than_others() -> None:
    server = not_authenticated(Limits(line=40, sasl=100))

    assert only(server, b'authenticate "PLAIN" "' + b"A" * 60 + b'"\r\n') == Command(
        "AUTHENTICATE", (b"PLAIN", Secret(bytes(45)))
    )

    server.send(Challenge(b""))

    assert only(server, b'"' + b"A" * 96 + b'"\r\n') == SaslResponse(Secret(bytes(72)))


@pytest.mark.parametrize("data", [b"NOOP " + b"x" * 40, b"AUTHENTICATE " + b"A" * 90])
def test_longer_lines_are_the_end(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="at most") as raised:
        pull(not_authenticated(Limits(line=40, sasl=100)), data)

    assert raised.value.fault is Fault.TOO_LONG


def test_stream_that_ends_in_a_literal() -> None:
    server = not_authenticated()
    pull(server, b"NOOP {3+}\r\n")
    server.receive_data(b"")

    with pytest.raises(RemoteProtocolError) as raised:
        server.next_event()

    assert raised.value.fault is Fault.CLOSED


@pytest.mark.requirement("rfc5804-1.2-8")
@pytest.mark.parametrize("data", [b"", b"NOOP\r\n", b"XYZZY\r\n"])
def test_bye_closes_at_any_time(data: bytes) -> None:
    server = not_authenticated()
    pull(server, data)

    assert server.send(Response(Status.BYE)) == b"BYE\r\n"
    assert server.state is State.CLOSED
    assert pull(server, b"NOOP\r\n") == [managesieve.Closed()]


@pytest.mark.requirement("rfc5804-2.3-2")
def test_logout_closes() -> None:
    server = not_authenticated()
    only(server, b"LOGOUT\r\nNOOP\r\n")
    server.send(Response(Status.OK))

    assert server.next_event() == managesieve.Closed()


def test_farewell() -> None:
    assert Server().farewell(Fault.TOO_LONG) == b'BYE "closing: too long"\r\n'
    assert Server().farewell("silent for too long") == b'BYE "closing: silent for too long"\r\n'
