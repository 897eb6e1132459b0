"""What a log-in does, phase by phase, in all three protocols: answers in, effects out."""

import attrs
import pytest

from perdition.maps.outcome import Absent, Broken, Found, Unavailable
from perdition.protocol.errors import LocalProtocolError
from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session import Endpoints, LogPasswd, Names, Policy, Proto, Session, State, Tls
from perdition.session.effects import (
    ANSWERS,
    Answer,
    Close,
    Connect,
    Deadline,
    Delay,
    Effect,
    Failed,
    HangUp,
    Level,
    Log,
    Lookup,
    Read,
    Received,
    Relay,
    Send,
    Side,
    StartTls,
)
from perdition.session.outcomes import Outcome
from tests.session.helpers import (
    ABSENT,
    AGREED,
    ENDPOINTS,
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
    READ_CLIENT,
    READ_SERVER,
    SECURED,
    STOP,
    TLS,
    UP,
    WAY,
    WOKE,
    WORDS,
    Said,
    new_session,
    play,
    policy,
    sasl_begin,
    to_log_in,
)

each = pytest.mark.parametrize("proto", PROTOS, ids=[proto.value for proto in PROTOS])

JOE = 'authorisation_id=NONE authentication_id="joe"'


def auth(proto: Proto, status: str, *, server: str = "real.example:1110", secure: str = "plaintext") -> str:
    """Give the Auth line of joe, whose real server is spoken to in clear."""
    return (
        f'Auth: {WAY} client-secure={secure} {JOE} server="{server}" '
        f'protocol={proto.name} server-secure=plaintext status="{status}"'
    )


# --- from the greeting to the hand-over


def test_a_whole_log_in_effect_by_effect() -> None:
    """The one test that shows everything; the others look at what they are about."""
    book: list[tuple[Answer | None, list[Effect]]] = [
        (
            None,
            [
                Log(Level.INFO, f"Connect:  {WAY}"),
                Deadline(60),
                Send(Side.CLIENT, b"+OK POP3 perdition ready on mail.example " + INSTANCE.encode() + b"\r\n"),
                READ_CLIENT,
            ],
        ),
        (Received(b"USER j"), [READ_CLIENT]),
        (Received(b"oe\r\n"), [Deadline(60), Send(Side.CLIENT, b"+OK USER set\r\n"), READ_CLIENT]),
        (Received(b"PASS hunter2\r\nSTAT\r\n"), [Deadline(60), Deadline(30), Lookup(b"joe")]),
        (FOUND, [Connect("other.example", "2110", tls=False)]),
        (UP, [READ_SERVER]),
        (Received(b"+OK real\r\n"), [Send(Side.SERVER, b"USER joe\r\n"), Deadline(60), READ_SERVER]),
        (Received(b"+OK\r\n"), [Send(Side.SERVER, b"PASS hunter2\r\n"), READ_SERVER]),
        (
            Received(b"+OK 3 messages\r\n+OK 3 120\r\n"),
            [
                Log(Level.NOTICE, auth(POP3, "ok", server="other.example:2110")),
                Relay(
                    reply=b"+OK You are so in\r\n",
                    to_client=b"+OK 3 120\r\n",
                    to_server=b"STAT\r\n",
                    auth=auth(POP3, "ok", server="other.example:2110"),
                    closing=f"Closing session: {WAY} {JOE}",
                    idle_farewell=b"",
                ),
            ],
        ),
    ]
    session = new_session(POP3)

    assert [session.start() if answer is None else session.handle(answer) for answer, _ in book] == [
        effects for _, effects in book
    ]


def test_who_started_us_for_one_connection_is_named() -> None:
    """inetd_mode."""
    played = play(new_session(POP3, inetd_pid=42), b"QUIT\r\n")

    assert played.lines()[0] == f"Connect:  {WAY} inetd_pid=42"


def test_without_addresses_the_lines_have_none() -> None:
    """inetd_mode over pipes, as perdition 2.2 writes them."""
    session = Session(policy(POP3, inetd_pid=42), Endpoints(("", 0), ("", 0), "mail.example"))
    played = play(session, *to_log_in(POP3), WORDS[POP3].good)

    assert played.lines()[0] == "Connect:  inetd_pid=42"
    assert played.relay.auth.startswith("Auth: client-secure=plaintext authorisation_id=NONE ")
    assert played.relay.closing == f"Closing session: {JOE}"


