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


@pytest.mark.requirement("rfc5804-1.7-3")
@pytest.mark.requirement("rfc5804-1.7-4")
@pytest.mark.requirement("rfc5804-1.2-3")
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


@pytest.mark.parametrize("line", [b'"X" Y', b'"X" "Y" "Z"', b'"X" ('])
def test_line_that_is_no_capability_is_the_end(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match=r"\Aexpected a capability: one string or two\Z"):
        pull(Client(), line + b"\r\n")


@pytest.mark.parametrize("line", [b"X", b"(", b'X "Y"'])
def test_word_that_is_no_status_is_the_end(line: bytes) -> None:
    client = Client()
    pull(client, b"OK\r\n")
    client.send(Command("STARTTLS"))

    with pytest.raises(RemoteProtocolError, match="expected OK, NO, BYE or a string"):
        pull(client, line + b"\r\n")


def test_lines_have_a_limit() -> None:
    client = Client(Limits(lines=2))

    with pytest.raises(RemoteProtocolError, match="at most 2 lines") as raised:
        pull(client, b'"X"\r\n"Y"\r\n"Z"\r\n')

    assert raised.value.fault is Fault.TOO_LONG


def test_capabilities_have_a_limit_together() -> None:
    client = Client(Limits(block=20))
    pull(client, b'"ABCDE" "12345"\r\n"FGHIJ" "12345"\r\nOK\r\n')
    client.send(Command("CAPABILITY"))  # each list has the whole limit

    with pytest.raises(RemoteProtocolError, match="at most 20 octets") as raised:
        pull(client, b'"ABCDE" "12345"\r\n"FGHIJ" "123456"\r\n')

    assert raised.value.fault is Fault.TOO_LONG


def test_limit_of_lines_is_for_one_response() -> None:
    client = Client(Limits(lines=2))
    pull(client, b'"X"\r\n"Y"\r\nOK\r\n')
    client.send(Command("CAPABILITY"))

    assert len(pull(client, b'"X"\r\n"Y"\r\nOK\r\n')) == 3


def test_limit_of_octets_is_for_one_list_and_may_be_reached() -> None:
    client = Client(Limits(block=4))
    pull(client, b'"AB" "cd"\r\nOK\r\n')
    client.send(Command("CAPABILITY"))
    pull(client, b'"AB" "cd"\r\nOK\r\n')

    assert client.capabilities == {b"AB": b"cd"}


@pytest.mark.requirement("rfc5804-1.7-17")
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
    for command in (Command("LISTSCRIPTS"), Command("GETSCRIPT", (b"x",)), Command("HAVESPACE", (b"x", 9))):
        client.send(command)

    assert pull(client, b'"x" ACTIVE\r\nOK\r\n{2}\r\n\r\n\r\nOK\r\nNO (QUOTA) "no"\r\n') == [
        Line((b"x", "ACTIVE")),
        Response(Status.OK),
        Line((b"\r\n",)),
        Response(Status.OK),
        Response(Status.NO, b"no", b"QUOTA"),
    ]


LAST = [
    ("AUTHENTICATED", Command("HAVESPACE", (b"x", 9))),
    ("NOT_AUTHENTICATED", Command("STARTTLS")),
    ("NOT_AUTHENTICATED", Command("AUTHENTICATE", (b"PLAIN",))),
]


@pytest.mark.requirement("rfc5804-2-4")
@pytest.mark.requirement("rfc5804-2.2-2")
@pytest.mark.parametrize(("state", "command"), LAST)
def test_nothing_is_sent_behind_the_last_of_a_group(state: str, command: Command) -> None:
    client = client_in("managesieve", state)
    client.send(Command("NOOP"))
    client.send(command)

    with pytest.raises(LocalProtocolError, match="must wait"):
        client.send(Command("NOOP"))


def test_stream_that_ends_in_a_literal() -> None:
    client = Client()
    pull(client, b"{3}\r\n")
    client.receive_data(b"")

    with pytest.raises(RemoteProtocolError) as raised:
        client.next_event()

    assert raised.value.fault is Fault.CLOSED


