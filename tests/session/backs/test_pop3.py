"""POP3 towards the real server: octets in, octets out."""

import pytest

from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session.back import AgreedOnTls, LoggedIn, NotLoggedIn
from perdition.session.backs.pop3 import Pop3Back
from perdition.session.outcomes import Outcome, RealAnswer
from perdition.session.policy import Tls
from tests.session.helpers import POP3, b64, policy, talk

JOE = Credentials(b"joe", Secret(b"hunter2"))


def new_back(credentials: Credentials = JOE, tls: Tls = Tls.NONE) -> Pop3Back:
    """Give a back that has just been connected."""
    return Pop3Back(policy(POP3, server_tls=tls), credentials)


JIM = Credentials(b"joe", Secret(b"hunter2"), b"jim")
UMLAUT = Credentials("jürgen".encode(), Secret(b"hunter2"))
LONG = Credentials(b"joe", Secret(b"hunter2" * 40), b"jim")
AS_JIM, AS_JUERGEN = b64(b"jim\0joe\0hunter2"), b64(b"\0" + UMLAUT.authcid + b"\0hunter2")
CAPA_PLAIN = b"+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n"
OK = b"+OK\r\n"

LOG_INS = [  # credentials, what the real server says, what it is told
    (JOE, (OK, OK), b"USER joe\r\nPASS hunter2\r\n"),
    (JIM, (OK, CAPA_PLAIN), b"CAPA\r\nAUTH PLAIN " + AS_JIM + b"\r\n"),
    (UMLAUT, (OK, CAPA_PLAIN), b"CAPA\r\nAUTH PLAIN " + AS_JUERGEN + b"\r\n"),
    (UMLAUT, (OK, b"-ERR\r\n", OK), b"CAPA\r\nUSER " + UMLAUT.authcid + b"\r\nPASS hunter2\r\n"),
    # An initial response that passes the shortest line of RFC 2449 4 waits for its challenge.
    (LONG, (OK, CAPA_PLAIN, b"+ \r\n"), b"CAPA\r\nAUTH PLAIN\r\n" + b64(b"jim\0joe\0" + b"hunter2" * 40) + b"\r\n"),
]


@pytest.mark.requirement("rfc5034-4-8")
@pytest.mark.requirement("rfc2449-5-5")
@pytest.mark.parametrize(("credentials", "said", "told"), LOG_INS)
def test_log_in(credentials: Credentials, said: tuple[bytes, ...], told: bytes) -> None:
    back = new_back(credentials)

    assert talk(back, *said) == (told, None)
    assert back.logging_in
    assert talk(back, b"+OK [X] in\r\nmore")[1] == LoggedIn(RealAnswer(b"in", b"X"))
    assert back.take_trailing_data() == b"more"


def test_a_challenge_too_many_is_cancelled() -> None:
    back = new_back(JIM)

    assert talk(back, OK, CAPA_PLAIN, b"+ \r\n")[0].endswith(b"\r\n*\r\n")
    assert talk(back, b"-ERR no\r\n")[1] == NotLoggedIn(Outcome.REFUSED, answer=RealAnswer(b"no", None))


@pytest.mark.requirement("rfc5034-4-12")
def test_a_challenge_that_is_no_base64_is_cancelled() -> None:
    back = new_back(LONG)

    assert talk(back, OK, CAPA_PLAIN, b"+ go on\r\n") == (b"CAPA\r\nAUTH PLAIN\r\n*\r\n", None)
    assert talk(back, b"-ERR no\r\n")[1] == NotLoggedIn(Outcome.REFUSED, answer=RealAnswer(b"no", None))


CANNOT = [
    (JIM, b"+OK\r\nUSER\r\n.\r\n", Outcome.NO_MECHANISM),
    (JIM, b"-ERR\r\n", Outcome.NO_MECHANISM),
]