@pytest.mark.requirement("rfc2595-2.2-2")
@each
def test_log_in(proto: Proto) -> None:
    words = WORDS[proto]
    played = play(new_session(proto)).then(*to_log_in(proto), words.good)

    assert played.to_server == b"".join(says for says, _ in words.steps)
    assert played.relay.reply.endswith(words.welcome)
    assert (played.relay.to_client, played.relay.to_server) == (b"", b"")
    assert played.relay.closing == f"Closing session: {WAY} {JOE}"
    assert played.lines() == [auth(proto, "ok")]


@pytest.mark.requirement("rfc5161-3.1-3")
@pytest.mark.requirement("rfc9051-5.5-2")
@pytest.mark.requirement("rfc9051-6.3.1-3")
@each
def test_what_stands_behind_the_log_in_is_handed_over_untouched(proto: Proto) -> None:
    words = WORDS[proto]
    mail = b"\0\r\n\xff STARTTLS {5}\n"
    played = play(new_session(proto)).then(words.log_in + mail, *to_log_in(proto)[1:], words.good + mail[::-1])

    assert (played.relay.to_server, played.relay.to_client) == (mail, mail[::-1])


@each
def test_what_stood_before_a_pipelined_log_in_is_answered(proto: Proto) -> None:
    """Replies that were written on the way to the log-in were lost when it was good."""
    words = WORDS[proto]
    before, answer = {
        POP3: (b"CAPA\r\n", b".\r\n+OK USER set\r\n"),
        IMAP4: (b"n NOOP\r\n", b"n OK NOOP\r\n"),
        MANAGESIEVE: (b"NOOP\r\n", b'OK "NOOP completed"\r\n'),
    }[proto]
    asked = play(new_session(proto)).then(before + words.log_in)

    assert asked.to_client.endswith(answer)
    assert asked.last == Lookup(b"joe")
    assert asked.then(*to_log_in(proto)[1:], words.good).to_client == words.welcome


@each
def test_octet_by_octet(proto: Proto) -> None:
    words = WORDS[proto]

    def drip(data: Said) -> list[Said]:
        return [data[at : at + 1] for at in range(len(data))] if isinstance(data, bytes) else [data]

    answers = (*to_log_in(proto), words.good)
    whole = play(new_session(proto), *answers)
    dripped = play(new_session(proto), *(octet for answer in answers for octet in drip(answer)))

    assert dripped.to_client == whole.to_client
    assert dripped.to_server == whole.to_server
    assert dripped.last == whole.last
    assert dripped.lines() == whole.lines()


# --- refusals, and what comes behind them


@pytest.mark.requirement("rfc3501-11.2-4")
@pytest.mark.requirement("rfc9051-11.7-4")
@pytest.mark.requirement("rfc9051-11.7-5")
@each
def test_a_failed_log_in_then_a_good_one(proto: Proto) -> None:
    words = WORDS[proto]
    played = play(new_session(proto)).then(*to_log_in(proto))
    failed = played.then(words.bad)

    assert failed.effects == [Send(Side.SERVER, words.good_bye), HangUp(), Deadline(0), Delay(3)]

    told = failed.then(WOKE)

    assert told.effects == [
        Deadline(60),  # for what is sent now, too: a client that does not read must not hold us
        Send(Side.CLIENT, words.refusal),
        Log(Level.NOTICE, auth(proto, "failed: Re-Authentication Failure")),
        READ_CLIENT,
    ]

    again = told.then(*to_log_in(proto), words.good)

    assert again.relay.reply.endswith(words.welcome)
    assert again.lines() == [auth(proto, "ok")]


def test_pop3_wants_user_again_behind_a_refusal() -> None:
    played = play(new_session(POP3)).then(*to_log_in(POP3), WORDS[POP3].bad, WOKE).then(b"PASS hunter2\r\n")

    assert played.to_client == b"-ERR expected USER before PASS\r\n"
    assert played.last == READ_CLIENT


@each
def test_what_was_pipelined_behind_a_failed_log_in_is_done(proto: Proto) -> None:
    words = WORDS[proto]
    played = play(new_session(proto)).then(words.log_in + words.log_out, *to_log_in(proto)[1:], words.bad)
    told = played.then(WOKE)

    assert told.to_client.startswith(words.refusal)
    assert told.last == Close()
    assert told.lines(Level.INFO) == [f'Closing NULL session: {WAY} authorisation_id=NONE authentication_id="(null)"']


