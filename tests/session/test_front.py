"""The client's side, as far as the three protocols are alike: SASL, limits, and TLS first."""

import pytest

from perdition.protocol.limits import Limits
from perdition.session import Endpoints, Proto, Session, Tls
from perdition.session.effects import Close, Delay, Lookup
from tests.session.helpers import (
    ABSENT,
    ENDPOINTS,
    EOF,
    IMAP4,
    LATE,
    MANAGESIEVE,
    POP3,
    PROTOS,
    READ_CLIENT,
    TLS,
    UP,
    WOKE,
    WORDS,
    Played,
    Said,
    new_session,
    play,
    policy,
    sasl_begin,
    sasl_challenge,
    sasl_raw,
    sasl_response,
    to_log_in,
)

each = pytest.mark.parametrize("proto", PROTOS, ids=[proto.value for proto in PROTOS])

MESSAGE = b"\0joe\0hunter2"


def begun(proto: Proto, mechanism: bytes, initial: bytes | None = None) -> Played:
    """Begin SASL on a new session."""
    return play(new_session(proto)).then(sasl_begin(proto, mechanism, initial))


def is_joe(proto: Proto, played: Played) -> bool:
    """Tell whether the session has understood that joe logs in with hunter2."""
    words = WORDS[proto]
    steps = (says for _, says in words.steps if says)

    assert played.last == Lookup(b"joe")
    return played.then(ABSENT, UP, words.greeting, *steps).to_server == b"".join(says for says, _ in words.steps)


# --- SASL


@each
@pytest.mark.parametrize("mechanism", [b"PLAIN", b"plain", b"Plain"])
def test_plain_with_initial_response(proto: Proto, mechanism: bytes) -> None:
    assert is_joe(proto, begun(proto, mechanism, MESSAGE))


@each
def test_plain_without_initial_response(proto: Proto) -> None:
    asked = begun(proto, b"PLAIN")

    assert asked.to_client == sasl_challenge(proto, b"")
    assert asked.last == READ_CLIENT
    assert is_joe(proto, asked.then(sasl_response(proto, MESSAGE)))


@each
def test_login_without_initial_response(proto: Proto) -> None:
    asked = begun(proto, b"LOGIN")

    assert asked.to_client == sasl_challenge(proto, b"Username:")

    again = asked.then(sasl_response(proto, b"joe"))

    assert again.to_client == sasl_challenge(proto, b"Password:")
    assert is_joe(proto, again.then(sasl_response(proto, b"hunter2")))


@each
def test_login_with_initial_response(proto: Proto) -> None:
    asked = begun(proto, b"LOGIN", b"joe")

    assert asked.to_client == sasl_challenge(proto, b"Password:")
    assert is_joe(proto, asked.then(sasl_response(proto, b"hunter2")))


@each
def test_responses_may_be_pipelined(proto: Proto) -> None:
    octets = b"".join(
        (sasl_begin(proto, b"LOGIN"), sasl_response(proto, b"joe"), sasl_response(proto, b"hunter2"), b"more")
    )
    played = play(new_session(proto)).then(octets)

    assert played.to_client == sasl_challenge(proto, b"Username:") + sasl_challenge(proto, b"Password:")
    assert is_joe(proto, played)


NO = {POP3: b"-ERR ", IMAP4: b"a NO ", MANAGESIEVE: b'NO "'}
BAD = {POP3: b"-ERR ", IMAP4: b"a BAD ", MANAGESIEVE: b'NO "'}

MISTAKES = [  # a mechanism, an initial response, raw responses; whether it is a matter of form; what is told
    (b"CRAM-MD5", None, (), False, b"unknown SASL mechanism"),
    (b"XOAUTH2", b"token", (), False, b"unknown SASL mechanism"),
    (b"PLAIN", b"joe", (), False, b"PLAIN: expected authzid NUL authcid NUL password"),
    (b"PLAIN", b"a\0b\0c\0d", (), False, b"PLAIN: expected authzid NUL authcid NUL password"),
    (b"PLAIN", b"\0\0hunter2", (), False, b"PLAIN: expected a name before the password"),
    (b"LOGIN", b"jo\0e", (), False, b"LOGIN: expected octets without NUL"),
    (b"PLAIN", None, (b"*",), True, b"was cancelled"),
    (b"LOGIN", None, (b"am9l", b"*"), True, b"was cancelled"),
    (b"PLAIN", None, (b"hunter2",), True, b"expected base64"),
    (b"LOGIN", None, (b"", b""), False, b"LOGIN: expected a name"),
]