@pytest.mark.requirement("rfc5034-3-2")
@pytest.mark.parametrize(("credentials", "capabilities", "outcome"), CANNOT)
def test_no_way_to_log_in(credentials: Credentials, capabilities: bytes, outcome: Outcome) -> None:
    told, result = talk(new_back(credentials), OK, capabilities)

    assert told == b"CAPA\r\n"
    assert isinstance(result, NotLoggedIn)
    assert result.outcome is outcome
    assert result.why


def test_an_empty_name_is_a_wrong_one() -> None:
    """It is the client's fault and no server's; it was called unavailable."""
    told, result = talk(new_back(Credentials(b"", Secret(b"hunter2"))), OK)

    assert told == b""
    assert isinstance(result, NotLoggedIn)
    assert result.outcome is Outcome.REFUSED


@pytest.mark.parametrize("status", [b"+OK", b"-ERR"])
def test_an_answer_to_nothing(status: bytes) -> None:
    """The last command has one answer; what follows a refusal is a break of the protocol."""
    back = new_back(JIM)
    told, result = talk(back, OK, CAPA_PLAIN, b"-ERR no\r\n", status + b"\r\n")

    assert isinstance(result, NotLoggedIn)
    assert result.outcome is Outcome.NEGOTIATION
    assert back.say_good_bye() == b""
    assert told.startswith(b"CAPA\r\n")


GREETINGS = [
    (b"-ERR busy\r\n", NotLoggedIn(Outcome.NEGOTIATION, "expected +OK as the greeting")),
    (b"+OK hi cafe0123\r\n", NotLoggedIn(Outcome.NEGOTIATION, "the real server is this perdition: a loop")),
    (b"+OK hi 0badcafe\r\n", None),
    (b"+OK hi-cafe0123\r\n", None),  # it ends a word of somebody else's
]


@pytest.mark.parametrize(("greeting", "result"), GREETINGS)
def test_greetings(greeting: bytes, result: NotLoggedIn | None) -> None:
    assert talk(new_back(), greeting)[1] == result


NO_STLS = [
    (Tls.OFFERED, (b"+OK\r\nUSER\r\n.\r\n",), b"CAPA\r\nUSER joe\r\n", None),
    (Tls.OFFERED, (b"-ERR\r\n",), b"CAPA\r\nUSER joe\r\n", None),
    (Tls.OFFERED, (b"+OK\r\nSTLS\r\n.\r\n", b"-ERR\r\n"), b"CAPA\r\nSTLS\r\n", Outcome.TLS_NOT_PRESENT),
    (Tls.REQUIRED, (b"+OK\r\nUSER\r\n.\r\n",), b"CAPA\r\n", Outcome.TLS_NOT_PRESENT),
]


@pytest.mark.requirement("rfc2595-9-1")
@pytest.mark.requirement("rfc2595-2.5-1")
@pytest.mark.parametrize(("tls", "said", "told", "outcome"), NO_STLS)
def test_no_stls(tls: Tls, said: tuple[bytes, ...], told: bytes, outcome: Outcome | None) -> None:
    heard, result = talk(new_back(tls=tls), OK, *said)

    assert heard == told
    assert (result.outcome if isinstance(result, NotLoggedIn) else None) is outcome


def test_stls() -> None:
    back = new_back(tls=Tls.REQUIRED)

    assert talk(back, OK, b"+OK\r\nSTLS\r\n.\r\n", OK)[1] == AgreedOnTls()
    assert back.go_on_under_tls() is None
    assert back.take_output() == b"USER joe\r\n"


GOOD_BYES: list[tuple[tuple[bytes, ...], bytes]] = [
    ((), b""),  # before the greeting nothing can be said
    ((OK,), b"QUIT\r\n"),
    ((OK, OK), b""),  # PASS waits for its answer
    ((OK, OK, b"-ERR\r\n"), b"QUIT\r\n"),
    ((b"-ERR\r\n",), b""),
]


@pytest.mark.requirement("rfc1939-6-2")
@pytest.mark.parametrize(("said", "good_bye"), GOOD_BYES)
def test_good_bye(said: tuple[bytes, ...], good_bye: bytes) -> None:
    back = new_back()
    talk(back, *said)

    assert back.say_good_bye() == good_bye
