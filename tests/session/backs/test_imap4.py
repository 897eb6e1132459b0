"""IMAP4 towards the real server: octets in, octets out."""

import pytest

from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session.back import AgreedOnTls, LoggedIn, NotLoggedIn
from perdition.session.backs.imap4 import Imap4Back
from perdition.session.outcomes import Outcome, RealAnswer
from perdition.session.policy import Tls
from tests.session.helpers import IMAP4, b64, policy, talk

JOE = Credentials(b"joe", Secret(b"hunter2"))
JIM = Credentials(b"joe", Secret(b"hunter2"), b"jim")
UMLAUT = Credentials("jürgen".encode(), Secret(b"hunter2"))
NAME = UMLAUT.authcid


def new_back(credentials: Credentials = JOE, tls: Tls = Tls.NONE) -> Imap4Back:
    """Give a back that has just been connected."""
    return Imap4Back(policy(IMAP4, server_tls=tls), credentials)


def greeting(capabilities: bytes) -> bytes:
    """Give a greeting that lists capabilities."""
    return b"* OK [CAPABILITY " + capabilities + b"] hi\r\n"


LOG_INS = [  # credentials, what the real server says, what it is told
    (JOE, (greeting(b"IMAP4"),), b'p1 LOGIN "joe" "hunter2"\r\n'),
    (JOE, (b"* OK hi\r\n", b"* CAPABILITY X\r\np1 OK\r\n"), b'p1 CAPABILITY\r\np2 LOGIN "joe" "hunter2"\r\n'),
    # What stands around the capabilities is for nobody; a server that has none to tell may be logged in to.
    (JOE, (b"* OK hi\r\n* OK [ALERT] x\r\n", b"p1 BAD\r\n"), b'p1 CAPABILITY\r\np2 LOGIN "joe" "hunter2"\r\n'),
    # Literals wait for the word, or not where the server needs none (RFC 7888).
    (
        UMLAUT,
        (greeting(b"IMAP4"), b"+ go\r\n"),
        b"p1 LOGIN {7}\r\n" + NAME + b' "hunter2"\r\n',
    ),
    (UMLAUT, (greeting(b"LITERAL+"),), b"p1 LOGIN {7+}\r\n" + NAME + b' "hunter2"\r\n'),
    # SASL, with an initial response only where the server says that it takes one (RFC 4959).
    (JIM, (greeting(b"AUTH=PLAIN"), b"+ \r\n"), b"p1 AUTHENTICATE PLAIN\r\n" + b64(b"jim\0joe\0hunter2") + b"\r\n"),
    (JIM, (greeting(b"AUTH=PLAIN SASL-IR"),), b"p1 AUTHENTICATE PLAIN " + b64(b"jim\0joe\0hunter2") + b"\r\n"),
    (
        UMLAUT,
        (greeting(b"AUTH=PLAIN SASL-IR"),),
        b"p1 AUTHENTICATE PLAIN " + b64(b"\0" + NAME + b"\0hunter2") + b"\r\n",
    ),
]


@pytest.mark.requirement("rfc9051-7.1-1")
@pytest.mark.requirement("rfc9051-11.3-1")
@pytest.mark.requirement("rfc9051-11.3-2")
@pytest.mark.parametrize(("credentials", "said", "told"), LOG_INS)
def test_log_in(credentials: Credentials, said: tuple[bytes, ...], told: bytes) -> None:
    back = new_back(credentials)

    assert talk(back, *said) == (told, None)
    assert back.logging_in

    tag = told.split(b"\r\n")[-2].split()[0] if b"AUTH" not in told and b"{" not in told else b"p1"
    result = talk(back, tag + b" OK [CAPABILITY Idle] in\r\nmore")[1]

    assert result == LoggedIn(RealAnswer(b"in", b"CAPABILITY Idle", b"Idle"))
    assert back.take_trailing_data() == b"more"