@each
@pytest.mark.parametrize(("mechanism", "initial", "responses", "form", "told"), MISTAKES)
def test_mistakes_in_sasl(
    proto: Proto, mechanism: bytes, initial: bytes | None, responses: tuple[bytes, ...], form: bool, told: bytes
) -> None:
    played = begun(proto, mechanism, initial)
    for response in responses:
        if played.last != READ_CLIENT or told in played.to_client:
            break
        played = played.then(sasl_raw(proto, response))

    assert played.to_client.startswith((BAD if form else NO)[proto])
    assert told in played.to_client
    assert b"hunter2" not in played.to_client
    assert played.last == READ_CLIENT
    assert is_joe(proto, played.then(WORDS[proto].log_in))


@each
def test_an_exchange_that_was_cancelled_leaves_nothing(proto: Proto) -> None:
    """The name of a LOGIN that was given up is not the name of the next."""
    played = begun(proto, b"LOGIN", b"jim").then(sasl_raw(proto, b"*"))
    again = played.then(sasl_begin(proto, b"LOGIN"))

    assert again.to_client == sasl_challenge(proto, b"Username:")
    assert is_joe(proto, again.then(sasl_response(proto, b"joe"), sasl_response(proto, b"hunter2")))


# --- no password in clear where TLS is demanded


NO_PRIVACY = {POP3: b"", IMAP4: b"[PRIVACYREQUIRED] ", MANAGESIEVE: b"(ENCRYPT-NEEDED) "}


@pytest.mark.requirement("rfc3501-6.2.2-4")
@pytest.mark.requirement("rfc3501-11.2-2")
@pytest.mark.requirement("rfc9051-6.2.2-10")
@pytest.mark.requirement("rfc9051-11.7-2")
@pytest.mark.requirement("rfc2595-2.3-1")
@pytest.mark.requirement("rfc5034-4-25")
@each
@pytest.mark.parametrize(("mechanism", "initial"), [(b"PLAIN", None), (b"LOGIN", None), (b"LOGIN", b"joe")])
def test_sasl_in_clear_is_refused_before_the_password_can_follow(
    proto: Proto, mechanism: bytes, initial: bytes | None
) -> None:
    begin = sasl_begin(proto, mechanism, initial)
    played = play(new_session(proto, client_tls=Tls.REQUIRED)).then(begin)

    assert played.to_client.startswith(NO[proto].rstrip(b'"') + NO_PRIVACY[proto])
    assert b"use TLS before you log in" in played.to_client
    assert played.last == READ_CLIENT

    under_tls = played.then(WORDS[proto].start_tls, TLS, sasl_begin(proto, b"PLAIN", MESSAGE))

    assert is_joe(proto, under_tls)


@pytest.mark.requirement("rfc3501-6.2.2-4")
@pytest.mark.requirement("rfc3501-11.2-2")
@pytest.mark.requirement("rfc9051-6.2.2-10")
@pytest.mark.requirement("rfc9051-11.7-2")
@each
def test_a_password_that_came_in_clear_all_the_same_is_refused_like_any_log_in(proto: Proto) -> None:
    begin = sasl_begin(proto, b"PLAIN", MESSAGE)
    refused = play(new_session(proto, client_tls=Tls.REQUIRED)).then(begin)

    assert refused.last == Delay(3)

    told = refused.then(WOKE)

    assert NO_PRIVACY[proto] + NO[proto][-1:].strip() + b"failed: Login Disabled" in told.to_client
    assert 'status="failed: Login Disabled"' in told.lines()[-1]


@pytest.mark.requirement("rfc3501-11.2-2")
@pytest.mark.requirement("rfc9051-11.7-2")
@each
@pytest.mark.parametrize("mechanism", [b"PLAIN", b"LOGIN"])
def test_no_password_is_asked_for_where_log_in_is_disabled(proto: Proto, mechanism: bytes) -> None:
    played = play(new_session(proto, login_disabled=True)).then(sasl_begin(proto, mechanism))

    assert b"log-in is disabled" in played.to_client
    assert played.last == READ_CLIENT


