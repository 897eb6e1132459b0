"""perdition.protocol.imap4.client"""

from typing import Any

import pytest

from perdition.protocol import imap4
from perdition.protocol.errors import Fault, LocalProtocolError, RemoteProtocolError
from perdition.protocol.imap4 import (
    Challenge,
    Client,
    Command,
    Continuation,
    Greeting,
    Notice,
    SaslCancel,
    SaslResponse,
    State,
    Status,
    Tagged,
    Untagged,
)
from perdition.protocol.limits import Limits
from perdition.protocol.log_in import PRIVACY_REQUIRED, UNSPEAKABLE, CannotLogIn
from perdition.protocol.reasons import Reason
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.protocol.signals import NEED_DATA, PAUSED
from tests.protocol.helpers import client_in, pull

U_P = Credentials(b"u", Secret(b"p"))
LOGIN = Command(b"a", "LOGIN", (b"u", Secret(b"p")))
LOGIN_8BIT = Command(b"a", "LOGIN", (b"\xfc", Secret(b"\xfd")))


def not_authenticated() -> Any:
    return client_in("imap4", "NOT_AUTHENTICATED")


def listed(*words: bytes, tls: bool = False, require_tls: bool = False) -> Client:
    """Give a client that has read these capabilities; without any, it knows none."""
    client = Client(require_tls=require_tls)
    if tls:
        client.start_tls()
    code = b"[CAPABILITY IMAP4rev1 " + b" ".join(words) + b"] " if words else b""
    pull(client, b"* OK " + code + b"hi\r\n")
    return client


@pytest.mark.parametrize(
    ("line", "greeting", "state"),
    [
        (b"* OK hi", Greeting(b"hi"), State.NOT_AUTHENTICATED),
        (b"* ok try {5}", Greeting(b"try {5}"), State.NOT_AUTHENTICATED),
        (b"* PREAUTH hi", Greeting(b"hi", Status.PREAUTH), State.AUTHENTICATED),
        (b"* preauth try {5}", Greeting(b"try {5}", Status.PREAUTH), State.AUTHENTICATED),
        (b"* BYE [X] hi", Greeting(b"hi", Status.BYE, b"X"), State.CLOSED),
    ],
)
def test_greeting(line: bytes, greeting: Greeting, state: State) -> None:
    client = Client()

    assert pull(client, line + b"\r\n")[0] == greeting
    assert client.state is state


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"* NO hi", "expected OK, PREAUTH or BYE in the greeting"),
        (b"* BAD hi", "expected OK, PREAUTH or BYE in the greeting"),
        (b"OK hi", "expected a greeting: untagged OK, PREAUTH or BYE"),
        (b"a OK hi", "expected a greeting: untagged OK, PREAUTH or BYE"),
        (b"* CAPABILITY X", "expected a greeting: untagged OK, PREAUTH or BYE"),
        (b"+ hi", "expected no continuation: nothing waits for one"),
        (b"", "expected a greeting: untagged OK, PREAUTH or BYE"),
        (b"*", "expected a greeting: untagged OK, PREAUTH or BYE"),
    ],
)
def test_line_that_is_no_greeting_is_the_end(line: bytes, expected: str) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        pull(Client(), line + b"\r\n")

    assert str(raised.value) == expected


def test_server_that_sends_us_away() -> None:
    assert pull(Client(), b"* BYE hi\r\n")[1] == imap4.Closed()


def test_answers_may_come_in_any_order() -> None:
    client = not_authenticated()
    assert client.send(Command(b"a", "NOOP")) == b"a NOOP\r\n"
    assert client.send(Command(b"b", "CAPABILITY")) == b"b CAPABILITY\r\n"

    assert pull(client, b"b OK done\r\n* OK [ALERT] look {3}\r\na BAD [X] no {3}\r\n") == [
        Tagged(b"b", Status.OK, b"done"),
        Notice(Status.OK, b"look {3}", b"ALERT"),
        Tagged(b"a", Status.BAD, b"no {3}", b"X"),
    ]


@pytest.mark.parametrize("status", [Status.OK, Status.NO, Status.BAD, Status.BYE])
def test_text_of_a_notice_announces_no_literal(status: Status) -> None:
    line = b"* %s try {5}\r\n" % status.value.lower().encode()

    assert pull(not_authenticated(), line) == [Notice(status, b"try {5}")]


