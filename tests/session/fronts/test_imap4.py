"""IMAP4 towards the client: octets in, octets out."""

import pytest

from perdition.protocol.imap4._tables import TABLE, State
from perdition.protocol.limits import Limits
from perdition.session import Tls
from perdition.session.effects import Close, Lookup, StartTls
from tests.session.helpers import (
    ABSENT,
    EOF,
    IMAP4,
    LATE,
    PLAIN,
    READ_CLIENT,
    STOP,
    TLS,
    UP,
    WOKE,
    WORDS,
    Said,
    new_session,
    play,
    to_log_in,
)

SECURED: tuple[Said, ...] = (b"s STARTTLS\r\n", TLS)

COMMANDS = [
    (b"a CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK CAPABILITY\r\n"),
    (b"a capability\r\n", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK CAPABILITY\r\n"),
    (b"a NOOP\r\n", b"a OK NOOP\r\n"),
    (b"a+ NOOP\r\n", b"a+ OK NOOP\r\n"),
    (b"a NOOP x\r\n", b"a BAD too many arguments\r\n"),
    (b'a ID ("name" "mutt")\r\n', b'* ID ("name" "perdition")\r\na OK ID\r\n'),
    (b"a ID NIL\r\n", b'* ID ("name" "perdition")\r\na OK ID\r\n'),
    (b"a STARTTLS\r\n", b"a BAD STARTTLS is not offered here\r\n"),
    (b"a LOGIN joe\r\n", b"a BAD an argument is missing\r\n"),
    (b"a LOGIN joe hunter2 x\r\n", b"a BAD too many arguments\r\n"),
    (b"a AUTHENTICATE\r\n", b"a BAD an argument is missing\r\n"),
    (b"a AUTHENTICATE PLAIN hunter2!\r\n", b"a BAD expected base64\r\n"),
    (b"a AUTHENTICATE PLAIN\r\n", b"+ \r\n"),
    (b"a AUTHENTICATE LOGIN am9l\r\n", b"+ UGFzc3dvcmQ6\r\n"),
    (b"a AUTHENTICATE PLAIN\r\n*\r\n", b"+ \r\na BAD AUTHENTICATE was cancelled\r\n"),
    (b"a AUTHENTICATE PLAIN\r\nam9l\r\n", b"+ \r\na NO PLAIN: expected authzid NUL authcid NUL password\r\n"),
    (b"a AUTHENTICATE CRAM-MD5\r\n", b"a NO unknown SASL mechanism\r\n"),
    (b"a SELECT INBOX\r\n", b"a BAD not now\r\n"),
    (b"a SELECT {5}\r\n", b"a BAD not now\r\n"),
    (b"a FROB\r\n", b"a BAD unknown command\r\n"),
    (b"a\r\n", b"a BAD expected a command behind the tag\r\n"),
    (b"\r\n", b"* BAD expected a tag\r\n"),
    (b"(a NOOP\r\n", b"* BAD expected a tag\r\n"),
    (b"a NOOP {1}\r\n", b"a BAD expected a shorter literal, or none\r\n"),
]


@pytest.mark.parametrize(("said", "told"), COMMANDS, ids=[repr(said) for said, _ in COMMANDS])
def test_commands(said: bytes, told: bytes) -> None:
    played = play(new_session(IMAP4)).then(said)

    assert played.to_client == told
    assert played.last == READ_CLIENT


ENDS: list[tuple[Said, bytes]] = [
    (EOF, b""),
    (LATE, b"* BYE closing: silent for too long\r\n"),
    (STOP, b"* BYE closing: this server is going down\r\n"),
    (b"\n", b"* BYE closing: syntax\r\n"),
]


@pytest.mark.requirement("rfc3501-3.4-3")
@pytest.mark.requirement("rfc9051-3.4-3")
@pytest.mark.parametrize(("answer", "told"), ENDS)
def test_ends(answer: Said, told: bytes) -> None:
    played = play(new_session(IMAP4)).then(answer)

    assert played.to_client == told
    assert played.last == Close()


def test_authenticate() -> None:
    played = play(new_session(IMAP4)).then(b"a AUTHENTICATE PLAIN %s\r\n" % PLAIN)

    assert played.last == Lookup(b"joe")


@pytest.mark.requirement("rfc5161-3.1-1")
@pytest.mark.requirement("rfc6855-3-1")
@pytest.mark.requirement("rfc9051-6.3.1-1")
@pytest.mark.requirement("rfc3501-6.5.1-1")
@pytest.mark.requirement("rfc3501-6.5.1-2")
@pytest.mark.requirement("rfc9051-6.5-1")
@pytest.mark.requirement("rfc9051-6.5-2")
def test_these_are_all_commands_before_the_log_in() -> None:
    """What the table allows must have an answer here: `handle` says OK to the rest."""
    assert set(TABLE[State.NOT_AUTHENTICATED]) == {
        "CAPABILITY",
        "NOOP",
        "LOGOUT",
        "ID",
        "STARTTLS",
        "LOGIN",
        "AUTHENTICATE",
    }


@pytest.mark.requirement("rfc9051-7.1.4-1")
@pytest.mark.requirement("rfc3501-3.4-1")
@pytest.mark.requirement("rfc9051-3.4-1")
def test_greeting_and_good_bye() -> None:
    played = play(new_session(IMAP4), b"a LOGOUT\r\n")

    assert played.to_client == (
        b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] perdition ready on mail.example cafe0123\r\n"
        b"* BYE IMAP4 server logging out, mate\r\na OK LOGOUT\r\n"
    )
    assert played.last == Close()


