"""perdition.protocol.managesieve.client"""

from typing import Any

import pytest

from perdition.protocol import managesieve
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.log_in import PRIVACY_REQUIRED, UNSPEAKABLE, CannotLogIn
from perdition.protocol.managesieve import (
    Challenge,
    Client,
    Command,
    Line,
    Response,
    SaslCancel,
    SaslResponse,
    State,
    Status,
)
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA, PAUSED
from tests.protocol.helpers import client_in, pull

U_P = Credentials(b"u", Secret(b"p"))


def not_authenticated() -> Any:
    return client_in("managesieve", "NOT_AUTHENTICATED")


def listed(mechanisms: bytes | None, *, tls: bool = False, require_tls: bool = False) -> Client:
    """Give a client that has been greeted; None: no SASL in the list."""
    client = Client(require_tls=require_tls)
    if tls:
        client.start_tls()
    pull(client, b"OK\r\n" if mechanisms is None else b'"sasl" "%s"\r\nOK\r\n' % mechanisms)
    return client


def test_greeting_is_lines_and_a_response() -> None:
    client = Client()

    assert pull(client, b'"sieve" "fileinto"\r\n"STARTTLS"\r\n') == [
        Line((b"sieve", b"fileinto")),
        Line((b"STARTTLS",)),
    ]
    assert client.next_event() is NEED_DATA
    assert client.capabilities is None
    assert pull(client, b'OK (X) "hi"\r\n') == [Response(Status.OK, b"hi", b"X")]
    assert client.capabilities == {b"SIEVE": b"fileinto", b"STARTTLS": None}
    assert client.state is State.NOT_AUTHENTICATED


@pytest.mark.parametrize("word", [b"NO", b"BYE"])
def test_server_that_sends_us_away(word: bytes) -> None:
    client = Client()

    assert pull(client, b'"X"\r\n' + word + b"\r\n")[-1] == managesieve.Closed()
    assert client.capabilities is None
    with pytest.raises(LocalProtocolError, match="CLOSED"):
        client.send(Command("NOOP"))


@pytest.mark.parametrize("line", [b"X", b'"X" Y', b'"X" "Y" "Z"', b"(", b'X "Y"'])
def test_line_that_is_no_capability_is_the_end(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="expected a capability"):
        pull(Client(), line + b"\r\n")


def test_lines_have_a_limit() -> None:
    client = Client(Limits(lines=2))

    with pytest.raises(RemoteProtocolError, match="at most 2 lines") as raised:
        pull(client, b'"X"\r\n"Y"\r\n"Z"\r\n')

    assert raised.value.fault is Fault.TOO_LONG


def test_limit_of_lines_is_for_one_response() -> None:
    client = Client(Limits(lines=2))
    pull(client, b'"X"\r\n"Y"\r\nOK\r\n')
    client.send(Command("CAPABILITY"))

    assert len(pull(client, b'"X"\r\n"Y"\r\nOK\r\n')) == 3


def test_capabilities_are_those_listed_last() -> None:
    client = listed(b"PLAIN")
    assert client.mechanisms == {b"PLAIN"}
    assert client.send(Command("CAPABILITY")) == b"CAPABILITY\r\n"
    pull(client, b'"SASL" "login x"\r\nOK\r\n')
    assert client.mechanisms == {b"LOGIN", b"X"}
    client.send(Command("CAPABILITY"))
    pull(client, b"NO\r\n")
    assert client.mechanisms == {b"LOGIN", b"X"}
    client.send(Command("NOOP"))
    pull(client, b'"SASL" ACTIVE\r\nOK\r\n')

    assert client.mechanisms == {b"LOGIN", b"X"}


def test_answers_come_in_order() -> None:
    client = client_in("managesieve", "AUTHENTICATED")
    for command in (Command("LISTSCRIPTS"), Command("HAVESPACE", (b"x", 9)), Command("GETSCRIPT", (b"x",))):
        client.send(command)

    assert pull(client, b'"x" ACTIVE\r\nOK\r\nNO (QUOTA) "no"\r\n{2}\r\n\r\n\r\nOK\r\n') == [
        Line((b"x", "ACTIVE")),
        Response(Status.OK),
        Response(Status.NO, b"no", b"QUOTA"),
        Line((b"\r\n",)),
        Response(Status.OK),
    ]


def test_stream_that_ends_in_a_literal() -> None:
    client = Client()
    pull(client, b"{3}\r\n")
    client.receive_data(b"")

    with pytest.raises(RemoteProtocolError) as raised:
        client.next_event()

    assert raised.value.fault is Fault.CLOSED


@pytest.mark.parametrize("data", [b"OK\r\n", b'"x"\r\n'])
def test_message_that_nobody_asked_for_is_the_end(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="silence") as raised:
        pull(not_authenticated(), data)

    assert raised.value.fault is Fault.UNEXPECTED


def test_bye_closes_at_any_time() -> None:
    client = not_authenticated()

    assert pull(client, b'BYE "too long"\r\nOK\r\n') == [Response(Status.BYE, b"too long"), managesieve.Closed()]
    assert client.state is State.CLOSED


