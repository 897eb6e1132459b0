"""perdition.protocol.pop3.client"""

from collections.abc import Sized
from typing import Any

import pytest

from perdition.protocol import pop3
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.limits import Limits
from perdition.protocol.log_in import PRIVACY_REQUIRED, UNSPEAKABLE, CannotLogIn
from perdition.protocol.pop3 import (
    BadChallenge,
    Challenge,
    Client,
    Command,
    Greeting,
    Multiline,
    Reply,
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


def listed(*lines: bytes, tls: bool = False, require_tls: bool = False) -> Client:
    """Give a client that has read these capabilities; without any, it has not asked."""
    client = Client(require_tls=require_tls)
    if tls:
        client.start_tls()
    pull(client, b"+OK\r\n")
    if lines:
        client.send(Command("CAPA"))
        pull(client, b"+OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b".\r\n")
    return client


def held(client: Client) -> int:
    """Give how many things a client keeps in its containers."""
    return sum(len(value) for value in vars(client).values() if isinstance(value, Sized))


@pytest.mark.requirement("rfc1939-4-1")
def test_greeting() -> None:
    client = Client()

    assert pull(client, b"+OK [X] ready <1@x>\r\n") == [Greeting(b"ready <1@x>", Status.OK, b"X")]
    assert client.state is State.AUTHORIZATION


def test_greeting_that_sends_us_away() -> None:
    client = Client()

    assert pull(client, b"-ERR [SYS/TEMP] busy\r\n") == [Greeting(b"busy", Status.NO, b"SYS/TEMP"), pop3.Closed()]


def test_stream_that_ends_before_the_greeting() -> None:
    client = Client()
    client.receive_data(b"")

    assert client.next_event() == pop3.Closed()


def test_user_and_pass() -> None:
    client = client_in("pop3", "AUTHORIZATION")

    assert client.send(Command("USER", (b"u",))) == b"USER u\r\n"
    assert pull(client, b"+OK\r\n") == [Reply(Status.OK)]
    assert client.send(Command("PASS", (Secret(b"p w"),))) == b"PASS p w\r\n"
    assert pull(client, b"+OK in\r\n") == [Reply(Status.OK, b"in")]
    assert client.state is State.TRANSACTION


def test_nothing_is_sent_behind_pass_before_its_answer() -> None:
    client = client_in("pop3", "USER_GIVEN")
    client.send(Command("PASS", (Secret(b"p"),)))

    with pytest.raises(LocalProtocolError, match="must wait"):
        client.send(Command("USER", (b"v",)))


@pytest.mark.requirement("rfc2449-6.6-2")
def test_pipelined_answers_come_in_order() -> None:
    client = client_in("pop3", "TRANSACTION")
    for command in (Command("STAT"), Command("LIST", (b"1",)), Command("LIST"), Command("NOOP")):
        client.send(command)

    assert pull(client, b"+OK 1 5\r\n+OK 1 5\r\n+OK\r\n1 5\r\n.\r\n-ERR\r\n") == [
        Reply(Status.OK, b"1 5"),
        Reply(Status.OK, b"1 5"),
        Multiline(b"", b"1 5\r\n"),
        Reply(Status.NO),
    ]


@pytest.mark.requirement("rfc1939-3-11")
def test_block_may_come_in_pieces_and_its_dots_are_unstuffed() -> None:
    client = client_in("pop3", "TRANSACTION")
    client.send(Command("RETR", (b"1",)))

    assert pull(client, b"+OK here\r\na\r\n..\r") == []
    assert client.next_event() is NEED_DATA
    assert pull(client, b"\n...b\r\n.c\r\n\r\n.\r\n") == [Multiline(b"here", b"a\r\n.\r\n..b\r\nc\r\n\r\n")]


def test_nothing_is_kept_of_commands_that_are_answered() -> None:
    client = client_in("pop3", "TRANSACTION")
    before = held(client)
    for number in range(20):
        client.send(Command("RETR", (b"%d" % number,)))
        pull(client, b"-ERR none\r\n" if number % 2 else b"+OK\r\na\r\n.\r\n")

    assert held(client) == before


def test_stream_that_ends_in_a_block() -> None:
    client = client_in("pop3", "TRANSACTION")
    client.send(Command("RETR", (b"1",)))
    pull(client, b"+OK\r\na\r\n")
    client.receive_data(b"")

    with pytest.raises(RemoteProtocolError) as raised:
        client.next_event()

    assert raised.value.fault is Fault.CLOSED


def test_block_has_a_limit() -> None:
    client = client_in("pop3", "TRANSACTION", limits=Limits(block=10))
    client.send(Command("RETR", (b"1",)))
    pull(client, b"+OK\r\n12345678\r\n.\r\n")
    client.send(Command("RETR", (b"2",)))

    with pytest.raises(RemoteProtocolError, match="block") as raised:
        pull(client, b"+OK\r\n12345678\r\n\r\n")

    assert raised.value.fault is Fault.TOO_LONG


def test_block_that_is_refused_is_a_reply() -> None:
    client = client_in("pop3", "TRANSACTION")
    client.send(Command("RETR", (b"1",)))

    assert pull(client, b"-ERR none\r\n") == [Reply(Status.NO, b"none")]


@pytest.mark.requirement("rfc2449-5-4")
@pytest.mark.requirement("rfc2449-5-5")
@pytest.mark.parametrize(
    ("data", "capabilities", "mechanisms", "offers_tls"),
    [
        (b"+OK\r\nuser\r\nSASL plain X\r\nSTLS\r\n.\r\n", {b"USER", b"SASL PLAIN X", b"STLS"}, {b"PLAIN", b"X"}, True),
        (b"+OK\r\n.\r\n", set(), set(), False),
        (b"-ERR what\r\n", set(), set(), False),
    ],
)
def test_capabilities(data: bytes, capabilities: set[bytes], mechanisms: set[bytes], offers_tls: bool) -> None:
    client = client_in("pop3", "AUTHORIZATION")
    assert (client.capabilities, client.mechanisms, client.offers_tls) == (None, frozenset(), None)
    client.send(Command("CAPA"))
    pull(client, data)

    assert (client.capabilities, client.mechanisms, client.offers_tls) == (capabilities, mechanisms, offers_tls)


@pytest.mark.requirement("rfc2595-4-7")
def test_start_tls_forgets_the_capabilities() -> None:
    client = listed(b"STLS", b"SASL PLAIN")
    assert client.send(Command("STLS")) == b"STLS\r\n"
    assert pull(client, b"+OK\r\n") == [Reply(Status.OK)]
    assert client.next_event() is PAUSED
    client.start_tls()

    assert client.capabilities is None
    assert client.tls


@pytest.mark.requirement("rfc2595-4-3")
@pytest.mark.requirement("rfc2595-2.5-1")
def test_octets_behind_the_answer_to_stls_are_the_end() -> None:
    client = listed(b"STLS")
    client.send(Command("STLS"))

    with pytest.raises(RemoteProtocolError) as raised:
        pull(client, b"+OK\r\n+OK\r\n")

    assert raised.value.fault is Fault.INJECTED


def test_refused_stls_leaves_us_in_clear() -> None:
    client = listed(b"STLS")
    client.send(Command("STLS"))

    assert pull(client, b"-ERR no\r\n") == [Reply(Status.NO, b"no")]
    assert client.send(Command("QUIT")) == b"QUIT\r\n"


@pytest.mark.requirement("rfc5034-5-2")
@pytest.mark.parametrize(
    ("response", "octets"),
    [(SaslResponse(Secret(b"u")), b"dQ==\r\n"), (SaslCancel(), b"*\r\n"), (SaslResponse(Secret(b"")), b"\r\n")],
)
def test_auth_with_challenges(response: Any, octets: bytes) -> None:
    client = client_in("pop3", "AUTHORIZATION")
    client.send(Command("AUTH", (b"LOGIN",)))

    assert pull(client, b"+ VXNlcm5hbWU6\r\n") == [Challenge(b"Username:")]
    assert client.send(response) == octets
    with pytest.raises(LocalProtocolError, match=r"\Aa SASL response needs a challenge\Z"):
        client.send(response)
    assert pull(client, b"-ERR no\r\n") == [Reply(Status.NO, b"no")]


@pytest.mark.requirement("rfc5034-4-12")
def test_challenge_that_is_no_base64_can_only_be_cancelled() -> None:
    client = client_in("pop3", "AUTHORIZATION")
    client.send(Command("AUTH", (b"LOGIN",)))

    assert pull(client, b"+ Username:\r\n") == [BadChallenge()]
    with pytest.raises(LocalProtocolError, match=r"\Aa challenge that is no base64 can only be cancelled\Z"):
        client.send(SaslResponse(Secret(b"u")))
    assert client.send(SaslCancel()) == b"*\r\n"
    assert pull(client, b"-ERR no\r\n") == [Reply(Status.NO, b"no")]

    # The next exchange is not touched by that.
    client.send(Command("AUTH", (b"LOGIN",)))
    pull(client, b"+ \r\n")

    assert client.send(SaslResponse(Secret(b"u"))) == b"dQ==\r\n"


@pytest.mark.requirement("rfc5034-4-15")
def test_challenges_may_be_longer_than_other_lines() -> None:
    client = client_in("pop3", "AUTHORIZATION", limits=Limits(line=20, sasl=40))
    client.send(Command("AUTH", (b"LOGIN",)))

    assert pull(client, b"+ " + b"A" * 36 + b"\r\n") == [Challenge(bytes(27))]

    client.send(SaslResponse(Secret(b"u")))

    with pytest.raises(RemoteProtocolError, match="at most 40") as raised:
        pull(client, b"+ " + b"A" * 40 + b"\r\n")

    assert raised.value.fault is Fault.TOO_LONG


@pytest.mark.parametrize("data", [b"+OK\r\n", b"+ \r\n"])
def test_line_that_nobody_asked_for_is_the_end(data: bytes) -> None:
    client = client_in("pop3", "AUTHORIZATION")

    with pytest.raises(RemoteProtocolError, match=r"\Aexpected silence until the next command\Z") as raised:
        pull(client, data)

    assert raised.value.fault is Fault.UNEXPECTED


def test_answer_that_does_not_wait_for_our_response_is_the_end() -> None:
    client = client_in("pop3", "AUTHORIZATION")
    client.send(Command("AUTH", (b"LOGIN",)))

    with pytest.raises(RemoteProtocolError, match=r"\Aexpected silence until the next command\Z"):
        pull(client, b"+ \r\n+OK\r\n")


def test_plus_that_is_no_challenge_is_the_end() -> None:
    client = client_in("pop3", "AUTHORIZATION")
    client.send(Command("CAPA"))

    with pytest.raises(RemoteProtocolError, match=r"\Aexpected \+OK or -ERR\Z"):
        pull(client, b"+ \r\n")


@pytest.mark.parametrize("event", [Command("STAT"), Command(""), SaslCancel(), SaslResponse(Secret(b""))])
def test_what_the_state_does_not_allow_is_refused(event: Any) -> None:
    with pytest.raises(LocalProtocolError):
        client_in("pop3", "AUTHORIZATION").send(event)


@pytest.mark.requirement("rfc6856-2.1-2")
def test_client_does_not_know_utf8_and_so_sends_no_stls_behind_it() -> None:
    client = listed(b"UTF8 USER", b"STLS")
    with pytest.raises(LocalProtocolError, match="UTF8 is not allowed"):
        client.send(Command("UTF8"))

    assert client.send(Command("STLS")) == b"STLS\r\n"


USER = Command("USER", (b"u",))
CAPA = Command("CAPA")
PLAIN = Command("AUTH", (b"PLAIN", Secret(b"\0u\0p")))
LONG = Credentials(b"u", Secret(b"p" * 200), b"z")
FITS = Credentials(b"u", Secret(b"p" * 176), b"z")  # 180 octets, 240 in base64: a line of 253
DOES_NOT_FIT = Credentials(b"u", Secret(b"p" * 177), b"z")  # 4 more: 257, where 255 may be
EIGHT_BIT = Credentials(b"\xfc", Secret(b"p"))
NEEDS_PLAIN = CannotLogIn(
    Reason.AUTHENTICATION_FAILED, "the real server offers no SASL PLAIN, which these credentials need"
)


@pytest.mark.requirement("rfc5034-3-2")
@pytest.mark.requirement("rfc5034-3-3")
@pytest.mark.requirement("rfc2449-7-1")
@pytest.mark.requirement("rfc5034-4-8")
@pytest.mark.parametrize(
    ("credentials", "capabilities", "command"),
    [
        (U_P, (), USER),
        (U_P, (b"X",), USER),
        (U_P, (b"USER", b"SASL PLAIN"), USER),
        (U_P, (b"SASL PLAIN",), PLAIN),
        (Credentials(b"u", Secret(b"p"), b""), (), USER),
        (Credentials(b"u", Secret(b"p"), b"u"), (), USER),
        (Credentials(b"u", Secret(b"p"), b"z"), (), CAPA),
        (Credentials(b"u", Secret(b"p"), b"z"), (b"USER",), NEEDS_PLAIN),
        (Credentials(b"u", Secret(b"p"), b"z"), (b"SASL PLAIN",), Command("AUTH", (b"PLAIN", Secret(b"z\0u\0p")))),
        (LONG, (b"SASL PLAIN",), Command("AUTH", (b"PLAIN",))),
        (Credentials(b"u", Secret(b"p" * 248)), (), USER),
        (Credentials(b"u" * 248, Secret(b"p")), (), Command("USER", (b"u" * 248,))),
        (Credentials(b"u", Secret(b"p" * 249)), (), CAPA),
        (Credentials(b"u" * 249, Secret(b"p")), (b"USER", b"SASL PLAIN"), Command("AUTH", (b"PLAIN",))),
        (Credentials(b"u", Secret(b"p" * 249)), (b"USER",), NEEDS_PLAIN),
        (EIGHT_BIT, (), CAPA),
        (EIGHT_BIT, (b"USER",), Command("USER", (b"\xfc",))),
        (EIGHT_BIT, (b"USER", b"SASL PLAIN"), Command("AUTH", (b"PLAIN", Secret(b"\0\xfc\0p")))),
        (Credentials(b"u v", Secret(b"p")), (), CAPA),
        (Credentials(b"u\r\nDELE 1", Secret(b"p")), (b"USER",), NEEDS_PLAIN),
        (Credentials(b"u", Secret(b"p\r\nDELE 1")), (b"USER",), NEEDS_PLAIN),
        (Credentials(b"u", Secret(b"p\r")), (b"USER",), NEEDS_PLAIN),
        (Credentials(b"u", Secret(b"\np")), (b"USER",), NEEDS_PLAIN),
        (Credentials(b"!u", Secret(b"p")), (), Command("USER", (b"!u",))),
        (FITS, (b"SASL PLAIN",), Command("AUTH", (b"PLAIN", Secret(b"z\0u\0" + b"p" * 176)))),
        (DOES_NOT_FIT, (b"SASL PLAIN",), Command("AUTH", (b"PLAIN",))),
        (Credentials(b"u\0v", Secret(b"p")), (b"SASL PLAIN",), UNSPEAKABLE),
        (Credentials(b"u", Secret(b"p\0q")), (b"SASL PLAIN",), UNSPEAKABLE),
        (Credentials(b"", Secret(b"p")), (b"SASL PLAIN",), UNSPEAKABLE),
    ],
)
def test_way_to_log_in(
    credentials: Credentials, capabilities: tuple[bytes, ...], command: Command | CannotLogIn
) -> None:
    assert listed(*capabilities).log_in(credentials) == command


@pytest.mark.requirement("rfc2595-2.3-1")
@pytest.mark.requirement("rfc2595-2.2-1")
def test_no_password_in_clear_where_tls_is_required() -> None:
    assert listed(b"SASL PLAIN", require_tls=True).log_in(U_P) == PRIVACY_REQUIRED
    assert listed(b"SASL PLAIN", require_tls=True, tls=True).log_in(U_P) == PLAIN


@pytest.mark.requirement("rfc2449-6.9-1")
@pytest.mark.parametrize("name", [b"perdition", b"Dovecot", b"Shlemazle-Plotz-v302", b"SASL PLAIN", b"STLS"])
@pytest.mark.parametrize("credentials", [U_P, LONG, EIGHT_BIT])
def test_name_of_the_server_software_changes_nothing(name: bytes, credentials: Credentials) -> None:
    named, nameless = listed(b"USER", b"IMPLEMENTATION " + name), listed(b"USER")

    assert named.log_in(credentials) == nameless.log_in(credentials)
    assert (named.mechanisms, named.offers_tls) == (nameless.mechanisms, nameless.offers_tls)


def test_a_password_may_go_in_clear_unless_told_otherwise() -> None:
    assert Client().log_in(U_P) == USER