@pytest.mark.requirement("rfc3501-11.2-4")
@pytest.mark.requirement("rfc9051-11.7-4")
@pytest.mark.requirement("rfc9051-11.7-5")
@each
def test_each_failure_counts_and_the_last_one_ends_the_session(proto: Proto) -> None:
    words = WORDS[proto]
    first = play(new_session(proto, failures=2)).then(*to_log_in(proto), words.bad, WOKE)

    assert first.last == READ_CLIENT

    second = first.then(*to_log_in(proto), words.bad, WOKE)

    assert words.refusal + words.bye + b"too many log-ins have failed" in second.to_client
    assert second.last == Close()
    assert second.errors == [f"Too many failed log-ins of client {WAY}"]
    assert len(second.statuses) == 1


@each
def test_log_ins_can_be_disabled(proto: Proto) -> None:
    refused = play(new_session(proto, login_disabled=True)).then(WORDS[proto].log_in)

    assert refused.last == Delay(3)

    told = refused.then(WOKE)

    assert b"failed: Login Disabled" in told.to_client
    assert told.lines() == [auth(proto, "failed: Login Disabled", server="(null):(null)")]
    assert told.last == READ_CLIENT


PASSWORD_SHOWN = ' passwd="hunter2" '


@each
@pytest.mark.parametrize("when", LogPasswd)
def test_the_log_shows_the_passwords_that_the_administrator_wants_to_see(proto: Proto, when: LogPasswd) -> None:
    words = WORDS[proto]
    refused = play(new_session(proto, log_passwd=when)).then(*to_log_in(proto), words.bad, WOKE)
    done = refused.then(*to_log_in(proto), words.good)
    [failed], [worked] = refused.lines(), done.lines()

    assert (PASSWORD_SHOWN in failed) is when.covers(good=False)
    assert (PASSWORD_SHOWN in worked) is when.covers(good=True)
    assert done.relay.auth == worked
    assert "hunter2" not in done.relay.closing


# --- the map


@attrs.frozen
class Refusal:
    """What comes of an answer: status and code, in each protocol."""

    answer: Answer
    status: str
    codes: dict[Proto, bytes]
    why: str


UNAVAILABLE = {POP3: b"[SYS/TEMP]", IMAP4: b"[UNAVAILABLE]", MANAGESIEVE: b"(TRYLATER)"}
MISCONFIGURED = {POP3: b"[SYS/PERM]", IMAP4: b"[CONTACTADMIN]", MANAGESIEVE: b""}
NO_ANSWERS = [
    Refusal(Unavailable("no route"), "failed: Lookup unavailable", UNAVAILABLE, "map: no route"),
    Refusal(LATE, "failed: Lookup unavailable", UNAVAILABLE, "map: timed out"),
    Refusal(Broken("row 7"), "failed: Lookup broken", MISCONFIGURED, "map: row 7"),
    Refusal(Found(b"\xff"), "failed: Lookup broken", MISCONFIGURED, "map: expected a server and a port in ASCII"),
]


@pytest.mark.requirement("rfc5530-3-1")
@pytest.mark.requirement("rfc5530-3-5")
@each
@pytest.mark.parametrize("refusal", NO_ANSWERS, ids=lambda refusal: refusal.why)
def test_a_map_without_an_answer(proto: Proto, refusal: Refusal) -> None:
    refused = play(new_session(proto)).then(WORDS[proto].log_in, refusal.answer)

    assert refused.last == Delay(3)
    assert not refused.hangs_up

    told = refused.then(WOKE)

    assert refusal.status.encode() in told.to_client
    assert refusal.codes[proto] in told.to_client
    assert told.lines() == [
        f"Real server for {WAY}: {refusal.why}",
        auth(proto, refusal.status, server="(null):1110"),
    ]
    assert told.last == READ_CLIENT


ROUTES: list[tuple[bytes, Connect]] = [
    (b"other.example", Connect("other.example", "1110", tls=False)),
    (b"other.example:2110", Connect("other.example", "2110", tls=False)),
    (b"jane@other.example:2110", Connect("other.example", "2110", tls=False)),
    (b"[2001:db8::1]:2110", Connect("2001:db8::1", "2110", tls=False)),
    (b"", Connect("real.example", "1110", tls=False)),
    (b"jane@", Connect("real.example", "1110", tls=False)),
    (b":2110", Connect("real.example", "1110", tls=False)),
]