@pytest.mark.parametrize(
    ("client_tls", "login_disabled", "answer"),
    [
        (Tls.REQUIRED, False, b"a NO [PRIVACYREQUIRED] use TLS before you log in\r\n"),
        (Tls.NONE, True, b"a NO [CONTACTADMIN] log-in is disabled\r\n"),
    ],
)
def test_a_literal_of_a_login_that_is_refused_is_not_invited(
    client_tls: Tls, login_disabled: bool, answer: bytes
) -> None:
    session = new_session(IMAP4, client_tls=client_tls, login_disabled=login_disabled)
    played = play(session).then(b"a LOGIN {3}\r\n")

    assert played.to_client == answer

    later = played.then(b"b ID {3}\r\n")

    assert later.to_client == b"+ OK ready for additional input\r\n"


@each
@pytest.mark.parametrize("tls", [Tls.NONE, Tls.OFFERED])
def test_sasl_in_clear_where_tls_is_not_demanded(proto: Proto, tls: Tls) -> None:
    played = play(new_session(proto, client_tls=tls)).then(sasl_begin(proto, b"PLAIN", MESSAGE))

    assert is_joe(proto, played)


# --- limits


@each
def test_a_client_may_give_so_many_commands(proto: Proto) -> None:
    command = {POP3: b"CAPA\r\n", IMAP4: b"a NOOP\r\n", MANAGESIEVE: b"NOOP\r\n"}[proto]
    session = new_session(proto, commands=3)
    played = play(session).then(command * 3)

    assert played.last == READ_CLIENT

    over = played.then(command)

    assert over.to_client.startswith(WORDS[proto].bye + b"too many")
    assert over.errors[0].endswith("expected at most 3 commands before the log-in (too many)")
    assert over.last == Close()


@each
def test_a_failed_log_in_does_not_start_the_count_again(proto: Proto) -> None:
    words = WORDS[proto]
    commands = 2 if proto is POP3 else 1
    played = play(new_session(proto, commands=commands), *to_log_in(proto), words.bad, WOKE)

    assert played.last == READ_CLIENT

    over = played.then(words.log_in)

    assert over.to_client.startswith(words.bye + b"too many")
    assert over.last == Close()


@each
def test_bad_commands_are_limited(proto: Proto) -> None:
    session = new_session(proto, limits=Limits(bad_commands=2))
    played = play(session).then(b"x y z\r\n" * 2)

    assert played.last == READ_CLIENT

    over = played.then(b"x y z\r\n")

    assert over.to_client.startswith(WORDS[proto].bye + b"too many")
    assert over.last == Close()


# --- the end of a log-in, and of a session


@each
@pytest.mark.parametrize("server_resp_line", [False, True])
def test_whose_words_a_refusal_has(proto: Proto, server_resp_line: bool) -> None:
    words = WORDS[proto]
    played = play(new_session(proto, server_resp_line=server_resp_line), *to_log_in(proto), words.bad)
    theirs = {POP3: b"-ERR go away\r\n", IMAP4: b"a NO go away\r\n", MANAGESIEVE: b'NO "go away"\r\n'}[proto]

    assert played.then(WOKE).to_client == (theirs if server_resp_line else words.refusal)


CODED = {  # what the real server says, and what the client is told: only what helps the user
    POP3: [(b"-ERR [IN-USE] x\r\n", b"-ERR [IN-USE] failed"), (b"-ERR [X-Y] x\r\n", b"-ERR failed")],
    IMAP4: [
        (b"p1 NO [INUSE] x\r\n", b"a NO [INUSE] failed"),
        (b"p1 NO [ALERT] x\r\n", b"a NO [AUTHENTICATIONFAILED] "),
    ],
    MANAGESIEVE: [(b'NO (TRYLATER) "x"\r\n', b'NO (TRYLATER) "failed'), (b'NO (X) "x"\r\n', b'NO "failed')],
}