@pytest.mark.requirement("rfc2971-3-6")
@pytest.mark.requirement("rfc2971-3-7")
@pytest.mark.requirement("rfc2971-3-8")
@pytest.mark.parametrize("server_id", [b"", b"* ID NIL\r\n", b'* ID ("name" "Cyrus" "version" "1.5")\r\n'])
def test_the_id_of_a_real_server_changes_nothing(server_id: bytes) -> None:
    back = new_back()
    told, _ = talk(back, greeting(b"IMAP4 ID") + server_id)

    assert told == b'p1 LOGIN "joe" "hunter2"\r\n'  # nobody asked for it
    assert talk(back, server_id + b"p1 OK in\r\n")[1] == LoggedIn(RealAnswer(b"in", None, None))


def test_login_under_tls_where_only_sasl_is_left() -> None:
    back = new_back(tls=Tls.IMPLICIT)
    back.start_under_tls()
    told, _ = talk(back, greeting(b"LOGINDISABLED AUTH=LOGIN"), b"+ VXNlcm5hbWU6\r\n", b"+ UGFzc3dvcmQ6\r\n")

    assert told == b"p1 AUTHENTICATE LOGIN\r\n" + b64(b"joe") + b"\r\n" + b64(b"hunter2") + b"\r\n"


def test_a_challenge_too_many_is_cancelled() -> None:
    back = new_back(JIM)
    told, _ = talk(back, greeting(b"AUTH=PLAIN"), b"+ \r\n", b"+ \r\n")

    assert told.endswith(b"\r\n*\r\n")

    result = talk(back, b"p1 BAD no\r\n")[1]

    assert isinstance(result, NotLoggedIn)
    assert result.outcome is Outcome.REFUSED


@pytest.mark.requirement("rfc3501-7.5-1")
@pytest.mark.requirement("rfc9051-7.6-1")
def test_no_literal_follows_a_refusal() -> None:
    """The C program sends name and password after a NO all the same (its bug I16)."""
    back = new_back(UMLAUT)
    told, result = talk(back, greeting(b"IMAP4"), b"p1 NO no\r\n")

    assert told == b"p1 LOGIN {7}\r\n"
    assert isinstance(result, NotLoggedIn)
    assert result.outcome is Outcome.REFUSED
    assert back.say_good_bye() == b"p2 LOGOUT\r\n"


def test_capabilities_from_before_the_log_in_are_not_those_behind_it() -> None:
    back = new_back()
    result = talk(back, greeting(b"IMAP4"), b"p1 OK in\r\n")[1]

    assert result == LoggedIn(RealAnswer(b"in", None, None))


CANNOT = [
    (JOE, b"LOGINDISABLED", Outcome.LOGIN_DISABLED),
    (JOE, b"LOGINDISABLED AUTH=PLAIN", Outcome.LOGIN_DISABLED),  # in clear it disables all that sends a password
    (JIM, b"IMAP4", Outcome.NO_MECHANISM),
    (JIM, b"AUTH=LOGIN", Outcome.NO_MECHANISM),
]


@pytest.mark.requirement("rfc2595-3.2-3")
@pytest.mark.requirement("rfc3501-6.2.3-4")
@pytest.mark.requirement("rfc3501-7.2.1-3")
@pytest.mark.requirement("rfc9051-6.2.3-5")
@pytest.mark.requirement("rfc9051-7.2.2-3")
@pytest.mark.parametrize(("credentials", "capabilities", "outcome"), CANNOT)
def test_no_way_to_log_in(credentials: Credentials, capabilities: bytes, outcome: Outcome) -> None:
    told, result = talk(new_back(credentials), greeting(capabilities))

    assert told == b""
    assert isinstance(result, NotLoggedIn)
    assert result.outcome is outcome
    assert result.why


def test_an_empty_name_is_a_wrong_one() -> None:
    """It is the client's fault and no server's; it was called unavailable."""
    result = talk(new_back(Credentials(b"", Secret(b"hunter2"))), greeting(b"IMAP4"))

    assert result == (b"", NotLoggedIn(Outcome.REFUSED))


BREAKS = [
    (b"p1 OK [CAPABILITY X] too early\r\n", "expected OK only behind the whole command (unexpected)"),
    (b"* PREAUTH in\r\n", "expected PREAUTH only in the greeting (unexpected)"),
    (b"p9 OK\r\n", "expected the tag of a command that waits (unexpected)"),
    (b"p1 BYE\r\n", "expected OK, NO or BAD behind a tag (syntax)"),
]