@each
@pytest.mark.parametrize(("value", "connect"), ROUTES, ids=[value.decode() or "empty" for value, _ in ROUTES])
def test_where_a_map_sends_a_user(proto: Proto, value: bytes, connect: Connect) -> None:
    played = play(new_session(proto), WORDS[proto].log_in, Found(value))

    assert played.last == connect


@each
@pytest.mark.parametrize("answer", [ABSENT, Found(b""), Found(b"joe@")], ids=["absent", "empty", "user only"])
def test_no_map_and_no_default_server(proto: Proto, answer: Absent | Found) -> None:
    told = play(new_session(proto, outgoing_servers=())).then(WORDS[proto].log_in, answer, WOKE)

    assert b"failed: Could not determine server" in told.to_client
    assert MISCONFIGURED[proto] in told.to_client
    assert told.lines() == [auth(proto, "failed: Could not determine server", server="(null):1110")]


@each
def test_default_servers_are_asked_by_turn(proto: Proto) -> None:
    session = new_session(proto, turn=1, outgoing_servers=(("a", None), ("b", "2110"), ("c", None)))
    asked = []
    played = play(session)
    for _ in range(4):
        played = played.then(WORDS[proto].log_in, ABSENT)
        asked.append(played.last)
        played = played.then(Failed("refused"), WOKE)

    assert asked == [Connect(*at, tls=False) for at in (("b", "2110"), ("c", "1110"), ("a", "1110"), ("b", "2110"))]


@each
def test_a_server_of_the_map_takes_no_turn(proto: Proto) -> None:
    session = new_session(proto, outgoing_servers=(("a", None), ("b", None)))
    log_in = WORDS[proto].log_in
    played = play(session, log_in, FOUND, Failed("refused"), WOKE, log_in, ABSENT)

    assert played.last == Connect("a", "1110", tls=False)


# --- the user of the map's result


NAMES: list[tuple[bool, bytes, bytes]] = [
    (False, b"jane@other", b"joe"),
    (True, b"jane@other", b"jane"),
    (True, b"jane@real@other", b"jane@real"),
    (True, b"other", b"joe"),
    (True, b"@other", b"joe"),
    (True, b"jane@", b"jane"),
]


@pytest.mark.parametrize(("username_from_database", "value", "name"), NAMES)
def test_the_user_of_the_map_logs_in_if_the_option_says_so(
    username_from_database: bool, value: bytes, name: bytes
) -> None:
    session = new_session(POP3, username_from_database=username_from_database)
    played = play(session).then(WORDS[POP3].log_in, Found(value), UP, b"+OK\r\n")

    assert played.to_server == b"USER %s\r\n" % name

    done = played.then(b"+OK\r\n", b"+OK\r\n")

    assert f'authentication_id="{name.decode()}"' in done.lines()[-1]
    assert f'authentication_id="{name.decode()}"' in done.relay.closing


@pytest.mark.requirement("rfc3501-6.2.2-9")
@pytest.mark.requirement("rfc9051-6.2.2-17")
@each
@pytest.mark.parametrize(("user", "name"), [(b"", b"jim"), (b"jane@", b"jane")])
def test_an_authzid_is_kept_apart_and_is_what_the_map_knows(proto: Proto, user: bytes, name: bytes) -> None:
    asked = play(new_session(proto, username_from_database=True)).then(
        sasl_begin(proto, b"PLAIN", b"jim\0joe\0hunter2")
    )

    assert asked.last == Lookup(b"jim")

    greeting = {
        POP3: (b"+OK\r\n", b"+OK\r\nSASL PLAIN\r\n.\r\n"),
        IMAP4: (b"* OK [CAPABILITY AUTH=PLAIN SASL-IR] real\r\n",),
        MANAGESIEVE: (b'"SASL" "PLAIN"\r\nOK\r\n',),
    }[proto]
    good = {POP3: b"+OK\r\n", IMAP4: b"p1 OK\r\n", MANAGESIEVE: b"OK\r\n"}[proto]
    played = asked.then(Found(user + b"other"), UP, *greeting)
    expected = sasl_begin(proto, b"PLAIN", name + b"\0joe\0hunter2").replace(b"a AUTH", b"p1 AUTH")

    assert played.to_server.endswith(expected)

    done = played.then(good)

    assert f'authorisation_id="{name.decode()}" authentication_id="joe"' in done.lines()[-1]
    assert done.relay.closing.endswith(f'authorisation_id="{name.decode()}" authentication_id="joe"')