def test_untagged_data_with_literals() -> None:
    client = not_authenticated()

    assert pull(client, b'* LIST () "/" {3}\r\na\r\n') == []
    assert client.next_event() is NEED_DATA
    assert pull(client, b" {0}\r\n\r\n* BYE x {3}\r\n") == [
        Untagged((b'LIST () "/" {3}', b"a\r\n", b" {0}", b"", b"")),
        Notice(Status.BYE, b"x {3}"),
    ]


def test_stream_that_ends_in_a_literal() -> None:
    client = not_authenticated()
    pull(client, b"* LIST {3}\r\n")
    client.receive_data(b"")

    with pytest.raises(RemoteProtocolError) as raised:
        client.next_event()

    assert raised.value.fault is Fault.CLOSED


@pytest.mark.requirement("rfc9051-2.2.1-1")
def test_tags_are_new() -> None:
    client = Client()

    assert client.new_tag() != client.new_tag()


@pytest.mark.requirement("rfc3501-9-5")
@pytest.mark.requirement("rfc9051-9-6")
@pytest.mark.parametrize("tag", [b"", b"+", b"a+b", b"*", b"a b", b"a\r\n", b"\xfc"])
def test_tag_that_imap4_does_not_have_is_refused(tag: bytes) -> None:
    with pytest.raises(LocalProtocolError, match=r"\Aexpected a tag that IMAP4 allows\Z"):
        not_authenticated().send(Command(tag, "NOOP"))


@pytest.mark.requirement("rfc3501-3.1-1")
@pytest.mark.requirement("rfc9051-3.1-1")
@pytest.mark.parametrize(
    "event", [Command(b"a", "SELECT", (b"x",)), Command(b"a", ""), SaslCancel(), SaslResponse(Secret(b""))]
)
def test_what_the_state_does_not_allow_is_refused(event: Any) -> None:
    with pytest.raises(LocalProtocolError):
        not_authenticated().send(event)


@pytest.mark.requirement("rfc3501-2.2.1-2")
@pytest.mark.requirement("rfc3501-4.3-1")
@pytest.mark.requirement("rfc3501-4.3-3")
@pytest.mark.requirement("rfc3501-7.5-1")
@pytest.mark.requirement("rfc9051-2.2.1-4")
@pytest.mark.requirement("rfc9051-4.3-1")
@pytest.mark.requirement("rfc9051-7.6-1")
def test_literals_wait_for_the_servers_word() -> None:
    client = listed(b"X")

    assert client.send(LOGIN_8BIT) == b"a LOGIN {1}\r\n"
    with pytest.raises(LocalProtocolError, match="must wait"):
        client.send(Command(b"b", "NOOP"))
    assert pull(client, b"+ go {3}\r\n") == [Continuation(b"go {3}")]
    assert client.send_literal() == b"\xfc {1}\r\n"
    assert pull(client, b"* OK soon\r\n+ \r\n") == [Notice(Status.OK, b"soon"), Continuation(b"")]
    assert client.send_literal() == b"\xfd\r\n"
    with pytest.raises(LocalProtocolError, match=r"\Ano literal waits for the server's word\Z"):
        client.send_literal()
    assert pull(client, b"a OK in\r\n") == [Tagged(b"a", Status.OK, b"in")]
    assert client.state is State.AUTHENTICATED


def test_no_command_stands_inside_another() -> None:
    client = client_in("imap4", "AUTHENTICATED")
    client.send(Command(b"a", "SELECT", (b"\xfc",)))

    with pytest.raises(LocalProtocolError, match=r"\ANOOP must wait for the end of the command before it\Z"):
        client.send(Command(b"b", "NOOP"))


@pytest.mark.requirement("rfc3501-7.5-1")
@pytest.mark.requirement("rfc9051-7.6-1")
def test_literal_may_be_refused() -> None:
    client = listed(b"X")
    client.send(LOGIN_8BIT)

    assert pull(client, b"a NO no\r\n") == [Tagged(b"a", Status.NO, b"no")]
    assert client.send(Command(b"b", "NOOP")) == b"b NOOP\r\n"


def test_ok_to_half_a_command_is_the_end() -> None:
    client = listed(b"X")
    client.send(LOGIN_8BIT)

    with pytest.raises(RemoteProtocolError, match=r"\Aexpected OK only behind the whole command\Z"):
        pull(client, b"a OK in\r\n")


