"""POP3 towards the client: octets in, octets out."""

import pytest

from perdition.protocol.pop3._tables import TABLE, State
from perdition.session import Tls
from perdition.session.effects import Close, Lookup, StartTls
from tests.session.helpers import (
    EOF,
    LATE,
    PLAIN,
    POP3,
    READ_CLIENT,
    STOP,
    TLS,
    WOKE,
    WORDS,
    Said,
    new_session,
    play,
    to_log_in,
)

GREETING = b"+OK POP3 perdition ready on mail.example cafe0123\r\n"
SECURED: tuple[Said, ...] = (b"STLS\r\n", TLS)

COMMANDS = [
    (b"CAPA\r\n", b"+OK Capability list follows\r\nUIDL\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n"),
    (b"capa\r\n", b"+OK Capability list follows\r\nUIDL\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n"),
    (b"CAPA x\r\n", b"-ERR too many arguments\r\n"),
    (b"USER joe\r\n", b"+OK USER set\r\n"),
    (b"USER joe\r\nUSER jim\r\n", b"+OK USER set\r\n+OK USER set\r\n"),
    (b"USER\r\n", b"-ERR an argument is missing\r\n"),
    (b"USER a b\r\n", b"-ERR too many arguments\r\n"),
    (b"PASS hunter2\r\n", b"-ERR expected USER before PASS\r\n"),
    (b"USER joe\r\nPASS\r\n", b"+OK USER set\r\n-ERR a password is missing\r\n"),
    (b"QUIT x\r\n", b"-ERR too many arguments\r\n"),
    (b"STLS\r\n", b"-ERR TLS is not offered here\r\n"),
    (b"AUTH\r\n", b"-ERR an argument is missing\r\n"),
    (b"AUTH PLAIN hunter2!\r\n", b"-ERR expected base64\r\n"),
    (b"AUTH PLAIN\r\n", b"+ \r\n"),
    (b"AUTH LOGIN am9l\r\n", b"+ UGFzc3dvcmQ6\r\n"),
    (b"AUTH PLAIN\r\n*\r\n", b"+ \r\n-ERR AUTH was cancelled\r\n"),
    (b"AUTH PLAIN\r\nam9l\r\n", b"+ \r\n-ERR PLAIN: expected authzid NUL authcid NUL password\r\n"),
    (b"AUTH CRAM-MD5\r\n", b"-ERR unknown SASL mechanism\r\n"),
    (b"APOP joe 0123\r\n", b"-ERR unknown command\r\n"),
    (b"STAT\r\n", b"-ERR not now\r\n"),
    (b"XX\r\n", b"-ERR expected a command of three to eight letters\r\n"),
    (b"\r\n", b"-ERR expected a command of three to eight letters\r\n"),
]


@pytest.mark.parametrize(("said", "told"), COMMANDS, ids=[repr(said) for said, _ in COMMANDS])
def test_commands(said: bytes, told: bytes) -> None:
    played = play(new_session(POP3)).then(said)

    assert played.to_client == told
    assert played.last == READ_CLIENT


ENDS: list[tuple[Said, bytes]] = [
    (EOF, b""),
    (LATE, b""),  # RFC 1939 3: without a word
    (STOP, b"-ERR closing: this server is going down\r\n"),
    (b"\n", b"-ERR closing: syntax\r\n"),
]


@pytest.mark.requirement("rfc1939-3-17")
@pytest.mark.parametrize(("answer", "told"), ENDS)
def test_ends(answer: Said, told: bytes) -> None:
    played = play(new_session(POP3)).then(answer)

    assert played.to_client == told
    assert played.last == Close()


def test_auth() -> None:
    played = play(new_session(POP3)).then(b"AUTH PLAIN %s\r\n" % PLAIN)

    assert played.last == Lookup(b"joe")


def test_these_are_all_commands_before_the_log_in() -> None:
    """What the table allows must have an answer here: `handle` takes the rest for QUIT."""
    verbs = set(TABLE[State.AUTHORIZATION]) | set(TABLE[State.USER_GIVEN])

    assert verbs == {"USER", "PASS", "AUTH", "STLS", "CAPA", "QUIT"}