# --- the real server cannot be reached


NO_CONNECTIONS = [
    Refusal(Failed("refused"), "failed: Could not connect to server", UNAVAILABLE, "refused"),
    Refusal(Failed("expired", tls=True), "failed: TLS negotiation failure", UNAVAILABLE, "expired"),
    Refusal(LATE, "failed: Could not connect to server", UNAVAILABLE, "timed out"),
]


@pytest.mark.requirement("rfc5530-3-1")
@each
@pytest.mark.parametrize("refusal", NO_CONNECTIONS, ids=lambda refusal: refusal.why)
def test_no_connection(proto: Proto, refusal: Refusal) -> None:
    refused = play(new_session(proto)).then(WORDS[proto].log_in, ABSENT, refusal.answer)

    assert refused.last == Delay(3)

    told = refused.then(WOKE)

    assert refusal.status.encode() in told.to_client
    assert refusal.codes[proto] in told.to_client
    assert told.lines() == [
        f"Real server real.example:1110 for {WAY}: {refusal.why}",
        auth(proto, refusal.status),
    ]


@each
def test_a_late_connection_is_hung_up(proto: Proto) -> None:
    """A handshake that took too long had left its connection open until the next one."""
    late = play(new_session(proto, server_tls=Tls.IMPLICIT)).then(WORDS[proto].log_in, ABSENT, LATE)

    assert late.hangs_up


@each
def test_a_real_server_that_is_silent(proto: Proto) -> None:
    words = WORDS[proto]
    for answers in ((words.log_in, ABSENT, UP), to_log_in(proto)):
        told = play(new_session(proto)).then(*answers, LATE, WOKE)

        assert b"failed: Real server timed out" in told.to_client
        assert UNAVAILABLE[proto] in told.to_client
        assert told.errors == [f"Real server real.example:1110 for {WAY}: expected an answer, none came in time"]
        assert told.hangs_up


# --- TLS with the client


@each
@pytest.mark.parametrize("tls", [Tls.OFFERED, Tls.REQUIRED])
def test_starttls_then_log_in(proto: Proto, tls: Tls) -> None:
    words = WORDS[proto]
    asked = play(new_session(proto, client_tls=tls)).then(words.start_tls)

    assert asked.effects == [Deadline(60), Send(Side.CLIENT, words.go_ahead), StartTls(Side.CLIENT)]

    done = asked.then(TLS, *to_log_in(proto), words.good)

    assert done.relay.reply.endswith(words.welcome)
    assert done.lines() == [auth(proto, "ok", secure="starttls")]


@pytest.mark.requirement("rfc8314-3.2-2")
@pytest.mark.requirement("rfc8314-3.2-3")
@pytest.mark.requirement("rfc9051-11.2-2")
@each
def test_implicit_tls_then_log_in(proto: Proto) -> None:
    """ManageSieve said its capabilities twice, and broke on it."""
    words = WORDS[proto]
    started = play(new_session(proto, client_tls=Tls.IMPLICIT))

    assert started.effects == [Log(Level.INFO, f"Connect:  {WAY}"), Deadline(60), StartTls(Side.CLIENT)]

    greeted = started.then(TLS)

    assert greeted.effects[0] == Deadline(60)  # the handshake has used up none of the client's time
    assert greeted.to_client == play(new_session(proto)).to_client

    done = greeted.then(*to_log_in(proto), words.good)

    assert done.relay.reply.endswith(words.welcome)
    assert done.lines() == [auth(proto, "ok", secure="ssl")]


@pytest.mark.requirement("rfc3501-11.1-8")
@pytest.mark.requirement("rfc9051-11.1-7")
@pytest.mark.requirement("rfc2595-2.5-1")
@each
@pytest.mark.parametrize("answer", [Failed("no cipher"), LATE], ids=["failed", "late"])
@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.OFFERED])
def test_a_handshake_that_fails_is_the_end(proto: Proto, tls: Tls, answer: Answer) -> None:
    played = play(new_session(proto, client_tls=tls))
    failed = (played if tls is Tls.IMPLICIT else played.then(WORDS[proto].start_tls)).then(answer)
    what = "SSL connection to client" if tls is Tls.IMPLICIT else "TLS connection"
    why = answer.why if isinstance(answer, Failed) else "timed out"

    assert failed.effects == [Log(Level.ERR, f"Fatal error establishing {what} {WAY}: {why}"), Close()]


