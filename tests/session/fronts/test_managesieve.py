"""ManageSieve towards the client: octets in, octets out."""

import pytest

from perdition.protocol.managesieve._tables import TABLE, State
from perdition.session import Tls
from perdition.session.effects import Close, Lookup, StartTls
from tests.session.helpers import (
    EOF,
    LATE,
    MANAGESIEVE,
    PLAIN,
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

LISTED = b'"IMPLEMENTATION" "perdition"\r\n"SASL" "PLAIN"\r\n'
SECURED: tuple[Said, ...] = (b"STARTTLS\r\n", TLS)

COMMANDS = [
    (b"CAPABILITY\r\n", LISTED + b'OK "CAPABILITY completed"\r\n'),
    (b"capability\r\n", LISTED + b'OK "CAPABILITY completed"\r\n'),
    (b"CAPABILITY x\r\n", b'NO "too many arguments"\r\n'),
    (b"NOOP\r\n", b'OK "NOOP completed"\r\n'),
    (b'NOOP "a\\"b"\r\n', b'OK (TAG "a\\"b") "NOOP completed"\r\n'),
    (b"NOOP {3+}\r\na\r\n\r\n", b'OK (TAG {3}\r\na\r\n) "NOOP completed"\r\n'),
    (b"NOOP a\r\n", b'NO "expected a string in quotes or a literal"\r\n'),
    (b"STARTTLS\r\n", b'NO "STARTTLS is not offered here"\r\n'),
    (b"AUTHENTICATE\r\n", b'NO "an argument is missing"\r\n'),
    (b'AUTHENTICATE "PLAIN" "hunter2!"\r\n', b'NO "expected base64"\r\n'),
    (b'AUTHENTICATE "PLAIN" "" ""\r\n', b'NO "too many arguments"\r\n'),
    (b'AUTHENTICATE "PLAIN"\r\n', b'""\r\n'),
    (b'AUTHENTICATE "LOGIN" "am9l"\r\n', b'"UGFzc3dvcmQ6"\r\n'),
    (b'AUTHENTICATE "PLAIN"\r\n"*"\r\n', b'""\r\nNO "AUTHENTICATE was cancelled"\r\n'),
    (b'AUTHENTICATE "PLAIN"\r\n"am9l"\r\n', b'""\r\nNO "PLAIN: expected authzid NUL authcid NUL password"\r\n'),
    (b'AUTHENTICATE "CRAM-MD5"\r\n', b'NO "unknown SASL mechanism"\r\n'),
    (b'HAVESPACE "a" 1\r\n', b'NO "not now"\r\n'),
    (b"FROB\r\n", b'NO "unknown command"\r\n'),
    (b"\r\n", b'NO "expected a command"\r\n'),
]


@pytest.mark.requirement("rfc5804-1.2-2")
@pytest.mark.requirement("rfc5804-2-2")
@pytest.mark.requirement("rfc5804-2.1-4")
@pytest.mark.requirement("rfc5804-2.13-2")
@pytest.mark.requirement("rfc5804-2.13-3")
@pytest.mark.parametrize(("said", "told"), COMMANDS, ids=[repr(said) for said, _ in COMMANDS])
def test_commands(said: bytes, told: bytes) -> None:
    played = play(new_session(MANAGESIEVE)).then(said)

    assert played.to_client == told
    assert played.last == READ_CLIENT


ENDS: list[tuple[Said, bytes]] = [
    (EOF, b""),
    (LATE, b'BYE "closing: silent for too long"\r\n'),
    (STOP, b'BYE "closing: this server is going down"\r\n'),
    (b"\n", b'BYE "closing: syntax"\r\n'),
]


@pytest.mark.requirement("rfc5804-1.2-7")
@pytest.mark.requirement("rfc5804-1.2-8")
@pytest.mark.parametrize(("answer", "told"), ENDS)
def test_ends(answer: Said, told: bytes) -> None:
    played = play(new_session(MANAGESIEVE)).then(answer)

    assert played.to_client == told
    assert played.last == Close()


@pytest.mark.requirement("rfc5804-2-1")
def test_these_are_all_commands_before_the_log_in() -> None:
    """What the table allows must have an answer here: `handle` takes the rest for LOGOUT."""
    verbs = set(TABLE[State.NOT_AUTHENTICATED])

    assert verbs == {"CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "AUTHENTICATE"}


@pytest.mark.requirement("rfc5804-1.7-1")
@pytest.mark.requirement("rfc5804-2.3-1")
@pytest.mark.requirement("rfc5804-2.3-4")
def test_greeting_and_good_bye() -> None:
    played = play(new_session(MANAGESIEVE), b"LOGOUT\r\n")

    assert played.to_client == LISTED + b'OK "perdition ready on mail.example cafe0123"\r\nOK "LOGOUT completed"\r\n'
    assert played.last == Close()


# --- capabilities: only what is true now; an empty SASL says that TLS comes first (RFC 5804 1.7)

CAPABILITIES: list[tuple[Tls, tuple[Said, ...], bytes]] = [
    (Tls.NONE, (), LISTED),
    (Tls.IMPLICIT, (TLS,), LISTED),
    (Tls.OFFERED, (), LISTED + b'"STARTTLS"\r\n'),
    (Tls.OFFERED, SECURED, LISTED),
    (Tls.REQUIRED, (), b'"IMPLEMENTATION" "perdition"\r\n"SASL" ""\r\n"STARTTLS"\r\n'),
    (Tls.REQUIRED, SECURED, LISTED),
]


@pytest.mark.requirement("rfc5804-1.7-2")
@pytest.mark.requirement("rfc5804-1.7-8")
@pytest.mark.requirement("rfc5804-1.7-11")
@pytest.mark.requirement("rfc5804-2.2-6")
@pytest.mark.requirement("rfc5804-5-1")
@pytest.mark.requirement("rfc4422-4-3")
@pytest.mark.requirement("rfc4422-6.1.2-1")
@pytest.mark.parametrize(("tls", "before", "lines"), CAPABILITIES)
def test_capabilities(tls: Tls, before: tuple[Said, ...], lines: bytes) -> None:
    played = play(new_session(MANAGESIEVE, client_tls=tls), *before)

    assert played.then(b"CAPABILITY\r\n").to_client == lines + b'OK "CAPABILITY completed"\r\n'
    if before != SECURED:
        assert played.to_client == lines + b'OK "perdition ready on mail.example cafe0123"\r\n'


@pytest.mark.requirement("rfc5804-1.7-6")
@pytest.mark.requirement("rfc5804-2.2-6")
@pytest.mark.parametrize("word", [b'"STARTTLS"', b'"StartTLS"'])
@pytest.mark.parametrize("tls", [Tls.NONE, Tls.OFFERED])
def test_starttls_in_the_option_is_listed_when_true(tls: Tls, word: bytes) -> None:
    """Reference 1.7: the word is listed when it is true, where the administrator put it."""
    session = new_session(MANAGESIEVE, client_tls=tls, capabilities=(word, b'"SASL" "PLAIN"'))
    lines = play(session).to_client.split(b"\r\n")[:-2]

    assert lines == ([b'"SASL" "PLAIN"'] if tls is Tls.NONE else [word, b'"SASL" "PLAIN"'])


@pytest.mark.requirement("rfc5804-2.2-1")
@pytest.mark.requirement("rfc5804-2.2-5")
def test_starttls() -> None:
    played = play(new_session(MANAGESIEVE, client_tls=Tls.OFFERED)).then(b"STARTTLS\r\n")

    assert played.to_client == b'OK "Begin TLS negotiation"\r\n'
    assert isinstance(played.last, StartTls)

    # The capabilities come unasked (RFC 5804 2.2).
    secured = played.then(TLS)

    assert secured.to_client == LISTED + b'OK "TLS negotiation completed"\r\n'
    assert secured.then(b"STARTTLS\r\n").to_client == b'NO "TLS is active already"\r\n'


@pytest.mark.requirement("rfc5804-4-5")
def test_literals_need_no_word_from_us() -> None:
    played = play(new_session(MANAGESIEVE)).then(b'AUTHENTICATE "PLAIN" {%d+}\r\n%s\r\n' % (len(PLAIN), PLAIN))

    assert played.to_client == b""
    assert played.last == Lookup(b"joe")


# --- the answer to the log-in: server_resp_line, what the real server says, what the client is told

REFUSED = b'"failed: Re-Authentication Failure"\r\n'
ANSWERS = [
    (False, b'OK "in"\r\n', b'OK "You are so in"\r\n'),
    (False, b'OK (WARNINGS) "in"\r\n', b'OK "You are so in"\r\n'),
    (False, b'OK (SASL "dGs=")\r\n', b'OK "You are so in"\r\n'),
    (True, b'OK "i\\"n"\r\n', b'OK "i\\"n"\r\n'),
    (True, b'OK (WARNINGS "x") {2}\r\nin\r\n', b'OK (WARNINGS "x") "in"\r\n'),
    (True, b"OK\r\n", b"OK\r\n"),
    (False, b"NO\r\n", b"NO " + REFUSED),
    (False, b'NO (TRYLATER) "no"\r\n', b"NO (TRYLATER) " + REFUSED),
    (False, b'NO (trylater) "no"\r\n', b"NO (trylater) " + REFUSED),
    (False, b'NO (AUTH-TOO-WEAK) "no"\r\n', b"NO (AUTH-TOO-WEAK) " + REFUSED),
    (False, b'NO (TryLater/Maintenance/Tonight) "no"\r\n', b"NO (TryLater/Maintenance/Tonight) " + REFUSED),
    (False, b'NO (TRYLATER-NOT) "no"\r\n', b"NO " + REFUSED),
    (False, b'NO (X (a (b)) "c") "no"\r\n', b"NO " + REFUSED),
    (True, b'NO (X (a (b)) "c") "no"\r\n', b'NO (X (a (b)) "c") "no"\r\n'),
    (True, b'NO (/X) "no"\r\n', b'NO "no"\r\n'),
    (False, b'NO (REFERRAL "sieve://x") "no"\r\n', b"NO " + REFUSED),
    (False, b'BYE (TRYLATER) "no"\r\n', b'NO (TRYLATER) "failed: Connection Negotiation Failure"\r\n'),
    (False, b"BYE\r\n", b'NO (TRYLATER) "failed: Connection Negotiation Failure"\r\n'),
    (True, b'NO (REFERRAL "sieve://x") "no"\r\n', b'NO (REFERRAL "sieve://x") "no"\r\n'),
    (True, b"NO {8}\r\ntwo\r\nli.\r\n", b"NO {8}\r\ntwo\r\nli.\r\n"),
]


@pytest.mark.requirement("rfc5804-1.3-2")
@pytest.mark.requirement("rfc5804-1.3-3")
@pytest.mark.requirement("rfc5804-1.3-6")
@pytest.mark.requirement("rfc5804-4-9")
@pytest.mark.parametrize(("server_resp_line", "answer", "told"), ANSWERS, ids=[repr(row[1]) for row in ANSWERS])
def test_the_answer_to_the_log_in(server_resp_line: bool, answer: bytes, told: bytes) -> None:
    played = play(new_session(MANAGESIEVE, server_resp_line=server_resp_line), *to_log_in(MANAGESIEVE)).then(answer)
    done = played if answer.startswith(b"OK") else played.then(WOKE)

    assert done.to_client == told


def test_ok_text_in_quotes() -> None:
    played = play(new_session(MANAGESIEVE, ok_text=b'"in"'), *to_log_in(MANAGESIEVE)).then(WORDS[MANAGESIEVE].good)

    assert played.to_client == b'OK "\\"in\\""\r\n'