@each
def test_codes_that_tell_the_user_what_to_do_are_passed_on(proto: Proto) -> None:
    for answer, told in CODED[proto]:
        assert play(new_session(proto), *to_log_in(proto)).then(answer, WOKE).to_client.startswith(told)


PASSED_ON = {
    POP3: (b"AUTH", b"IN-USE", b"LOGIN-DELAY", b"SYS/TEMP", b"SYS/PERM"),
    IMAP4: (
        *(b"AUTHENTICATIONFAILED", b"AUTHORIZATIONFAILED", b"EXPIRED", b"UNAVAILABLE", b"PRIVACYREQUIRED"),
        *(b"CONTACTADMIN", b"LIMIT", b"INUSE", b"SERVERBUG"),
    ),
    MANAGESIEVE: (b"TRYLATER", b"AUTH-TOO-WEAK", b"ENCRYPT-NEEDED", b"TRANSITION-NEEDED"),
}
CODE = {POP3: b"-ERR [%s] ", IMAP4: b"NO [%s] ", MANAGESIEVE: b'NO (%s) "'}


@each
def test_each_code_that_tells_the_user_what_to_do(proto: Proto) -> None:
    tag, end = {POP3: (b"", b"no\r\n"), IMAP4: (b"p1 ", b"no\r\n"), MANAGESIEVE: (b"", b'no"\r\n')}[proto]
    for code in (*PASSED_ON[proto], *map(bytes.lower, PASSED_ON[proto])):
        told = play(new_session(proto), *to_log_in(proto)).then(tag + CODE[proto] % code + end, WOKE)

        assert CODE[proto] % code + b"failed: Re-Authentication Failure" in told.to_client


@each
@pytest.mark.parametrize("answers", [(EOF,), (b"half", EOF), (LATE,)], ids=["eof", "half", "late"])
def test_a_client_that_says_no_more(proto: Proto, answers: tuple[Said, ...]) -> None:
    played = play(new_session(proto)).then(*answers)

    assert played.last == Close()
    assert bool(played.to_client) is (answers == (LATE,) and proto is not POP3)


# --- texts


@each
def test_a_name_in_the_greeting_is_ascii(proto: Proto) -> None:
    endpoints = Endpoints(ENDPOINTS.client, ENDPOINTS.local, "bücher.example")
    played = play(Session(policy(proto), endpoints))

    assert b"perdition ready on b?cher.example cafe0123" in played.to_client


@each
def test_idle_farewell(proto: Proto) -> None:
    words = WORDS[proto]
    farewell = play(new_session(proto), *to_log_in(proto), words.good).relay.idle_farewell

    assert farewell == (b'BYE "closing: silent for too long"\r\n' if proto is MANAGESIEVE else b"")


TLS_WORD = {POP3: b"STLS", IMAP4: b"STARTTLS", MANAGESIEVE: b'"STARTTLS"'}
OTHERS = {POP3: (b"UIDL", b"TOP"), IMAP4: (b"IMAP4rev1", b"IDLE"), MANAGESIEVE: (b'"SIEVE" "x"', b'"VERSION" "1.0"')}
LIST = {POP3: b"CAPA\r\n", IMAP4: b"a CAPABILITY\r\n", MANAGESIEVE: b"CAPABILITY\r\n"}


@each
@pytest.mark.parametrize(
    ("place", "tls", "expected"),
    [
        (1, Tls.OFFERED, 1),  # where the administrator has put it
        (0, Tls.OFFERED, 0),
        (None, Tls.OFFERED, 2),  # at the end
        (1, Tls.NONE, None),
    ],
)
def test_where_the_word_for_tls_stands(proto: Proto, place: int | None, tls: Tls, expected: int | None) -> None:
    """perdition 1.7."""
    elements, shown = list(OTHERS[proto]), list(OTHERS[proto])
    if place is not None:
        elements.insert(place, TLS_WORD[proto])
    if expected is not None:
        shown.insert(expected, TLS_WORD[proto])
    listed = play(new_session(proto, capabilities=tuple(elements), client_tls=tls), LIST[proto]).to_client

    assert (b" " if proto is IMAP4 else b"\r\n").join(shown) + b"\r\n" in listed
    assert listed.count(TLS_WORD[proto]) == (0 if expected is None else listed.count(OTHERS[proto][0]))