# --- capabilities: only what is true now (RFC 9051 6.2.1, 6.2.3)

CAPABILITIES: list[tuple[Tls, bool, tuple[Said, ...], bytes]] = [
    (Tls.NONE, False, (), b"IMAP4rev1 AUTH=PLAIN"),
    (Tls.NONE, True, (), b"IMAP4rev1 LOGINDISABLED"),
    (Tls.IMPLICIT, False, (TLS,), b"IMAP4rev1 AUTH=PLAIN"),
    (Tls.IMPLICIT, True, (TLS,), b"IMAP4rev1 LOGINDISABLED"),
    (Tls.OFFERED, False, (), b"IMAP4rev1 AUTH=PLAIN STARTTLS"),
    (Tls.OFFERED, False, SECURED, b"IMAP4rev1 AUTH=PLAIN"),
    (Tls.OFFERED, True, (), b"IMAP4rev1 STARTTLS LOGINDISABLED"),
    (Tls.OFFERED, True, SECURED, b"IMAP4rev1 LOGINDISABLED"),
    (Tls.REQUIRED, False, (), b"IMAP4rev1 STARTTLS LOGINDISABLED"),
    (Tls.REQUIRED, False, SECURED, b"IMAP4rev1 AUTH=PLAIN"),
    (Tls.REQUIRED, True, (), b"IMAP4rev1 STARTTLS LOGINDISABLED"),
    (Tls.REQUIRED, True, SECURED, b"IMAP4rev1 LOGINDISABLED"),
]


@pytest.mark.requirement("rfc2595-3.2-1")
@pytest.mark.requirement("rfc3501-6.2.2-4")
@pytest.mark.requirement("rfc3501-6.2.2-7")
@pytest.mark.requirement("rfc3501-6.2.3-2")
@pytest.mark.requirement("rfc3501-11.2-2")
@pytest.mark.requirement("rfc9051-6.1.1-3")
@pytest.mark.requirement("rfc9051-6.2.1-7")
@pytest.mark.requirement("rfc9051-6.2.2-10")
@pytest.mark.requirement("rfc9051-6.2.2-13")
@pytest.mark.requirement("rfc9051-6.2.3-3")
@pytest.mark.requirement("rfc9051-11.2-3")
@pytest.mark.requirement("rfc9051-11.2-4")
@pytest.mark.requirement("rfc9051-11.7-2")
@pytest.mark.parametrize(("tls", "login_disabled", "before", "words"), CAPABILITIES)
def test_capabilities(tls: Tls, login_disabled: bool, before: tuple[Said, ...], words: bytes) -> None:
    played = play(new_session(IMAP4, client_tls=tls, login_disabled=login_disabled), *before)
    asked = played.then(b"c CAPABILITY\r\n")

    assert asked.to_client == b"* CAPABILITY " + words + b"\r\nc OK CAPABILITY\r\n"
    if before != SECURED:
        assert b"* OK [CAPABILITY " + words + b"] perdition" in played.to_client


