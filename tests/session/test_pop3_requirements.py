"""What the RFCs demand of a POP3 server and client, where a whole session shows it."""

import pytest

from perdition.maps.outcome import Unavailable
from perdition.session import Proto, Tls
from perdition.session.capabilities import ADDED
from perdition.session.effects import Connect, Lookup, Send, Side
from tests.session.helpers import (
    ABSENT,
    LATE,
    POP3,
    READ_CLIENT,
    TLS,
    UP,
    WOKE,
    WORDS,
    b64,
    new_session,
    play,
    to_log_in,
)

RIGHT, WRONG = b64(b"\0joe\0hunter2"), b64(b"\0joe\0hunter3")


@pytest.mark.requirement("rfc1939-3-16")
@pytest.mark.requirement("rfc1939-6-2")
def test_a_timer_that_ends_a_log_in_does_not_say_quit() -> None:
    """The real server may have let the user in meanwhile, and would take QUIT for his wish to remove messages."""
    late = play(new_session(POP3), *to_log_in(POP3)).then(LATE)

    assert late.to_server == b""
    assert late.hangs_up


@pytest.mark.requirement("rfc1939-6-2")
def test_nothing_of_ours_follows_a_log_in() -> None:
    relay = play(new_session(POP3), *to_log_in(POP3), WORDS[POP3].good).relay

    assert (relay.to_server, relay.to_client, relay.idle_farewell) == (b"", b"", b"")


@pytest.mark.requirement("rfc2449-8.1.1-2")
@pytest.mark.requirement("rfc3206-5-2")
@pytest.mark.requirement("rfc3206-5-4")
@pytest.mark.parametrize("code", [b"AUTH", b"LOGIN-DELAY"])
def test_no_answer_to_user_tells_whether_there_is_such_a_user(code: bytes) -> None:
    """The real server's answer to its USER is our answer to PASS."""
    user = play(new_session(POP3)).then(b"USER joe\r\n")

    assert user.to_client == b"+OK USER set\r\n"
    assert user.last == READ_CLIENT

    answer = b"-ERR [%b] we do not know you\r\n" % code
    told = user.then(b"PASS hunter2\r\n", ABSENT, UP, b"+OK\r\n", answer, WOKE)

    assert told.to_client == b"-ERR [%b] failed: Re-Authentication Failure\r\n" % code
    assert told.then(b"CAPA\r\n").to_client.startswith(b"+OK ")


@pytest.mark.requirement("rfc2449-8-3")
@pytest.mark.requirement("rfc2449-6.4-1")
@pytest.mark.requirement("rfc5034-3-1")
def test_what_we_do_by_ourselves_is_listed() -> None:
    """An administrator who writes the list himself must think of it."""
    session = new_session(POP3, capabilities=(b"UIDL", b"USER"), added_capabilities=ADDED[Proto.POP3])
    listed = play(session).then(b"CAPA\r\n").to_client.split(b"\r\n")

    assert {b"RESP-CODES", b"SASL PLAIN LOGIN"} <= set(listed)


@pytest.mark.requirement("rfc3206-4-1")
@pytest.mark.requirement("rfc3206-5-1")
def test_a_trouble_of_the_system_is_no_matter_of_credentials() -> None:
    played = play(new_session(POP3), WORDS[POP3].log_in).then(Unavailable("database down"), WOKE)

    assert played.to_client.startswith(b"-ERR [SYS/TEMP] ")


@pytest.mark.requirement("rfc3206-4-2")
def test_a_trouble_that_stays_is_told_apart() -> None:
    played = play(new_session(POP3, outgoing_servers=()), WORDS[POP3].log_in).then(ABSENT, WOKE)

    assert played.to_client.startswith(b"-ERR [SYS/PERM] ")


@pytest.mark.requirement("rfc8314-4.1-1")
@pytest.mark.requirement("rfc8314-4.1-2")
@pytest.mark.requirement("rfc5034-4-25")
@pytest.mark.requirement("rfc2595-2.3-1")
def test_a_refusal_in_clear_does_not_tell_whether_the_password_was_right() -> None:
    """Nobody is asked, so nobody can tell."""
    plays = [
        play(new_session(POP3, client_tls=Tls.REQUIRED)).then(b"AUTH PLAIN %b\r\n" % message, WOKE)
        for message in (RIGHT, WRONG)
    ]

    assert plays[0].effects == plays[1].effects
    assert plays[0].to_client == b"-ERR failed: Login Disabled\r\n"
    assert not any(isinstance(effect, Lookup | Connect) for effect in plays[0].effects)


@pytest.mark.requirement("rfc8314-3.1-1")
@pytest.mark.requirement("rfc8314-3.1-3")
@pytest.mark.requirement("rfc8314-4-6")
def test_implicit_tls_logs_nobody_in() -> None:
    started = play(new_session(POP3, client_tls=Tls.IMPLICIT))

    assert started.to_client == b""

    greeted = started.then(TLS)

    assert greeted.to_client.startswith(b"+OK ")
    assert greeted.then(b"STAT\r\n").to_client == b"-ERR not now\r\n"


@pytest.mark.requirement("rfc2595-4-6")
def test_stls_logs_nobody_in() -> None:
    secured = play(new_session(POP3, client_tls=Tls.OFFERED), b"STLS\r\n", TLS)

    assert secured.then(b"STAT\r\n").to_client == b"-ERR not now\r\n"


@pytest.mark.requirement("rfc8314-5.2-2")
@pytest.mark.requirement("rfc8314-5.1-1")
@pytest.mark.requirement("rfc8314-5-3")
@pytest.mark.requirement("rfc2595-9-1")
@pytest.mark.requirement("rfc2595-2.2-1")
@pytest.mark.parametrize("listed", [b"+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n", b"-ERR\r\n"])
def test_a_real_server_without_tls_hears_nothing_of_the_user(listed: bytes) -> None:
    played = play(new_session(POP3, server_tls=Tls.REQUIRED), WORDS[POP3].log_in, ABSENT, UP).then(b"+OK\r\n", listed)
    said = [effect.data for effect in played.effects if isinstance(effect, Send) and effect.side is Side.SERVER]

    assert said == [b"CAPA\r\n", b"QUIT\r\n"]