@pytest.mark.parametrize(("octets", "why"), BREAKS)
def test_a_break_of_the_protocol(octets: bytes, why: str) -> None:
    back = new_back(UMLAUT)
    told, result = talk(back, greeting(b"IMAP4"), octets)

    assert told == b"p1 LOGIN {7}\r\n"
    assert result == NotLoggedIn(Outcome.NEGOTIATION, why)
    assert back.say_good_bye() == b""


GREETINGS = [
    (b"* BYE busy\r\n", NotLoggedIn(Outcome.NEGOTIATION, "expected OK as the greeting, not BYE")),
    (b"* PREAUTH in\r\n", NotLoggedIn(Outcome.NEGOTIATION, "expected OK as the greeting, not PREAUTH")),
    (b"* OK hi cafe0123\r\n", NotLoggedIn(Outcome.NEGOTIATION, "the real server is this perdition: a loop")),
    (b"* OK hi 0badcafe\r\n", None),
]


@pytest.mark.requirement("rfc9051-7.1.4-2")
@pytest.mark.parametrize(("hello", "result"), GREETINGS)
def test_greetings(hello: bytes, result: NotLoggedIn | None) -> None:
    assert talk(new_back(), hello)[1] == result


GOOD_BYES: list[tuple[tuple[bytes, ...], bytes]] = [
    ((), b""),  # before the greeting nothing can be said
    ((b"* BYE\r\n",), b""),
    ((b"* OK hi\r\n",), b"p2 LOGOUT\r\n"),
    ((greeting(b"X"),), b""),  # LOGIN waits for its answer
    ((greeting(b"X"), b"p1 NO\r\n"), b"p2 LOGOUT\r\n"),
]


@pytest.mark.requirement("rfc3501-3.4-4")
@pytest.mark.requirement("rfc3501-3.4-5")
@pytest.mark.requirement("rfc9051-3.4-4")
@pytest.mark.requirement("rfc9051-3.4-5")
@pytest.mark.parametrize(("said", "good_bye"), GOOD_BYES)
def test_good_bye(said: tuple[bytes, ...], good_bye: bytes) -> None:
    back = new_back()
    talk(back, *said)

    assert back.say_good_bye() == good_bye


@pytest.mark.requirement("rfc2595-3.1-5")
@pytest.mark.requirement("rfc3501-6.2.1-3")
@pytest.mark.requirement("rfc9051-6.2.1-6")
@pytest.mark.parametrize("word", [b"STARTTLS", b"starttls"])
def test_starttls(word: bytes) -> None:
    back = new_back(tls=Tls.REQUIRED)

    assert talk(back, greeting(word)) == (b"p1 STARTTLS\r\n", None)
    assert talk(back, b"p1 OK\r\n")[1] == AgreedOnTls()
    assert back.go_on_under_tls() is None
    assert back.take_output() == b"p2 CAPABILITY\r\n"


def test_starttls_where_the_greeting_lists_nothing() -> None:
    told, _ = talk(new_back(tls=Tls.OFFERED), b"* OK hi\r\n", b"* CAPABILITY STARTTLS\r\np1 OK\r\n")

    assert told == b"p1 CAPABILITY\r\np2 STARTTLS\r\n"


NO_STARTTLS = [
    (Tls.OFFERED, (greeting(b"IMAP4"),), b'p1 LOGIN "joe" "hunter2"\r\n', None),
    (Tls.OFFERED, (greeting(b"STARTTLS"), b"p1 NO\r\n"), b"p1 STARTTLS\r\n", Outcome.NEGOTIATION),
    (Tls.REQUIRED, (greeting(b"IMAP4"),), b"", Outcome.NEGOTIATION),
    (Tls.REQUIRED, (b"* OK hi\r\n", b"p1 NO\r\n"), b"p1 CAPABILITY\r\n", Outcome.NEGOTIATION),
]


@pytest.mark.parametrize(("tls", "said", "told", "outcome"), NO_STARTTLS)
def test_no_starttls(tls: Tls, said: tuple[bytes, ...], told: bytes, outcome: Outcome | None) -> None:
    heard, result = talk(new_back(tls=tls), *said)

    assert heard == told
    assert (result.outcome if isinstance(result, NotLoggedIn) else None) is outcome