@pytest.mark.requirement("rfc9051-6.2.1-3")
@each
def test_octets_in_clear_behind_starttls_are_the_end(proto: Proto) -> None:
    words = WORDS[proto]
    played = play(new_session(proto, client_tls=Tls.OFFERED)).then(words.start_tls + words.log_in)

    assert played.last == Close()
    assert played.to_client.startswith(words.bye + b"injected")
    assert played.errors == [f"Protocol error of client {WAY}: expected nothing in clear behind STARTTLS (injected)"]


@each
def test_tls_stays_behind_a_failed_log_in(proto: Proto) -> None:
    """The C program forgets it (its bug T03)."""
    words = WORDS[proto]
    played = play(new_session(proto, client_tls=Tls.REQUIRED), words.start_tls, TLS, *to_log_in(proto), words.bad, WOKE)
    again = played.then(*to_log_in(proto), words.good)

    assert isinstance(again.last, Relay)
    assert again.lines() == [auth(proto, "ok", secure="starttls")]


# --- TLS with the real server: what comes of it is in test_back.py


@each
def test_starttls_with_the_real_server(proto: Proto) -> None:
    to_tls: tuple[Said, ...] = (WORDS[proto].log_in, ABSENT, UP, *OFFERS[proto], AGREED[proto])
    agreed = play(new_session(proto, server_tls=Tls.REQUIRED)).then(*to_tls)

    assert agreed.last == StartTls(Side.SERVER, "real.example")

    done = agreed.then(TLS, *SECURED[proto], GOOD_UNDER_TLS[proto])

    assert isinstance(done.last, Relay)
    assert done.lines() == [auth(proto, "ok").replace("server-secure=plaintext", "server-secure=starttls")]


@pytest.mark.requirement("rfc2595-2.5-1")
@each
@pytest.mark.parametrize("answer", [Failed("expired"), LATE], ids=["failed", "late"])
def test_a_handshake_with_the_real_server_that_fails(proto: Proto, answer: Answer) -> None:
    to_tls: tuple[Said, ...] = (WORDS[proto].log_in, ABSENT, UP, *OFFERS[proto], AGREED[proto])
    failed = play(new_session(proto, server_tls=Tls.OFFERED)).then(*to_tls).then(answer)

    assert failed.effects == [HangUp(), Deadline(0), Delay(3)]
    assert failed.then(WOKE).statuses == ["failed: TLS negotiation failure"]


def test_what_cannot_be_said_under_tls_is_refused() -> None:
    """POP3 has nothing to wait for behind the handshake, and an empty name no way to log in."""
    session = new_session(POP3, server_tls=Tls.REQUIRED, username_from_database=True)
    to_tls: tuple[Said, ...] = (WORDS[POP3].log_in, Found(b"a\0b@other"), UP, *OFFERS[POP3], AGREED[POP3])
    told = play(session).then(*to_tls, TLS, WOKE)

    assert told.to_client.endswith(WORDS[POP3].refusal)


@each
def test_implicit_tls_with_the_real_server(proto: Proto) -> None:
    words = WORDS[proto]
    done = play(new_session(proto, server_tls=Tls.IMPLICIT)).then(*to_log_in(proto), words.good)

    assert Connect("real.example", "1110", tls=True) in done.effects
    assert done.lines() == [auth(proto, "ok").replace("server-secure=plaintext", "server-secure=ssl")]


@each
@pytest.mark.parametrize(
    "answer", [Failed("refused"), Failed("expired", tls=True), LATE], ids=["refused", "tls", "late"]
)
def test_the_log_says_that_implicit_tls_was_wanted(proto: Proto, answer: Answer) -> None:
    """Also of a real server that cannot be reached, as perdition 2.2 does."""
    refused = play(new_session(proto, server_tls=Tls.IMPLICIT)).then(WORDS[proto].log_in, ABSENT, answer, WOKE)

    assert [line.partition("server-secure=")[2].partition(" ")[0] for line in refused.lines() if "Auth:" in line] == [
        "ssl"
    ]


def test_a_log_in_in_clear_where_tls_is_demanded() -> None:
    refused = play(new_session(IMAP4, client_tls=Tls.REQUIRED)).then(WORDS[IMAP4].log_in)

    assert refused.effects == [Deadline(60), Deadline(0), Delay(3)]
    assert refused.then(WOKE).lines() == [auth(IMAP4, "failed: Login Disabled", server="(null):(null)")]