@pytest.mark.requirement("rfc2088-3-3")
@pytest.mark.requirement("rfc7888-3-2")
@pytest.mark.requirement("rfc7888-5-1")
@pytest.mark.requirement("rfc7888-5-2")
@pytest.mark.requirement("rfc9051-4.3-3")
@pytest.mark.requirement("rfc9051-4.3-4")
@pytest.mark.parametrize(
    ("words", "size", "waits"),
    [
        ((), 1, True),
        ((b"X",), 1, True),
        ((b"literal+",), 5000, False),
        ((b"LITERAL-",), 4096, False),
        ((b"LITERAL-",), 4097, True),
    ],
)
def test_literal_plus(words: tuple[bytes, ...], size: int, waits: bool) -> None:
    client = listed(*words)
    name = b"\xfc" * size

    data = client.send(Command(b"a", "LOGIN", (name, Secret(b"p"))))

    assert data == (b"a LOGIN {%d}\r\n" % size if waits else b'a LOGIN {%d+}\r\n%s "p"\r\n' % (size, name))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"+ \r\n", "expected no continuation: nothing waits for one"),
        (b"b OK x\r\n", "expected the tag of a command that waits"),
        (b" OK x\r\n", "expected the tag of a command that waits"),
        (b"* PREAUTH x\r\n", "expected PREAUTH only in the greeting"),
    ],
)
def test_answer_that_cannot_be_now_is_the_end(data: bytes, expected: str) -> None:
    client = not_authenticated()
    client.send(Command(b"a", "NOOP"))

    with pytest.raises(RemoteProtocolError) as raised:
        pull(client, data)

    assert (str(raised.value), raised.value.fault) == (expected, Fault.UNEXPECTED)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a PREAUTH x\r\n", "expected OK, NO or BAD behind a tag"),
        (b"a BYE x\r\n", "expected OK, NO or BAD behind a tag"),
        (b"a FETCH x\r\n", "expected OK, NO or BAD behind a tag"),
        (b"\r\n", "expected OK, NO or BAD behind a tag"),
        (b"* X {65537}\r\n", "expected literals of at most 65536 octets"),
        (b"a OK\n", "expected CR before LF at the end of a line"),
    ],
)
def test_answer_that_cannot_be_is_the_end(data: bytes, expected: str) -> None:
    client = not_authenticated()
    client.send(Command(b"a", "NOOP"))

    with pytest.raises(RemoteProtocolError) as raised:
        pull(client, data)

    assert str(raised.value) == expected


def test_long_lines_of_a_server() -> None:
    client = client_in("imap4", "NOT_AUTHENTICATED", limits=Limits(line=20, sasl=40))

    assert pull(client, b"* OK " + b"x" * 35 + b"\r\n") == [Notice(Status.OK, b"x" * 35)]
    with pytest.raises(RemoteProtocolError, match="at most 40"):
        pull(client, b"* OK " + b"x" * 36)


@pytest.mark.parametrize(
    ("response", "octets"),
    [(SaslResponse(Secret(b"u")), b"dQ==\r\n"), (SaslCancel(), b"*\r\n"), (SaslResponse(Secret(b"")), b"\r\n")],
)
def test_authenticate_with_challenges(response: Any, octets: bytes) -> None:
    client = not_authenticated()
    assert client.send(Command(b"a", "AUTHENTICATE", (b"LOGIN",))) == b"a AUTHENTICATE LOGIN\r\n"

    assert pull(client, b"+ VXNlcm5hbWU6\r\n") == [Challenge(b"Username:")]
    assert client.send(response) == octets
    with pytest.raises(LocalProtocolError, match=r"\Aa SASL response needs a challenge\Z"):
        client.send(response)
    assert pull(client, b"a NO no\r\n") == [Tagged(b"a", Status.NO, b"no")]
    with pytest.raises(RemoteProtocolError, match="continuation"):
        pull(client, b"+ \r\n")


@pytest.mark.parametrize(("data", "expected"), [(b"+ go on\r\n", "base64"), (b"+ \r\n+ \r\n", "continuation")])
def test_challenge_that_cannot_be_is_the_end(data: bytes, expected: str) -> None:
    client = not_authenticated()
    client.send(Command(b"a", "AUTHENTICATE", (b"LOGIN",)))

    with pytest.raises(RemoteProtocolError, match=expected):
        pull(client, data)


def test_authenticate_may_end_before_our_response() -> None:
    client = not_authenticated()
    client.send(Command(b"a", "AUTHENTICATE", (b"LOGIN",)))

    assert pull(client, b"+ \r\na NO too late\r\n") == [Challenge(b""), Tagged(b"a", Status.NO, b"too late")]
    with pytest.raises(LocalProtocolError, match="needs a challenge"):
        client.send(SaslCancel())