def test_server_speaks_first_again_under_tls() -> None:
    client = listed(b"PLAIN")
    assert client.send(Command("STARTTLS")) == b"STARTTLS\r\n"
    assert pull(client, b"OK\r\n") == [Response(Status.OK)]
    assert client.next_event() is PAUSED
    client.start_tls()
    assert client.capabilities is None
    with pytest.raises(LocalProtocolError, match="GREETING"):
        client.send(Command("NOOP"))
    pull(client, b'"SASL" "LOGIN"\r\nOK\r\n')

    assert client.mechanisms == {b"LOGIN"}
    assert client.state is State.NOT_AUTHENTICATED


def test_refused_starttls_leaves_us_in_clear() -> None:
    client = listed(b"PLAIN")
    client.send(Command("STARTTLS"))
    pull(client, b"NO\r\n")

    assert client.send(Command("NOOP")) == b"NOOP\r\n"
    assert client.mechanisms == {b"PLAIN"}


def test_octets_behind_the_answer_to_starttls_are_the_end() -> None:
    client = listed(b"PLAIN")
    client.send(Command("STARTTLS"))

    with pytest.raises(RemoteProtocolError) as raised:
        pull(client, b'OK\r\n"SASL" "X"\r\n')

    assert raised.value.fault is Fault.INJECTED


@pytest.mark.parametrize(
    ("response", "octets"),
    [
        (SaslResponse(Secret(b"u")), b'"dQ=="\r\n'),
        (SaslResponse(Secret(b"")), b'""\r\n'),
        (SaslResponse(Secret(bytes(900))), b"{1200+}\r\n" + b"A" * 1200 + b"\r\n"),
        (SaslCancel(), b'"*"\r\n'),
    ],
)
def test_authenticate_with_challenges(response: Any, octets: bytes) -> None:
    client = not_authenticated()
    client.send(Command("AUTHENTICATE", (b"LOGIN",)))

    assert pull(client, b'"VXNlcm5hbWU6"\r\n') == [Challenge(b"Username:")]
    assert client.send(response) == octets
    with pytest.raises(LocalProtocolError, match="needs a challenge"):
        client.send(response)
    assert pull(client, b"{0}\r\n\r\n") == [Challenge(b"")]
    client.send(response)
    assert pull(client, b"NO\r\n") == [Response(Status.NO)]


@pytest.mark.parametrize("line", [b'"go on"', b"dQ", b'"dQ==" "x"', b"( )"])
def test_challenge_that_cannot_be_is_the_end(line: bytes) -> None:
    client = not_authenticated()
    client.send(Command("AUTHENTICATE", (b"LOGIN",)))

    with pytest.raises(RemoteProtocolError, match="expected a challenge"):
        pull(client, line + b"\r\n")


def test_answer_that_does_not_wait_for_our_response_is_the_end() -> None:
    client = not_authenticated()
    client.send(Command("AUTHENTICATE", (b"LOGIN",)))

    with pytest.raises(RemoteProtocolError, match="silence"):
        pull(client, b'""\r\nOK\r\n')


@pytest.mark.parametrize("event", [Command("LISTSCRIPTS"), Command(""), SaslCancel(), SaslResponse(Secret(b""))])
def test_what_the_state_does_not_allow_is_refused(event: Any) -> None:
    with pytest.raises(LocalProtocolError):
        not_authenticated().send(event)


PLAIN = Command("AUTHENTICATE", (b"PLAIN", Secret(b"\0u\0p")))
LOGIN = Command("AUTHENTICATE", (b"LOGIN", Secret(b"u")))
FOR_Z = Credentials(b"u", Secret(b"p"), b"z")
NEITHER = CannotLogIn(Reason.AUTHENTICATION_FAILED, "the real server offers neither SASL PLAIN nor LOGIN")


@pytest.mark.parametrize(
    ("credentials", "mechanisms", "command"),
    [
        (U_P, b"plain login", PLAIN),
        (U_P, b"LOGIN", LOGIN),
        (Credentials(b"u", Secret(b"p"), b""), b"LOGIN", LOGIN),
        (U_P, b"X", NEITHER),
        (U_P, b"", NEITHER),
        (U_P, None, NEITHER),
        (FOR_Z, b"LOGIN PLAIN", Command("AUTHENTICATE", (b"PLAIN", Secret(b"z\0u\0p")))),
        (FOR_Z, b"LOGIN", NEITHER),
        (Credentials(b"u", Secret(b"\0")), b"PLAIN", UNSPEAKABLE),
    ],
)
def test_way_to_log_in(credentials: Credentials, mechanisms: bytes | None, command: Command | CannotLogIn) -> None:
    assert listed(mechanisms).log_in(credentials) == command


def test_capabilities_are_asked_for_where_they_are_not_known() -> None:
    assert Client().log_in(U_P) == Command("CAPABILITY")


def test_no_password_in_clear_where_tls_is_required() -> None:
    assert listed(b"PLAIN", require_tls=True).log_in(U_P) == PRIVACY_REQUIRED
    assert listed(b"PLAIN", require_tls=True, tls=True).log_in(U_P) == PLAIN
