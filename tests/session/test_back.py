"""The real server's side, as far as the three protocols are alike: TLS, loops, and servers that misbehave."""

import pytest

from perdition.protocol.limits import Limits
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session import Proto, Tls
from perdition.session.backs import BACKS
from perdition.session.effects import (
    Answer,
    Connect,
    Deadline,
    Delay,
    Failed,
    HangUp,
    Read,
    Relay,
    Side,
    StartTls,
)
from tests.session.helpers import (
    ABSENT,
    AGREED,
    EOF,
    FOUND,
    GOOD_UNDER_TLS,
    IMAP4,
    INSTANCE,
    LATE,
    MANAGESIEVE,
    OFFERS,
    POP3,
    PROTOS,
    READ_SERVER,
    SECURED,
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
    to_log_in,
)

each = pytest.mark.parametrize("proto", PROTOS, ids=[proto.value for proto in PROTOS])

OFFERS_NONE: dict[Proto, tuple[bytes, ...]] = {
    POP3: (b"+OK\r\n", b"-ERR what?\r\n"),
    IMAP4: (b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n",),
    MANAGESIEVE: (b'"SASL" "PLAIN"\r\nOK\r\n',),
}
ASKED = {POP3: b"CAPA\r\nSTLS\r\n", IMAP4: b"p1 STARTTLS\r\n", MANAGESIEVE: b"STARTTLS\r\n"}
ASKED_IN_VAIN = {POP3: b"CAPA\r\n", IMAP4: b"", MANAGESIEVE: b""}
DISAGREED = {POP3: b"-ERR\r\n", IMAP4: b"p1 NO\r\n", MANAGESIEVE: b"NO\r\n"}
QUITS = {POP3: b"QUIT\r\n", IMAP4: b"p2 LOGOUT\r\n", MANAGESIEVE: b"LOGOUT\r\n"}
ASKED_UNDER_TLS = {
    POP3: b"USER joe\r\nPASS hunter2\r\n",
    IMAP4: b'p2 CAPABILITY\r\np3 LOGIN "joe" "hunter2"\r\n',
    MANAGESIEVE: b'AUTHENTICATE "PLAIN" "AGpvZQBodW50ZXIy"\r\n',
}
NO_TLS = {
    POP3: "failed: TLS not present",
    IMAP4: "failed: Connection Negotiation Failure",
    MANAGESIEVE: "failed: Connection Negotiation Failure",
}
UNAVAILABLE = {POP3: b"[SYS/TEMP]", IMAP4: b"[UNAVAILABLE]", MANAGESIEVE: b"(TRYLATER)"}
BOTH = pytest.mark.parametrize("tls", [Tls.OFFERED, Tls.REQUIRED])


def connected(proto: Proto, tls: Tls = Tls.NONE) -> Played:
    """Give a session that has just reached the real server."""
    return play(new_session(proto, server_tls=tls)).then(WORDS[proto].log_in, ABSENT, UP)


def refused(proto: Proto, failed: Played, status: str, why: str) -> bool:
    """Tell whether a log-in has failed: the real server is left, the client is told later, the log says why."""
    assert failed.batches[-1][-3:] == (HangUp(), Deadline(0), Delay(3))
    told = failed.then(WOKE)

    assert told.statuses == [status]
    assert told.errors == [f"Real server real.example:1110 for 192.0.2.7:4242->192.0.2.1:110: {why}"]
    assert UNAVAILABLE[proto] in told.to_client
    return status.encode() in told.to_client


# --- TLS by STARTTLS


@pytest.mark.requirement("rfc9051-11.2-1")
@each
@BOTH
def test_starttls(proto: Proto, tls: Tls) -> None:
    asked = connected(proto, tls).then(*OFFERS[proto])

    assert asked.to_server == ASKED[proto]
    assert asked.last == READ_SERVER

    agreed = asked.then(AGREED[proto])

    assert agreed.effects == [StartTls(Side.SERVER, "real.example")]

    secured = agreed.then(TLS, *SECURED[proto])

    assert secured.to_server == ASKED_UNDER_TLS[proto]

    done = secured.then(GOOD_UNDER_TLS[proto])

    assert isinstance(done.last, Relay)
    assert "server-secure=starttls" in done.lines()[0]


@pytest.mark.requirement("rfc3501-11.1-5")
@pytest.mark.requirement("rfc3501-11.1-6")
@pytest.mark.requirement("rfc2595-2.4-2")
@pytest.mark.requirement("rfc2595-2.4-3")
def test_a_server_of_the_map_is_the_name_in_the_handshake() -> None:
    session = new_session(IMAP4, server_tls=Tls.REQUIRED)
    played = play(session, WORDS[IMAP4].log_in, FOUND, UP, *OFFERS[IMAP4], AGREED[IMAP4])

    assert played.last == StartTls(Side.SERVER, "other.example")


@each
def test_starttls_is_not_used_where_it_is_not_wanted(proto: Proto) -> None:
    played = play(new_session(proto), *to_log_in(proto))

    assert b"STARTTLS" in WORDS[proto].greeting or proto is POP3
    assert played.to_server == b"".join(says for says, _ in WORDS[proto].steps)


@each
def test_starttls_not_offered_and_not_demanded(proto: Proto) -> None:
    words = WORDS[proto]
    played = connected(proto, Tls.OFFERED).then(*OFFERS_NONE[proto])
    steps = tuple(says for _, says in words.steps if says)
    done = played.then(*steps, words.good)

    assert played.to_server.startswith(ASKED_IN_VAIN[proto] + words.steps[0][0][:4])
    assert "server-secure=plaintext" in done.lines()[0]


@each
def test_starttls_not_offered_and_demanded(proto: Proto) -> None:
    failed = connected(proto, Tls.REQUIRED).then(*OFFERS_NONE[proto])

    assert b"hunter2" not in failed.to_server
    assert failed.to_server in (ASKED_IN_VAIN[proto] + QUITS[proto], ASKED_IN_VAIN[proto] + b"p1 LOGOUT\r\n")
    assert refused(proto, failed, NO_TLS[proto], "TLS is demanded, and the real server does not offer it")


@pytest.mark.requirement("rfc3501-11.1-8")
@pytest.mark.requirement("rfc9051-11.1-7")
@pytest.mark.requirement("rfc2595-2.5-1")
@each
@BOTH
def test_starttls_offered_and_refused(proto: Proto, tls: Tls) -> None:
    """Whoever offers TLS and then refuses it may not be who we think: nothing goes on in clear."""
    failed = connected(proto, tls).then(*OFFERS[proto], DISAGREED[proto])

    assert failed.to_server == ASKED[proto] + QUITS[proto]
    assert refused(proto, failed, NO_TLS[proto], "the real server offers TLS and refuses it")


@pytest.mark.requirement("rfc3501-11.1-8")
@pytest.mark.requirement("rfc9051-11.1-7")
@pytest.mark.requirement("rfc2595-2.4-6")
@pytest.mark.requirement("rfc2595-2.5-1")
@pytest.mark.requirement("rfc5034-4-27")
@each
@BOTH
@pytest.mark.parametrize("answer", [Failed("expired"), LATE], ids=["failed", "late"])
def test_the_handshake_fails(proto: Proto, tls: Tls, answer: Answer) -> None:
    failed = connected(proto, tls).then(*OFFERS[proto], AGREED[proto]).then(answer)
    why = answer.why if isinstance(answer, Failed) else "timed out"

    assert failed.to_server == b""
    assert refused(proto, failed, "failed: TLS negotiation failure", why)


@each
@BOTH
def test_octets_in_clear_behind_the_word_to_go_ahead(proto: Proto, tls: Tls) -> None:
    failed = connected(proto, tls).then(*OFFERS[proto], AGREED[proto] + SECURED[proto][0])

    assert failed.to_server == ASKED[proto]
    why = "expected nothing in clear behind STARTTLS (injected)"
    assert refused(proto, failed, "failed: Connection Negotiation Failure", why)


@pytest.mark.requirement("rfc2595-4-7")
@each
def test_what_was_listed_in_clear_is_forgotten(proto: Proto) -> None:
    """An attacker may have listed it: under TLS the real server offers no log-in at all."""
    lists = {
        POP3: (b"+OK\r\n", b"+OK\r\nSTLS\r\nSASL PLAIN\r\n.\r\n"),
        IMAP4: (b"* OK [CAPABILITY STARTTLS AUTH=PLAIN] hi\r\n",),
        MANAGESIEVE: (b'"STARTTLS"\r\n"SASL" "PLAIN"\r\nOK\r\n',),
    }[proto]
    then = {
        POP3: b"+OK\r\nUSER\r\n.\r\n",
        IMAP4: b"* CAPABILITY IMAP4rev1\r\np2 OK\r\n",
        MANAGESIEVE: b"OK\r\n",
    }[proto]
    session = new_session(proto, server_tls=Tls.REQUIRED)
    log_in = {
        POP3: b"AUTH PLAIN amltAGpvZQBodW50ZXIy\r\n",
        IMAP4: b"a AUTHENTICATE PLAIN amltAGpvZQBodW50ZXIy\r\n",
        MANAGESIEVE: b'AUTHENTICATE "PLAIN" "amltAGpvZQBodW50ZXIy"\r\n',
    }[proto]
    failed = play(session, log_in, ABSENT, UP, *lists, AGREED[proto], TLS).then(then)

    assert b"amltAGpvZQBodW50ZXIy" not in failed.to_server
    assert failed.then(WOKE).statuses == ["failed: SASL mechanism unavailable"]


@each
def test_a_challenge_too_many_is_cancelled(proto: Proto) -> None:
    log_in = sasl_begin(proto, b"PLAIN", b"jim\0joe\0hunter2")
    lists = {
        POP3: (b"+OK\r\n", b"+OK\r\nSASL PLAIN\r\n.\r\n"),
        IMAP4: (b"* OK [CAPABILITY AUTH=PLAIN SASL-IR] hi\r\n",),
        MANAGESIEVE: (b'"SASL" "PLAIN"\r\nOK\r\n',),
    }[proto]
    asked = play(new_session(proto), log_in, ABSENT, UP, *lists).then(sasl_challenge(proto, b"more"))

    assert asked.to_server == sasl_raw(proto, b"*")
    assert asked.then(WORDS[proto].bad, WOKE).statuses == ["failed: Re-Authentication Failure"]


def test_an_empty_name_is_a_wrong_one() -> None:
    told = play(new_session(IMAP4)).then(b'a LOGIN "" hunter2\r\n', ABSENT, UP, WORDS[IMAP4].greeting, WOKE)

    assert told.statuses == ["failed: Re-Authentication Failure"]
    assert told.errors == []


@each
@pytest.mark.parametrize("tls", list(Tls))
def test_the_machine_knows_the_policy_too(proto: Proto, tls: Tls) -> None:
    """Whatever a back forgets: its machine sends no password in clear where TLS is demanded."""
    demanded = policy(proto, server_tls=tls, limits=Limits(line=99))
    machine = BACKS[proto](demanded, Credentials(b"joe", Secret(b"hunter2"))).machine

    assert machine.require_tls == (tls in (Tls.REQUIRED, Tls.IMPLICIT))
    assert machine.limits == Limits(line=99)


# --- implicit TLS


@pytest.mark.requirement("rfc9051-11.2-1")
@each
def test_implicit_tls(proto: Proto) -> None:
    words = WORDS[proto]
    asked = play(new_session(proto, server_tls=Tls.IMPLICIT)).then(words.log_in, ABSENT)

    assert asked.last == Connect("real.example", "1110", tls=True)

    done = asked.then(*to_log_in(proto)[2:], words.good)

    assert done.to_server == b"".join(says for says, _ in words.steps)
    assert "server-secure=ssl" in done.lines()[0]


# --- a loop


LOOPS = {
    POP3: b"+OK POP3 perdition ready on elsewhere %s\r\n",
    IMAP4: b"* OK [CAPABILITY IMAP4rev1] perdition ready on elsewhere %s\r\n",
    MANAGESIEVE: b'"SASL" "PLAIN"\r\nOK "perdition ready on elsewhere %s"\r\n',
}


@each
def test_a_loop(proto: Proto) -> None:
    failed = connected(proto).then(LOOPS[proto] % INSTANCE.encode())

    assert b"joe" not in failed.to_server
    why = "the real server is this perdition: a loop"
    assert refused(proto, failed, "failed: Connection Negotiation Failure", why)


@each
def test_our_own_greeting_is_known_as_ours(proto: Proto) -> None:
    greeting = play(new_session(proto)).to_client

    assert connected(proto).then(greeting).hangs_up


@each
def test_another_perdition_is_no_loop(proto: Proto) -> None:
    played = connected(proto).then(LOOPS[proto] % b"0badcafe")

    assert played.last == READ_SERVER
    assert played.to_server


# --- real servers that misbehave


def phases(proto: Proto) -> list[tuple[Tls, tuple[Said, ...]]]:
    """Give how to come to each place where the real server is read."""
    words = WORDS[proto]
    offered = [OFFERS[proto][:count] for count in range(len(OFFERS[proto]) + 1)]
    secured = [SECURED[proto][:count] for count in range(len(SECURED[proto]) + 1)]
    start: tuple[Said, ...] = (words.log_in, ABSENT, UP)
    return [
        (Tls.NONE, start),
        (Tls.NONE, (*start, words.greeting)),
        (Tls.NONE, to_log_in(proto)),
        *((Tls.REQUIRED, (*start, *said)) for said in offered),
        *((Tls.REQUIRED, (*start, *OFFERS[proto], AGREED[proto], TLS, *said)) for said in secured),
    ]


PHASES = [
    pytest.param(proto, tls, said, id=f"{proto.value}-{tls.name}-{len(said)}")
    for proto in PROTOS
    for tls, said in phases(proto)
]


@pytest.mark.parametrize(("proto", "tls", "said"), PHASES)
def test_a_real_server_that_closes(proto: Proto, tls: Tls, said: tuple[Said, ...]) -> None:
    for octets, why in (
        (b"", ": expected an answer, the real server has closed"),
        (b"+", ": expected the rest of a message before the end (closed)"),
    ):
        played = play(new_session(proto, server_tls=tls), *said)

        assert played.last == READ_SERVER

        failed = played.then(*([octets] if octets else []), EOF)
        told = failed.then(WOKE)

        assert failed.hangs_up
        assert told.statuses == ["failed: Connection Negotiation Failure"]
        assert told.errors[0].endswith(why)
        assert told.last == Read(Side.CLIENT)


@pytest.mark.parametrize(("proto", "tls", "said"), PHASES)
def test_a_real_server_that_is_silent(proto: Proto, tls: Tls, said: tuple[Said, ...]) -> None:
    told = play(new_session(proto, server_tls=tls), *said).then(LATE, WOKE)

    assert told.hangs_up
    assert told.statuses == ["failed: Real server timed out"]
    assert told.last == Read(Side.CLIENT)


@pytest.mark.parametrize(("proto", "tls", "said"), PHASES)
def test_a_real_server_that_talks_garbage(proto: Proto, tls: Tls, said: tuple[Said, ...]) -> None:
    told = play(new_session(proto, server_tls=tls), *said).then(b"220 ESMTP\0\r\n", WOKE)

    assert told.hangs_up
    assert told.statuses == ["failed: Connection Negotiation Failure"]
    assert "expected a line without CR or NUL in it (syntax)" in told.errors[0]
    assert told.last == Read(Side.CLIENT)


GREETINGS = [
    (POP3, b"-ERR busy\r\n", "expected +OK as the greeting"),
    (POP3, b"220 ESMTP\r\n", "expected +OK or -ERR (syntax)"),
    (POP3, b"+OKAY\r\n", "expected +OK or -ERR (syntax)"),
    (IMAP4, b"* BYE busy\r\n", "expected OK as the greeting, not BYE"),
    (IMAP4, b"* PREAUTH hi\r\n", "expected OK as the greeting, not PREAUTH"),
    (IMAP4, b"* NO busy\r\n", "expected OK, PREAUTH or BYE in the greeting (syntax)"),
    (IMAP4, b"a OK hi\r\n", "expected a greeting: untagged OK, PREAUTH or BYE (syntax)"),
    (MANAGESIEVE, b"NO busy\r\n", "expected one string as the text of a response (syntax)"),
    (MANAGESIEVE, b'NO "busy"\r\n', "expected OK as the greeting, not NO"),
    (MANAGESIEVE, b'BYE "busy"\r\n', "expected OK as the greeting, not BYE"),
]


@pytest.mark.requirement("rfc9051-7.1.4-2")
@pytest.mark.parametrize(("proto", "greeting", "why"), GREETINGS)
@pytest.mark.parametrize("tls", [Tls.NONE, Tls.OFFERED, Tls.REQUIRED])
def test_a_greeting_that_does_not_let_us_in(proto: Proto, greeting: bytes, why: str, tls: Tls) -> None:
    failed = connected(proto, tls).then(greeting)

    assert b"hunter2" not in failed.to_server
    assert refused(proto, failed, "failed: Connection Negotiation Failure", why)
