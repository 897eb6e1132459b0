"""ManageSieve towards the real server: octets in, octets out."""

import pytest

from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session.back import AgreedOnTls, LoggedIn, NotLoggedIn
from perdition.session.backs.managesieve import ManageSieveBack
from perdition.session.outcomes import Outcome, RealAnswer
from perdition.session.policy import Tls
from tests.session.helpers import MANAGESIEVE, b64, policy, talk

JOE = Credentials(b"joe", Secret(b"hunter2"))
JIM = Credentials(b"joe", Secret(b"hunter2"), b"jim")
AS_JOE, AS_JIM = b64(b"\0joe\0hunter2"), b64(b"jim\0joe\0hunter2")


def new_back(credentials: Credentials = JOE, tls: Tls = Tls.NONE) -> ManageSieveBack:
    """Give a back that has just been connected."""
    return ManageSieveBack(policy(MANAGESIEVE, server_tls=tls), credentials)


def greeting(mechanisms: bytes, more: bytes = b"") -> bytes:
    """Give a greeting that lists SASL mechanisms."""
    return b'"SASL" "' + mechanisms + b'"\r\n' + more + b"OK\r\n"


LOG_INS = [  # credentials, what the real server says, what it is told
    (JOE, (greeting(b"PLAIN"),), b'AUTHENTICATE "PLAIN" "%s"\r\n' % AS_JOE),
    (JOE, (b'"sasl" {5}\r\nplain\r\nOK {2}\r\nhi\r\n',), b'AUTHENTICATE "PLAIN" "%s"\r\n' % AS_JOE),
    (JIM, (greeting(b"LOGIN PLAIN"),), b'AUTHENTICATE "PLAIN" "%s"\r\n' % AS_JIM),
    (
        JOE,
        (greeting(b"LOGIN"), b'"VXNlcm5hbWU6"\r\n', b'"UGFzc3dvcmQ6"\r\n'),
        b'AUTHENTICATE "LOGIN"\r\n"%s"\r\n"%s"\r\n' % (b64(b"joe"), b64(b"hunter2")),
    ),
]


@pytest.mark.requirement("rfc5804-2.1-14")
@pytest.mark.requirement("rfc5804-4-7")
@pytest.mark.requirement("rfc4422-5-2")
@pytest.mark.parametrize(("credentials", "said", "told"), LOG_INS)
def test_log_in(credentials: Credentials, said: tuple[bytes, ...], told: bytes) -> None:
    back = new_back(credentials)

    assert talk(back, *said) == (told, None)
    assert back.logging_in
    assert talk(back, b'OK (X) "in"\r\nmore')[1] == LoggedIn(RealAnswer(b"in", b"X"))
    assert back.take_trailing_data() == b"more"


@pytest.mark.requirement("rfc5804-2.1-3")
@pytest.mark.requirement("rfc4422-3.4-2")
def test_a_challenge_too_many_is_cancelled() -> None:
    back = new_back()
    told, _ = talk(back, greeting(b"PLAIN"), b'""\r\n')

    assert told.endswith(b'"*"\r\n')
    assert talk(back, b'NO "no"\r\n')[1] == NotLoggedIn(Outcome.REFUSED, answer=RealAnswer(b"no", None))


CANNOT = [(JOE, b""), (JOE, b"GSSAPI SCRAM-SHA-1"), (JIM, b"LOGIN")]


@pytest.mark.parametrize(("credentials", "mechanisms"), CANNOT)
def test_no_way_to_log_in(credentials: Credentials, mechanisms: bytes) -> None:
    told, result = talk(new_back(credentials), greeting(mechanisms))

    assert told == b""
    assert isinstance(result, NotLoggedIn)
    assert result.outcome is Outcome.NO_MECHANISM
    assert result.why


def test_no_list_of_mechanisms_is_an_empty_one() -> None:
    result = talk(new_back(), b"OK\r\n")[1]

    assert isinstance(result, NotLoggedIn)
    assert result.outcome is Outcome.NO_MECHANISM