@pytest.mark.requirement("rfc2595-3.1-4")
@pytest.mark.requirement("rfc3501-6.2.1-2")
@pytest.mark.requirement("rfc9051-6.2.1-5")
def test_starttls_forgets_what_was_learnt_in_clear() -> None:
    client = listed(b"STARTTLS")
    client.send(Command(b"a", "STARTTLS"))

    assert pull(client, b"* CAPABILITY AUTH=PLAIN\r\na OK [CAPABILITY AUTH=X] go\r\n")[-1] == Tagged(
        b"a", Status.OK, b"go", b"CAPABILITY AUTH=X"
    )
    assert client.next_event() is PAUSED
    client.start_tls()
    assert (client.capabilities, client.capability_data) == (None, None)


def test_refused_starttls_leaves_us_in_clear() -> None:
    client = listed(b"STARTTLS")
    client.send(Command(b"a", "STARTTLS"))

    assert pull(client, b"a NO no\r\n* OK x\r\n")[0] == Tagged(b"a", Status.NO, b"no")
    assert not client.tls


@pytest.mark.requirement("rfc2595-3.1-4")
@pytest.mark.requirement("rfc3501-6.2.1-2")
@pytest.mark.requirement("rfc9051-6.2.1-5")
def test_octets_behind_the_answer_to_starttls_are_the_end() -> None:
    client = listed(b"STARTTLS")
    client.send(Command(b"a", "STARTTLS"))

    with pytest.raises(RemoteProtocolError) as raised:
        pull(client, b"a OK go\r\n* CAPABILITY X\r\n")

    assert raised.value.fault is Fault.INJECTED


@pytest.mark.requirement("rfc3501-2.2.2-4")
@pytest.mark.requirement("rfc3501-7.2.1-7")
@pytest.mark.requirement("rfc9051-2.2.2-4")
@pytest.mark.requirement("rfc9051-7.2.2-7")
@pytest.mark.parametrize(
    ("data", "capabilities"),
    [
        (b"* CAPABILITY imap4rev1 Auth=plain\r\na OK x\r\n", b"imap4rev1 Auth=plain"),
        (b"a OK [CAPABILITY X] x\r\n", b"X"),
        (b'* CAPABILITY A B] [ALERT] C"D {E \xc3\xa4 F\r\na OK x\r\n', b"A F"),  # only atoms are names (RFC 9051 9)
        (b"* CAPABILITY\r\na OK x\r\n", b""),
        (b"a OK x\r\n", b""),
        (b"a NO x\r\n", b""),
        (b"* X\r\n* OK [ALERT] x\r\n* \r\n", None),
    ],
)
def test_capabilities(data: bytes, capabilities: bytes | None) -> None:
    client = not_authenticated()
    assert client.capabilities is None
    client.send(Command(b"a", "CAPABILITY"))
    pull(client, data)

    assert client.capability_data == capabilities
    assert client.capabilities == (None if capabilities is None else frozenset(capabilities.upper().split()))


@pytest.mark.parametrize(
    ("data", "capabilities"),
    [
        (b"a OK in\r\n", None),
        (b"a OK [CAPABILITY X] in\r\n", {b"X"}),
        (b"* CAPABILITY X\r\na OK in\r\n", {b"X"}),
        (b"a NO out\r\n", {b"IMAP4REV1", b"OLD"}),
    ],
)
def test_log_in_forgets_the_capabilities_unless_new_ones_are_told(data: bytes, capabilities: set[bytes] | None) -> None:
    client = listed(b"OLD")
    client.send(LOGIN)
    pull(client, data)

    assert client.capabilities == capabilities


def test_logout_closes_when_all_is_answered() -> None:
    client = not_authenticated()
    client.send(Command(b"a", "NOOP"))
    client.send(Command(b"b", "LOGOUT"))

    assert pull(client, b"* BYE bye\r\nb OK x\r\na OK x\r\n* X\r\n") == [
        Notice(Status.BYE, b"bye"),
        Tagged(b"b", Status.OK, b"x"),
        Tagged(b"a", Status.OK, b"x"),
        imap4.Closed(),
    ]


FOR_Z = Credentials(b"u", Secret(b"p"), b"z")
EIGHT_BIT = Credentials(b"\xfc", Secret(b"p"))
DISABLED = CannotLogIn(Reason.LOGIN_DISABLED, "the real server announces LOGINDISABLED")
DISABLED_UNDER_TLS = CannotLogIn(Reason.LOGIN_DISABLED, "the real server announces LOGINDISABLED and no AUTH=PLAIN")
NO_PLAIN = CannotLogIn(Reason.AUTHENTICATION_FAILED, "the real server offers no AUTH=PLAIN, which an authzid needs")