# --- the client leaves, breaks the rules, or is silent


@each
def test_a_client_that_leaves(proto: Proto) -> None:
    words = WORDS[proto]
    played = play(new_session(proto)).then(words.log_out)

    assert b"OK" in played.to_client
    assert played.lines() == [f'Closing NULL session: {WAY} authorisation_id=NONE authentication_id="(null)"']
    assert played.last == Close()


@each
@pytest.mark.parametrize("octets", [b"", b"half a command"])
def test_a_client_that_is_gone(proto: Proto, octets: bytes) -> None:
    played = play(new_session(proto)).then(*([octets] if octets else []), EOF)

    assert played.to_client == b""
    assert played.errors == [f"Fatal Error reading authentication information from client {WAY}: Exiting child"]
    assert played.last == Close()


@pytest.mark.requirement("rfc3501-3.4-3")
@pytest.mark.requirement("rfc9051-3.4-3")
@pytest.mark.requirement("rfc1939-3-17")
@each
def test_a_client_that_is_silent(proto: Proto) -> None:
    played = play(new_session(proto)).then(LATE)
    farewell = b"" if proto is POP3 else WORDS[proto].bye + b"silent for too long"

    assert played.to_client.startswith(farewell)
    assert bool(played.to_client) is bool(farewell)
    assert played.errors == [
        f"Fatal Error: Timeout reading authentication information from client {WAY}: Exiting child"
    ]
    assert played.last == Close()


@pytest.mark.requirement("rfc3501-3.4-3")
@pytest.mark.requirement("rfc9051-3.4-3")
@each
def test_a_daemon_that_stops(proto: Proto) -> None:
    played = play(new_session(proto)).then(STOP)

    assert played.to_client.startswith(WORDS[proto].bye + b"this server is going down")
    assert played.lines() == [f'Closing NULL session: {WAY} authorisation_id=NONE authentication_id="(null)"']
    assert played.last == Close()


@each
def test_a_daemon_that_stops_in_the_middle_of_a_handshake(proto: Proto) -> None:
    played = play(new_session(proto, client_tls=Tls.IMPLICIT)).then(STOP)

    assert played.to_client == b""
    assert played.lines() == [f'Closing NULL session: {WAY} authorisation_id=NONE authentication_id="(null)"']
    assert played.last == Close()


@each
def test_a_client_whose_octets_cannot_be_framed(proto: Proto) -> None:
    played = play(new_session(proto)).then(b"bare\n")

    assert played.to_client.startswith(WORDS[proto].bye + b"syntax")
    assert played.errors == [f"Protocol error of client {WAY}: expected CR before LF at the end of a line (syntax)"]
    assert played.last == Close()


# --- deadlines


@pytest.mark.requirement("rfc3501-5.4-2")
@pytest.mark.requirement("rfc1939-3-15")
@each
def test_a_whole_command_earns_patience_and_single_octets_do_not(proto: Proto) -> None:
    command = {POP3: b"CAPA\r\n", IMAP4: b"a NOOP\r\n", MANAGESIEVE: b"NOOP\r\n"}[proto]
    octets = [command[at : at + 1] for at in range(len(command))]
    played = play(new_session(proto)).then(*octets)

    assert [[effect for effect in batch if isinstance(effect, Deadline)] for batch in played.batches] == [
        *([] for _ in octets[1:]),
        [Deadline(60)],
    ]


@each
def test_a_bad_command_is_a_whole_one(proto: Proto) -> None:
    assert play(new_session(proto)).then(b"a b c\r\n").deadlines == [60]


PATIENCE = [(30, 60, 30), (30, 20, 20), (0, 20, 20), (30, 0, 30), (0, 0, 0)]


@each
@pytest.mark.parametrize(("connect_timeout", "authenticate_timeout", "patience"), PATIENCE)
def test_how_long_the_real_server_may_take(
    proto: Proto, connect_timeout: float, authenticate_timeout: float, patience: float
) -> None:
    session = new_session(proto, connect_timeout=connect_timeout, authenticate_timeout=authenticate_timeout)
    played = play(session).then(*to_log_in(proto))

    assert played.deadlines == [authenticate_timeout, patience, authenticate_timeout]


@each
def test_a_real_server_that_talks_on_earns_nothing(proto: Proto) -> None:
    words = WORDS[proto]
    played = play(new_session(proto)).then(words.log_in, ABSENT, UP)
    octets = [words.greeting[at : at + 1] for at in range(len(words.greeting) - 1)]

    assert played.then(*octets).deadlines == []