@pytest.mark.parametrize("tls", [Tls.NONE, Tls.OFFERED, Tls.REQUIRED])
def test_starttls_and_logindisabled_in_the_option_are_listed_when_true(tls: Tls) -> None:
    """Reference 1.7: the words are listed when they are true, STARTTLS where the administrator put it."""
    option = (b"STARTTLS", b"IMAP4rev1", b"LOGINDISABLED", b"auth=plain")
    session = new_session(IMAP4, client_tls=tls, capabilities=option, added_capabilities=(b"ID", b"IMAP4rev1"))
    listed = play(session).to_client.partition(b"]")[0].removeprefix(b"* OK [CAPABILITY ")

    assert (
        listed
        == {
            Tls.NONE: b"IMAP4rev1 auth=plain ID",
            Tls.OFFERED: b"STARTTLS IMAP4rev1 auth=plain ID",
            Tls.REQUIRED: b"STARTTLS IMAP4rev1 ID LOGINDISABLED",
        }[tls]
    )


@pytest.mark.requirement("rfc9051-6.2.1-8")
@pytest.mark.requirement("rfc9051-11.2-4")
def test_starttls() -> None:
    played = play(new_session(IMAP4, client_tls=Tls.OFFERED)).then(b"s STARTTLS\r\n")

    assert played.to_client == b"s OK Begin TLS negotiation now\r\n"
    assert isinstance(played.last, StartTls)

    secured = played.then(TLS)

    assert secured.to_client == b""
    assert secured.then(b"t STARTTLS\r\n").to_client == b"t BAD TLS is active already\r\n"


@pytest.mark.requirement("rfc2595-3.2-2")
@pytest.mark.requirement("rfc3501-6.2.3-2")
@pytest.mark.requirement("rfc3501-7.2.1-2")
@pytest.mark.requirement("rfc3501-11.2-2")
@pytest.mark.requirement("rfc5530-3-4")
@pytest.mark.requirement("rfc9051-6.2.3-3")
@pytest.mark.requirement("rfc9051-7.2.2-2")
@pytest.mark.requirement("rfc9051-11.7-2")
def test_login_in_clear_where_tls_is_demanded() -> None:
    told = play(new_session(IMAP4, client_tls=Tls.REQUIRED)).then(b"a LOGIN joe hunter2\r\n", WOKE)

    assert told.to_client == b"a NO [PRIVACYREQUIRED] failed: Login Disabled\r\n"
    assert 'server="(null):(null)"' in told.lines()[-1]


# --- LOGIN in all its forms

PROMPT = b"+ OK ready for additional input\r\n"
LOGINS: list[tuple[bytes, bytes, bytes]] = [  # said, told, what the real server gets
    (b"a LOGIN joe hunter2\r\n", b"", b'p1 LOGIN "joe" "hunter2"\r\n'),
    (b'a LOGIN "joe" "hun\\"ter\\\\2"\r\n', b"", b'p1 LOGIN "joe" "hun\\"ter\\\\2"\r\n'),
    (b'a login "j o e" ""\r\n', b"", b'p1 LOGIN "j o e" ""\r\n'),
    (b"a LOGIN {3+}\r\njoe {7+}\r\nhunter2\r\n", b"", b'p1 LOGIN "joe" "hunter2"\r\n'),
    (b"a LOGIN {3+}\r\njoe hunter2\r\n", b"", b'p1 LOGIN "joe" "hunter2"\r\n'),
    (b'a LOGIN joe "{3}"\r\n', b"", b'p1 LOGIN "joe" "{3}"\r\n'),
    (b"a LOGIN joe {4+}\r\n\r\nxy\r\n", b"", b'p1 LOGIN "joe" {4}\r\n'),
]


@pytest.mark.parametrize(("said", "told", "sent"), LOGINS)
def test_login(said: bytes, told: bytes, sent: bytes) -> None:
    asked = play(new_session(IMAP4)).then(said)

    assert asked.to_client == told
    assert isinstance(asked.last, Lookup)
    assert asked.then(ABSENT, UP, WORDS[IMAP4].greeting).to_server == sent


@pytest.mark.requirement("rfc3501-5.5-1")
@pytest.mark.requirement("rfc9051-5.5-1")
def test_literals_are_asked_for_one_by_one() -> None:
    session = new_session(IMAP4)
    name = play(session).then(b"a LOGIN {3}\r\n")

    assert name.to_client == PROMPT

    password = name.then(b"joe {7}\r\n")

    assert password.to_client == PROMPT

    # The CRLF behind the literal is a part of the command and does not reach the real server.
    half = password.then(b"hunter2")

    assert half.last == READ_CLIENT

    done = half.then(b"\r\n", *to_log_in(IMAP4)[1:], WORDS[IMAP4].good)

    assert done.relay.to_server == b""