def test_an_empty_name_is_a_wrong_one() -> None:
    """It is the client's fault and no server's; it was called unavailable."""
    result = talk(new_back(Credentials(b"", Secret(b"hunter2"))), greeting(b"PLAIN"))

    assert result == (b"", NotLoggedIn(Outcome.REFUSED))


@pytest.mark.requirement("rfc5804-2.2-7")
@pytest.mark.requirement("rfc5804-2.2-8")
def test_behind_the_handshake_the_real_server_speaks_first() -> None:
    back = new_back(tls=Tls.REQUIRED)

    assert talk(back, greeting(b"", b'"STARTTLS"\r\n')) == (b"STARTTLS\r\n", None)
    assert talk(back, b"OK\r\n") == (b"", AgreedOnTls())
    assert back.go_on_under_tls() is None
    assert back.take_output() == b""
    assert talk(back, greeting(b"PLAIN")) == (b'AUTHENTICATE "PLAIN" "%s"\r\n' % AS_JOE, None)


BYES = [
    ((b'BYE "no"\r\n',), Outcome.NEGOTIATION, False),
    ((greeting(b"", b'"STARTTLS"\r\n'), b'BYE "no"\r\n'), Outcome.NEGOTIATION, False),
    ((greeting(b"", b'"STARTTLS"\r\n'), b'NO "no"\r\n'), Outcome.NEGOTIATION, False),
    ((greeting(b"PLAIN"), b'BYE "no"\r\n'), Outcome.NEGOTIATION, True),
]


@pytest.mark.requirement("rfc5804-1.2-9")
@pytest.mark.parametrize(("said", "outcome", "answered"), BYES)
def test_bye_is_the_end(said: tuple[bytes, ...], outcome: Outcome, answered: bool) -> None:
    back = new_back(tls=Tls.OFFERED)
    result = talk(back, *said)[1]

    assert isinstance(result, NotLoggedIn)
    assert result.outcome is outcome
    assert (result.answer is not None) is answered
    assert back.say_good_bye() == (b"LOGOUT\r\n" if said[-1].startswith(b"NO") else b"")


def test_bye_in_the_place_of_an_answer_to_the_log_in() -> None:
    result = talk(new_back(), greeting(b"PLAIN"), b'BYE "no"\r\n')[1]

    why = "expected OK or NO to the log-in, the real server says BYE"
    assert result == NotLoggedIn(Outcome.NEGOTIATION, why, RealAnswer(b"no", None))


GREETINGS = [
    (b'NO "busy"\r\n', NotLoggedIn(Outcome.NEGOTIATION, "expected OK as the greeting, not NO")),
    (b'OK "hi cafe0123"\r\n', NotLoggedIn(Outcome.NEGOTIATION, "the real server is this perdition: a loop")),
    (b'"SASL" "PLAIN"\r\nOK "hi 0badcafe"\r\n', None),
]


@pytest.mark.parametrize(("hello", "result"), GREETINGS)
def test_greetings(hello: bytes, result: NotLoggedIn | None) -> None:
    assert talk(new_back(), hello)[1] == result


GOOD_BYES: list[tuple[tuple[bytes, ...], bytes]] = [
    ((), b""),  # before the greeting nothing can be said
    ((b'NO "no"\r\n',), b""),
    ((greeting(b"GSSAPI"),), b"LOGOUT\r\n"),
    ((greeting(b"PLAIN"),), b""),  # AUTHENTICATE waits for its answer
    ((greeting(b"PLAIN"), b"NO\r\n"), b"LOGOUT\r\n"),
]


@pytest.mark.parametrize(("said", "good_bye"), GOOD_BYES)
def test_good_bye(said: tuple[bytes, ...], good_bye: bytes) -> None:
    back = new_back()
    talk(back, *said)

    assert back.say_good_bye() == good_bye