# --- the contract with the driver


@each
def test_only_answers_that_fit(proto: Proto) -> None:
    answers: tuple[Answer, ...] = (Received(b""), TLS, UP, Failed(""), WOKE, LATE, STOP, ABSENT, FOUND)
    words = WORDS[proto]
    reach: dict[type, tuple[Said, ...]] = {
        Read: (),
        StartTls: (words.start_tls,),
        Lookup: (words.log_in,),
        Connect: (words.log_in, ABSENT),
        Delay: (words.log_in, LATE),
        Relay: (*to_log_in(proto), words.good),
        Close: (EOF,),
    }
    for wait, said in reach.items():
        for answer in answers:
            session = new_session(proto, client_tls=Tls.OFFERED)
            played = play(session, *said)

            assert type(played.last) is wait
            if type(answer) in ANSWERS[wait]:
                session.handle(answer)
                continue
            with pytest.raises(LocalProtocolError, match=f"{type(answer).__name__} does not answer {wait.__name__}"):
                session.handle(answer)


def test_an_answer_before_the_start() -> None:
    with pytest.raises(LocalProtocolError, match="does not answer"):
        new_session(POP3).handle(WOKE)


def test_public_names() -> None:
    import perdition.session

    assert set(perdition.session.__all__) == {
        "Endpoints",
        "LogPasswd",
        "Names",
        "Policy",
        "Proto",
        "Session",
        "State",
        "Tls",
    }
    assert perdition.session.Session is Session


def test_the_first_default_server_is_the_first_in_turn() -> None:
    servers = (("one.example", None), ("two.example", None))
    session = Session(policy(POP3, outgoing_servers=servers), ENDPOINTS)

    assert play(session).then(WORDS[POP3].log_in, ABSENT).last == Connect("one.example", "1110", tls=False)


# --- the way to the real server without a client, as `perdition-map lookup` asks for it

LOOKED_UP = Policy(proto=Proto.POP3, label="POP3", capabilities=(b"USER",), outgoing_port="110")
LOOKING = Endpoints(("127.0.0.1", 0), ("127.0.0.1", 110), "127.0.0.1")


def test_the_way_is_that_of_a_client_who_logs_in() -> None:
    names = Names(query_key=(b"\\u", b"\\U"), strip_domain=frozenset({State.REMOTE_LOGIN}))
    session = Session(attrs.evolve(LOOKED_UP, names=names), LOOKING)

    assert session.find_server(Credentials(b"joe@example.org", Secret(b"")))[-1] == Lookup(b"joe")
    assert session.handle(Absent())[-1] == Lookup(b"joe@example.org")
    assert session.handle(Found(b"h:1"))[-1] == Connect("h", "1", False)
    assert session.for_real_server.authcid == b"joe"


def test_nothing_forbids_it() -> None:
    session = Session(attrs.evolve(LOOKED_UP, client_tls=Tls.REQUIRED, login_disabled=True), LOOKING)

    assert session.find_server(Credentials(b"joe", Secret(b"")))[-1] == Lookup(b"joe")


def test_why_it_is_refused() -> None:
    session = Session(LOOKED_UP, LOOKING)
    session.find_server(Credentials(b"joe", Secret(b"")))

    assert isinstance(session.handle(Unavailable("down"))[-1], Delay)
    assert session.refusal.outcome is Outcome.MAP_UNAVAILABLE
    assert session.refusal.why == "map: down"


def test_a_user_may_name_his_server() -> None:
    session = Session(attrs.evolve(LOOKED_UP, names=Names(client_server_specification=True)), LOOKING)

    assert session.find_server(Credentials(b"joe@h:1", Secret(b"")))[-1] == Connect("h", "1", tls=False)
    assert session.for_real_server.authcid == b"joe"


def test_a_key_that_cannot_be_formed_is_not_asked_for() -> None:
    servers = (("default.example", None),)
    policy = attrs.evolve(LOOKED_UP, names=Names(query_key=(rb"\x",)), outgoing_servers=servers)
    effects = Session(policy, LOOKING).find_server(Credentials(b"joe", Secret(b"")))

    assert effects[-1] == Connect("default.example", "110", tls=False)
    assert any(isinstance(effect, Log) and effect.line.startswith("Map is not asked for") for effect in effects)