@pytest.mark.requirement("rfc1939-4-8")
def test_greeting_and_good_bye() -> None:
    played = play(new_session(POP3), b"QUIT\r\n")

    assert played.to_client == GREETING + b"+OK QUIT\r\n"
    assert played.last == Close()


# What CAPA lists, with SASL and USER in the option: only what is true now (RFC 2449 5, RFC 2595 4).
CAPA: list[tuple[Tls, tuple[Said, ...], bytes]] = [
    (Tls.NONE, (), b"UIDL USER SASL"),
    (Tls.IMPLICIT, (TLS,), b"UIDL USER SASL"),
    (Tls.OFFERED, (), b"UIDL USER SASL STLS"),
    (Tls.OFFERED, SECURED, b"UIDL USER SASL"),
    (Tls.OFFERED, (b"USER joe\r\n",), b"UIDL USER SASL STLS"),
    (Tls.REQUIRED, (), b"UIDL STLS"),
    (Tls.REQUIRED, SECURED, b"UIDL USER SASL"),
]


@pytest.mark.requirement("rfc2595-4-2")
@pytest.mark.requirement("rfc2595-6-1")
@pytest.mark.requirement("rfc5034-4-25")
@pytest.mark.requirement("rfc2449-6.2-1")
@pytest.mark.parametrize(("tls", "before", "words"), CAPA)
def test_capabilities(tls: Tls, before: tuple[Said, ...], words: bytes) -> None:
    played = play(new_session(POP3, client_tls=tls), *before).then(b"CAPA\r\n")
    listed = played.to_client.split(b"\r\n")[1:-2]

    assert [line.split()[0] for line in listed] == words.split()


@pytest.mark.parametrize("tls", list(Tls))
def test_stls_in_the_option_is_listed_when_true(tls: Tls) -> None:
    """Reference 1.7: the word is listed when it is true, where the administrator put it."""
    session = new_session(POP3, client_tls=tls, capabilities=(b"STLS", b"UIDL"), added_capabilities=(b"SASL PLAIN",))
    played = play(session, *([TLS] if tls is Tls.IMPLICIT else [])).then(b"CAPA\r\n")
    listed = played.to_client.split(b"\r\n")[1:-2]

    assert (
        listed
        == {
            Tls.NONE: [b"UIDL", b"SASL PLAIN"],
            Tls.IMPLICIT: [b"UIDL", b"SASL PLAIN"],
            Tls.OFFERED: [b"STLS", b"UIDL", b"SASL PLAIN"],
            Tls.REQUIRED: [b"STLS", b"UIDL"],
        }[tls]
    )


def test_stls() -> None:
    played = play(new_session(POP3, client_tls=Tls.OFFERED), b"USER joe\r\n").then(b"STLS\r\n")

    assert played.to_client == b"+OK Begin TLS negotiation\r\n"
    assert isinstance(played.last, StartTls)

    # The name that was given in clear is forgotten (RFC 2595 4), and nothing is said unasked.
    secured = played.then(TLS)

    assert secured.to_client == b""
    assert secured.then(b"PASS hunter2\r\n").to_client == b"-ERR expected USER before PASS\r\n"
    assert secured.then(b"STLS\r\n").to_client == b"-ERR TLS is active already\r\n"


@pytest.mark.requirement("rfc2595-4-5")
def test_no_stls_under_implicit_tls() -> None:
    played = play(new_session(POP3, client_tls=Tls.IMPLICIT), TLS).then(b"STLS\r\n")

    assert played.to_client == b"-ERR TLS is active already\r\n"


@pytest.mark.requirement("rfc2595-2.2-1")
@pytest.mark.requirement("rfc2595-2.3-1")
def test_user_in_clear_where_tls_is_demanded() -> None:
    played = play(new_session(POP3, client_tls=Tls.REQUIRED)).then(b"USER joe\r\nPASS hunter2\r\n")

    assert played.to_client == b"-ERR use STLS before you log in\r\n-ERR expected USER before PASS\r\n"
    assert played.last == READ_CLIENT