def test_a_literal_is_refused_where_the_log_in_would_be() -> None:
    """The password in it is never sent."""
    told = play(new_session(IMAP4, client_tls=Tls.REQUIRED)).then(b"a LOGIN {3}\r\n")

    assert told.to_client.startswith(b"a NO [PRIVACYREQUIRED] ")
    assert told.last == READ_CLIENT
    assert told.then(b"b NOOP\r\n").to_client == b"b OK NOOP\r\n"


def test_a_literal_that_is_too_large() -> None:
    played = play(new_session(IMAP4, limits=Limits(literal=10))).then(b"a LOGIN {11}\r\n")

    assert played.to_client == b"a BAD [TOOBIG] expected a shorter literal, or none\r\n"
    assert played.last == READ_CLIENT
    assert played.then(b"b NOOP\r\n").to_client == b"b OK NOOP\r\n"


# --- the answer to the log-in: server_resp_line, what the real server says, what the client is told

REFUSED = b"failed: Re-Authentication Failure\r\n"
ANSWERS = [
    (False, b"p1 OK in\r\n", b"a OK You are so in\r\n"),
    (True, b"p1 OK in\r\n", b"a OK in\r\n"),
    # Only CAPABILITY of the logged-in real server, as the code of the tagged OK (RFC 9051 6.2.3).
    (False, b"p1 OK [CAPABILITY IMAP4rev2 Move] in\r\n", b"a OK [CAPABILITY IMAP4rev2 Move] You are so in\r\n"),
    (False, b"* CAPABILITY IDLE\r\np1 OK in\r\n", b"a OK [CAPABILITY IDLE] You are so in\r\n"),
    (False, b"* OK [CAPABILITY IDLE] hi\r\np1 OK in\r\n", b"a OK [CAPABILITY IDLE] You are so in\r\n"),
    (True, b"* CAPABILITY IDLE\r\np1 OK in\r\n", b"a OK [CAPABILITY IDLE] in\r\n"),
    (False, b"* CAPABILITY\r\np1 OK in\r\n", b"a OK You are so in\r\n"),
    (False, b"p1 OK [READ-ONLY] in\r\n", b"a OK You are so in\r\n"),
    (True, b"p1 OK [X-QUOTA 7] in\r\n", b"a OK [X-QUOTA 7] in\r\n"),
    # Nothing else that comes before.
    (False, b"* OK [ALERT] shutdown\r\n* 3 EXISTS\r\n* BYE\r\np1 OK in\r\n", b"a OK You are so in\r\n"),
    (False, b"* OK [ALERT] shutdown\r\np1 NO no\r\n", b"a NO [AUTHENTICATIONFAILED] " + REFUSED),
    # Codes that tell the user what to do, and no others.
    (False, b"p1 NO [UNAVAILABLE] no\r\n", b"a NO [UNAVAILABLE] " + REFUSED),
    (False, b"p1 NO [Expired] no\r\n", b"a NO [Expired] " + REFUSED),
    (False, b"p1 NO [ALERT] no\r\n", b"a NO [AUTHENTICATIONFAILED] " + REFUSED),
    (False, b"p1 NO [REFERRAL imap://x/] no\r\n", b"a NO [AUTHENTICATIONFAILED] " + REFUSED),
    (False, b"p1 BAD no\r\n", b"a NO [AUTHENTICATIONFAILED] " + REFUSED),
    (True, b"p1 NO [ALERT] go  away\r\n", b"a NO [ALERT] go  away\r\n"),
]


@pytest.mark.requirement("rfc2221-3-2")
@pytest.mark.requirement("rfc2221-6-1")
@pytest.mark.requirement("rfc5530-3-2")
@pytest.mark.requirement("rfc9051-11.3-1")
@pytest.mark.requirement("rfc9051-11.3-2")
@pytest.mark.parametrize(("server_resp_line", "answer", "told"), ANSWERS, ids=[repr(row[1]) for row in ANSWERS])
def test_the_answer_to_the_log_in(server_resp_line: bool, answer: bytes, told: bytes) -> None:
    played = play(new_session(IMAP4, server_resp_line=server_resp_line), *to_log_in(IMAP4)).then(answer)
    done = played if b"p1 OK" in answer else played.then(WOKE)

    assert done.to_client == told


def test_ok_text() -> None:
    played = play(new_session(IMAP4, ok_text=b"welcome"), *to_log_in(IMAP4)).then(WORDS[IMAP4].good)

    assert played.to_client == b"a OK welcome\r\n"