@pytest.mark.parametrize("data", [b"OK\r\n", b'"x"\r\n'])
def test_message_that_nobody_asked_for_is_the_end(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match=r"\Aexpected silence until the next command\Z") as raised:
        pull(not_authenticated(), data)

    assert raised.value.fault is Fault.UNEXPECTED


@pytest.mark.requirement("rfc5804-1.2-9")
def test_bye_closes_at_any_time() -> None:
    client = not_authenticated()

    assert pull(client, b'BYE "too long"\r\nOK\r\n') == [Response(Status.BYE, b"too long"), managesieve.Closed()]
    assert client.state is State.CLOSED


@pytest.mark.requirement("rfc5804-2.2-2")
@pytest.mark.requirement("rfc5804-2.2-7")
@pytest.mark.requirement("rfc5804-2.2-8")
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


@pytest.mark.requirement("rfc5804-2.2-1")
def test_octets_behind_the_answer_to_starttls_are_the_end() -> None:
    client = listed(b"PLAIN")
    client.send(Command("STARTTLS"))

    with pytest.raises(RemoteProtocolError) as raised:
        pull(client, b'OK\r\n"SASL" "X"\r\n')

    assert raised.value.fault is Fault.INJECTED


@pytest.mark.requirement("rfc5804-2.1-2")
@pytest.mark.requirement("rfc5804-2.1-3")
@pytest.mark.requirement("rfc5804-2.1-5")
@pytest.mark.requirement("rfc4422-3.4-2")
@pytest.mark.requirement("rfc4422-4-2")
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
    with pytest.raises(LocalProtocolError, match=r"\Aa SASL response needs a challenge\Z"):
        client.send(response)
    assert pull(client, b"{0}\r\n\r\n") == [Challenge(b"")]
    client.send(response)
    assert pull(client, b"NO\r\n") == [Response(Status.NO)]


NO_CHALLENGES = [
    (b'"go on"', "a challenge: one string in base64"),
    (b'"dQ==" "x"', "a challenge: one string in base64"),
    (b"dQ", "OK, NO, BYE or a string"),
    (b"( )", "OK, NO, BYE or a string"),
]


@pytest.mark.parametrize(("line", "expected"), NO_CHALLENGES)
def test_challenge_that_cannot_be_is_the_end(line: bytes, expected: str) -> None:
    client = not_authenticated()
    client.send(Command("AUTHENTICATE", (b"LOGIN",)))

    with pytest.raises(RemoteProtocolError, match=rf"\Aexpected {expected}\Z"):
        pull(client, line + b"\r\n")


def test_answer_that_does_not_wait_for_our_response_is_the_end() -> None:
    client = not_authenticated()
    client.send(Command("AUTHENTICATE", (b"LOGIN",)))

    with pytest.raises(RemoteProtocolError, match=r"\Aexpected silence until the next command\Z"):
        pull(client, b'""\r\nOK\r\n')


@pytest.mark.parametrize("event", [Command("LISTSCRIPTS"), Command(""), SaslCancel(), SaslResponse(Secret(b""))])
def test_what_the_state_does_not_allow_is_refused(event: Any) -> None:
    with pytest.raises(LocalProtocolError):
        not_authenticated().send(event)


PLAIN = Command("AUTHENTICATE", (b"PLAIN", Secret(b"\0u\0p")))
LOGIN = Command("AUTHENTICATE", (b"LOGIN",))  # the server speaks first: no initial response (RFC 4422 5)
FOR_Z = Credentials(b"u", Secret(b"p"), b"z")
NEITHER = CannotLogIn(Reason.AUTHENTICATION_FAILED, "the real server offers neither SASL PLAIN nor LOGIN")


@pytest.mark.requirement("rfc4422-3.4.1-1")
@pytest.mark.requirement("rfc4422-5-2")
@pytest.mark.requirement("rfc4616-2-1")
@pytest.mark.requirement("rfc4616-2-3")
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


@pytest.mark.requirement("rfc5804-5-1")
@pytest.mark.requirement("rfc4422-6.1.2-2")
def test_no_password_in_clear_where_tls_is_required() -> None:
    assert listed(b"PLAIN", require_tls=True).log_in(U_P) == PRIVACY_REQUIRED
    assert listed(b"PLAIN", require_tls=True, tls=True).log_in(U_P) == PLAIN