# --- the answer to the log-in: server_resp_line, what the real server said last, what the client is told

ANSWERS = [
    (False, b"+OK 3 messages\r\n", b"+OK You are so in\r\n"),
    (False, b"+OK [X] 3 messages\r\n", b"+OK You are so in\r\n"),
    (True, b"+OK 3 messages\r\n", b"+OK 3 messages\r\n"),
    (True, b"+ok [X/Y z]  3\r\n", b"+OK [X/Y z]  3\r\n"),
    (True, b"+OK\r\n", b"+OK\r\n"),
    (False, b"-ERR\r\n", b"-ERR failed: Re-Authentication Failure\r\n"),
    (False, b"-ERR [AUTH] no\r\n", b"-ERR [AUTH] failed: Re-Authentication Failure\r\n"),
    (False, b"-ERR [IN-USE] no\r\n", b"-ERR [IN-USE] failed: Re-Authentication Failure\r\n"),
    (False, b"-ERR [LOGIN-DELAY] no\r\n", b"-ERR [LOGIN-DELAY] failed: Re-Authentication Failure\r\n"),
    (False, b"-ERR [SYS/TEMP] no\r\n", b"-ERR [SYS/TEMP] failed: Re-Authentication Failure\r\n"),
    (False, b"-ERR [sys/perm] no\r\n", b"-ERR [sys/perm] failed: Re-Authentication Failure\r\n"),
    (False, b"-ERR [SYS/TEMP/DISK] no\r\n", b"-ERR [SYS/TEMP/DISK] failed: Re-Authentication Failure\r\n"),
    (False, b"-ERR [Auth/Expired] no\r\n", b"-ERR [Auth/Expired] failed: Re-Authentication Failure\r\n"),
    (False, b"-ERR [AUTHOR] no\r\n", b"-ERR failed: Re-Authentication Failure\r\n"),
    (False, b"-ERR [X-SECRET path] no\r\n", b"-ERR failed: Re-Authentication Failure\r\n"),
    (True, b"-ERR [X-SECRET path] no\r\n", b"-ERR [X-SECRET path] no\r\n"),
    (True, b"-ERR go  away\r\n", b"-ERR go  away\r\n"),
    (True, b"-ERR [no code\r\n", b"-ERR no code\r\n"),
    (True, b"+OK " + b"x" * 600 + b"\r\n", b"+OK " + b"x" * 506 + b"\r\n"),
]


@pytest.mark.requirement("rfc2449-8-1")
@pytest.mark.requirement("rfc2449-8-2")
@pytest.mark.requirement("rfc3206-4-3")
@pytest.mark.requirement("rfc1939-4-5")
@pytest.mark.parametrize(("server_resp_line", "answer", "told"), ANSWERS)
def test_the_answer_to_the_log_in(server_resp_line: bool, answer: bytes, told: bytes) -> None:
    played = play(new_session(POP3, server_resp_line=server_resp_line), *to_log_in(POP3)).then(answer)
    done = played if answer.upper().startswith(b"+OK") else played.then(WOKE)

    assert done.to_client == told


@pytest.mark.parametrize("server_resp_line", [False, True])
def test_a_refused_user_is_a_refused_log_in(server_resp_line: bool) -> None:
    """With server_resp_line the C program then says nothing at all."""
    session = new_session(POP3, server_resp_line=server_resp_line)
    refused = play(session, *to_log_in(POP3)[:-1]).then(b"-ERR no such user\r\n")

    assert refused.to_server == b"QUIT\r\n"

    told = refused.then(WOKE).to_client

    assert told == (b"-ERR no such user\r\n" if server_resp_line else WORDS[POP3].refusal)


def test_ok_text() -> None:
    played = play(new_session(POP3, ok_text=b"welcome"), *to_log_in(POP3)).then(WORDS[POP3].good)

    assert played.to_client == b"+OK welcome\r\n"


def test_a_password_is_all_behind_the_blank() -> None:
    session = new_session(POP3)
    played = play(session, b"USER joe\r\nPASS  a b \r\n", *to_log_in(POP3)[1:])

    assert played.to_server == b"USER joe\r\nPASS  a b \r\n"