def said(verb: str, *args: bytes | Secret) -> Command:
    return Command(b"p1", verb, args)


@pytest.mark.requirement("rfc2595-3.2-3")
@pytest.mark.requirement("rfc3501-6.2.3-4")
@pytest.mark.requirement("rfc3501-7.2.1-3")
@pytest.mark.requirement("rfc3501-7.2.1-6")
@pytest.mark.requirement("rfc4959-3-7")
@pytest.mark.requirement("rfc4959-3-8")
@pytest.mark.requirement("rfc6855-5-1")
@pytest.mark.requirement("rfc9051-6.2.3-5")
@pytest.mark.requirement("rfc9051-7.2.2-3")
@pytest.mark.requirement("rfc9051-7.2.2-6")
@pytest.mark.parametrize(
    ("credentials", "words", "command"),
    [
        (U_P, (), said("CAPABILITY")),
        (U_P, (b"X",), said("LOGIN", b"u", Secret(b"p"))),
        (Credentials(b"u", Secret(b"p"), b""), (b"X",), said("LOGIN", b"u", Secret(b"p"))),
        (Credentials(b"u", Secret(b"p"), b"u"), (b"X",), said("LOGIN", b"u", Secret(b"p"))),
        (U_P, (b"AUTH=PLAIN",), said("LOGIN", b"u", Secret(b"p"))),
        (EIGHT_BIT, (b"X",), said("LOGIN", b"\xfc", Secret(b"p"))),
        (EIGHT_BIT, (b"AUTH=PLAIN",), said("AUTHENTICATE", b"PLAIN")),
        (EIGHT_BIT, (b"AUTH=LOGIN",), said("AUTHENTICATE", b"LOGIN")),
        (EIGHT_BIT, (b"auth=plain", b"sasl-ir"), said("AUTHENTICATE", b"PLAIN", Secret(b"\0\xfc\0p"))),
        (FOR_Z, (b"AUTH=PLAIN", b"SASL-IR"), said("AUTHENTICATE", b"PLAIN", Secret(b"z\0u\0p"))),
        (FOR_Z, (b"AUTH=LOGIN",), NO_PLAIN),
        (U_P, (b"LOGINDISABLED", b"AUTH=PLAIN"), DISABLED),
        (Credentials(b"u\0", Secret(b"p")), (b"X",), UNSPEAKABLE),
    ],
)
def test_way_to_log_in(credentials: Credentials, words: tuple[bytes, ...], command: Command | CannotLogIn) -> None:
    assert listed(*words).log_in(credentials) == command


@pytest.mark.requirement("rfc2595-3.2-3")
@pytest.mark.requirement("rfc3501-6.2.3-4")
@pytest.mark.requirement("rfc3501-7.2.1-3")
@pytest.mark.requirement("rfc9051-6.2.3-5")
@pytest.mark.requirement("rfc9051-7.2.2-3")
@pytest.mark.parametrize(
    ("credentials", "words", "command"),
    [
        (U_P, (b"LOGINDISABLED", b"AUTH=PLAIN"), said("AUTHENTICATE", b"PLAIN")),
        (U_P, (b"LOGINDISABLED", b"AUTH=LOGIN"), said("AUTHENTICATE", b"LOGIN")),
        (U_P, (b"LOGINDISABLED", b"AUTH=LOGIN", b"SASL-IR"), said("AUTHENTICATE", b"LOGIN")),
        (FOR_Z, (b"LOGINDISABLED", b"AUTH=LOGIN"), DISABLED_UNDER_TLS),
        (U_P, (b"LOGINDISABLED",), DISABLED_UNDER_TLS),
    ],
)
def test_way_to_log_in_under_tls_where_login_is_disabled(
    credentials: Credentials, words: tuple[bytes, ...], command: Command | CannotLogIn
) -> None:
    assert listed(*words, tls=True).log_in(credentials) == command


def test_no_password_in_clear_where_tls_is_required() -> None:
    assert listed(b"X", require_tls=True).log_in(U_P) == PRIVACY_REQUIRED
    assert listed(b"X", require_tls=True, tls=True).log_in(U_P) == said("LOGIN", b"u", Secret(b"p"))


def test_a_password_may_go_in_clear_unless_told_otherwise() -> None:
    assert Client().log_in(U_P) == said("CAPABILITY")
