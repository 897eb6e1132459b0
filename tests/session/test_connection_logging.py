"""connection_logging: all that is said up to the log-in, in lines like the C program's, without passwords."""

import base64
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from perdition.session import Proto, Tls
from perdition.session.effects import Failed, Level, NotAuthenticated, Relay, Send
from tests.laws import CANARY, shows
from tests.session.helpers import (
    ABSENT,
    AGREED,
    GOOD_UNDER_TLS,
    IMAP4,
    LATE,
    MANAGESIEVE,
    OFFERS,
    POP3,
    PROTOS,
    READ_CLIENT,
    SECURED,
    STOP,
    TLS,
    UP,
    WAY,
    WOKE,
    WORDS,
    Played,
    Said,
    new_session,
    play,
    sasl_begin,
    sasl_raw,
    sasl_response,
    to_log_in,
)

each = pytest.mark.parametrize("proto", PROTOS, ids=[proto.value for proto in PROTOS])


def logged(proto: Proto, *answers: Said, **changes: Any) -> Played:
    """Play a session whose log shows what is said."""
    return play(new_session(proto, connection_logging=True, **changes), *answers)


def said(played: Played) -> list[str]:
    """Give the lines without their end, which is the same for all."""
    lines = played.lines(Level.DEBUG)

    assert all(line.endswith(f'" {WAY}') for line in lines)
    return [line.removesuffix(f" {WAY}") for line in lines]


# --- the lines


GREETING = r'SELF:   "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] perdition ready on mail.example cafe0123\r\n"'
TRANSCRIPTS = {
    POP3: [
        r'SELF:   "+OK POP3 perdition ready on mail.example cafe0123\r\n"',
        r'CLIENT: "USER joe\r\n"',
        r'CLIENT: "PASS ***\r\n"',
        r'SELF:   "+OK USER set\r\n"',
        r'REAL:   "+OK real\r\n"',
        r'SELF:   "USER joe\r\n"',
        r'REAL:   "+OK\r\n"',
        r'SELF:   "PASS ***\r\n"',
        r'REAL:   "+OK 3 messages\r\n"',
        r'SELF:   "+OK You are so in\r\n"',
    ],
    IMAP4: [
        GREETING,
        r'CLIENT: "a LOGIN joe ***\r\n"',
        r'REAL:   "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] real\r\n"',
        r'SELF:   "p1 LOGIN \"joe\" ***\r\n"',
        r'REAL:   "p1 OK in\r\n"',
        r'SELF:   "a OK You are so in\r\n"',
    ],
    MANAGESIEVE: [
        r'SELF:   "\"IMPLEMENTATION\" \"perdition\"\r\n\"SASL\" \"PLAIN\"\r\n'
        r'OK \"perdition ready on mail.example cafe0123\"\r\n"',
        r'CLIENT: "AUTHENTICATE \"PLAIN\" ***\r\n"',
        r'REAL:   "\"SASL\" \"PLAIN\"\r\n"',
        r'REAL:   "\"STARTTLS\"\r\n"',
        r'REAL:   "OK \"real\"\r\n"',
        r'SELF:   "AUTHENTICATE \"PLAIN\" ***\r\n"',
        r'REAL:   "OK \"in\"\r\n"',
        r'SELF:   "OK \"You are so in\"\r\n"',
    ],
}


@each
def test_a_whole_log_in(proto: Proto) -> None:
    played = logged(proto, *to_log_in(proto), WORDS[proto].good)

    assert said(played) == TRANSCRIPTS[proto]
    assert isinstance(played.last, Relay)
    assert played.last.shown_as == WAY


@each
def test_without_the_option_nothing_of_it_is_logged(proto: Proto) -> None:
    played = play(new_session(proto), *to_log_in(proto), WORDS[proto].good)

    assert played.lines(Level.DEBUG) == []
    assert played.relay.shown_as is None


@each
def test_what_stands_behind_the_log_in_is_left_to_the_relay(proto: Proto) -> None:
    words = WORDS[proto]
    played = logged(proto, words.log_in + b"BEHIND\r\n", *to_log_in(proto)[1:], words.good + b"MORE\r\n")

    assert said(played) == TRANSCRIPTS[proto]
    assert (played.relay.to_server, played.relay.to_client) == (b"BEHIND\r\n", b"MORE\r\n")


@each
def test_a_failed_log_in_and_the_farewells(proto: Proto) -> None:
    words = WORDS[proto]
    told = logged(proto, *to_log_in(proto), words.bad, WOKE, failures=1)
    ours = [line for line in said(told) if line.startswith("SELF")]

    assert words.good_bye.strip().decode() in ours[-3]
    assert "failed: Re-Authentication Failure" in ours[-2]
    assert "too many log-ins have failed" in ours[-1]

    stopped = logged(proto, STOP)

    assert "going down" in said(stopped)[-1]

    late = logged(proto, LATE)
    farewells = [effect for effect in late.effects if isinstance(effect, Send)]

    assert len(said(late)) == len(farewells)


def test_a_name_is_written_as_c_writes_it() -> None:
    """As the C program wrote it: octets seen there."""
    played = logged(POP3, b"USER a'\"\\\x07\x08\x0b\x0c\t\x01\xe9?\r\n")

    assert said(played)[1] == r'CLIENT: "USER a\'\"\\\a\b\v\f\t\001\351?\r\n"'


def test_long_ones_are_cut_into_lines() -> None:
    name = b"\xe9" * 1000
    lines = said(logged(POP3, b"USER " + name + b"\r\n"))[1:3]

    assert max(map(len, lines)) < 4095 - len(WAY)
    assert "".join(line.partition('"')[2][:-1] for line in lines) == "USER " + r"\351" * 1000 + r"\r\n"


@each
def test_what_a_real_server_says_that_is_nonsense_is_shown(proto: Proto) -> None:
    words = WORDS[proto]
    played = logged(proto, words.log_in, ABSENT, UP, b"220 \x00 wrong\r\nport")

    assert r'REAL:   "220 \000 wrong\r\nport"' in said(played)


# --- passwords


STRAY = [CANARY + b"\r\n", base64.b64encode(b"\0joe\0" + CANARY) + b"\r\n"]
PLAIN = b"\0joe\0" + CANARY


def forms(proto: Proto) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """Give all ways in which a client may log in, and some in which it may only try."""
    yield "plain, initial", (sasl_begin(proto, b"PLAIN", PLAIN),)
    yield "plain, authzid", (sasl_begin(proto, b"PLAIN", b"jim" + PLAIN),)
    yield "plain, response", (sasl_begin(proto, b"PLAIN"), sasl_response(proto, PLAIN))
    yield "login", (sasl_begin(proto, b"LOGIN"), sasl_response(proto, b"joe"), sasl_response(proto, CANARY))
    yield "unknown mechanism", (sasl_begin(proto, b"XOAUTH2", CANARY),)
    yield "no base64", (sasl_begin(proto, b"PLAIN"), sasl_raw(proto, b"?" + CANARY))
    yield "cancelled, then stray", (sasl_begin(proto, b"PLAIN"), sasl_raw(proto, b"*"), *STRAY)
    yield "stray", tuple(STRAY)
    size = len(CANARY)
    match proto:
        case Proto.POP3:
            yield "pass", (b"USER joe\r\n", b"PASS " + CANARY + b"\r\n")
            yield "pass without user", (b"PASS " + CANARY + b"\r\n",)
            yield "misspelt", (b"PSAS " + CANARY + b"\r\n", b"PASS\t" + CANARY + b"\r\n")
        case Proto.IMAP4:
            yield "atom", (b"a LOGIN joe " + CANARY + b"\r\n",)
            yield "quoted", (b'a LOGIN "joe" "' + CANARY + b'"\r\n',)
            yield "literals", (b"a LOGIN {3}\r\n", b"joe {%d}\r\n" % size, CANARY + b"\r\n")
            yield "literal+", (b"a LOGIN {3+}\r\njoe {%d+}\r\n" % size + CANARY + b"\r\n",)
            yield "literal password", (b"a LOGIN joe {%d}\r\n" % size, CANARY + b"\r\n")
            yield "literal too large", (b"a LOGIN joe {99999999}\r\n", CANARY + b" x\r\n")
            yield "too many", (b"a LOGIN joe " + CANARY + b" {3}\r\n", CANARY + b"\r\n")
            yield "too few", (b"a LOGIN " + CANARY + b"\r\n",)
            yield "initial as literal", (b"a AUTHENTICATE PLAIN {%d}\r\n" % size, CANARY + b"\r\n")
            yield "no tag", (b"LOGIN joe " + CANARY + b"\r\n",)
        case Proto.MANAGESIEVE:
            encoded = base64.b64encode(PLAIN)
            yield "literal", (b'AUTHENTICATE "PLAIN" {%d+}\r\n' % len(encoded) + encoded + b"\r\n",)
            yield "no quotes", (b"AUTHENTICATE PLAIN " + encoded + b"\r\n",)


FORMS = [(proto, name, form) for proto in PROTOS for name, form in forms(proto)]


def go_on(played: Played, *answers: Said) -> Played:
    """Go on; keep what was before."""
    return attrs.evolve(played, batches=played.batches + played.then(*answers).batches)


def talk(played: Played, octets: bytes, size: int) -> Played:
    """Have the client say something in pieces, for as long as it is read."""
    for at in range(0, len(octets), size):
        if played.last == READ_CLIENT:
            played = go_on(played, octets[at : at + size])
    return played


def shows_nothing(played: Played) -> bool:
    return not any(shows(line.encode()) for line in played.lines())


@pytest.mark.parametrize("size", [1, 3, 7, 4096])
@pytest.mark.parametrize(("proto", "name", "form"), FORMS, ids=[f"{proto.value}, {name}" for proto, name, _ in FORMS])
def test_no_password_of_a_client_is_logged(proto: Proto, name: str, form: tuple[bytes, ...], size: int) -> None:
    played = logged(proto)
    for octets in form:
        played = talk(played, octets, size)

    assert shows_nothing(played)
    assert "***" in "".join(said(played))


def test_a_word_that_is_answered_as_if_it_were_a_tag() -> None:
    """A literal whose command was refused: its octets are a command now, and the tag of the answer."""
    played = logged(IMAP4, b"a LOGIN joe {99999999}\r\n", b"correct horse\r\n", b"b NOOP\r\n")

    assert b"correct BAD unknown command\r\n" in played.to_client
    assert said(played)[1:] == [
        r'CLIENT: "a LOGIN joe {99999999}\r\n"',
        r'SELF:   "a BAD [TOOBIG] expected a shorter literal, or none\r\n"',
        r'CLIENT: "***\r\n"',
        r'SELF:   "*** BAD unknown command\r\n"',
        r'CLIENT: "b NOOP\r\n"',
        r'SELF:   "b OK NOOP\r\n"',
    ]


def test_a_tag_is_hidden_only_in_the_answer_to_what_is_no_command() -> None:
    played = logged(IMAP4, b"b WRONG\r\n", b"b NOOP\r\n")

    assert said(played)[1:] == [
        r'CLIENT: "***\r\n"',
        r'SELF:   "*** BAD unknown command\r\n"',
        r'CLIENT: "b NOOP\r\n"',
        r'SELF:   "b OK NOOP\r\n"',
    ]


NOOPS = {POP3: b"NOOP\r\n", IMAP4: b"a NOOP\r\n", MANAGESIEVE: b"NOOP\r\n"}


@each
def test_a_response_that_looks_like_a_command_is_none(proto: Proto) -> None:
    """And a command behind it is one."""
    played = logged(proto, sasl_begin(proto, b"LOGIN"), sasl_raw(proto, b"CAPA"), sasl_raw(proto, b"*"), NOOPS[proto])
    clients = [line for line in said(played) if line.startswith("CLIENT")]

    assert clients[1] == r'CLIENT: "***\r\n"'
    assert "*" in clients[2].replace("***", "")
    assert "NOOP" in clients[3]


def test_a_literal_that_was_refused_is_no_rest_of_its_command() -> None:
    played = logged(IMAP4, b"a LOGIN joe {6}\r\n", b"b LOGIN joe " + CANARY + b"\r\n", login_disabled=True)

    assert said(played)[-1] == r'CLIENT: "b LOGIN joe ***\r\n"'


def test_a_literal_is_not_shown_whatever_its_command() -> None:
    played = logged(IMAP4, b"a ID {3}\r\n", b"abc\r\n", b"b LOGIN joe " + CANARY + b"\r\n")

    assert [line for line in said(played) if line.startswith("CLIENT")] == [
        r'CLIENT: "a ID ***\r\n"',
        r'CLIENT: "***\r\n"',
        r'CLIENT: "b LOGIN joe ***\r\n"',
    ]


@attrs.frozen
class Way:
    """How the real server is logged in to: what it says in turn, and the name and password that lead there."""

    proto: Proto
    name: str
    says: tuple[bytes, ...]
    password: bytes = CANARY
    authzid: bytes = b""


LATIN = CANARY + b"\xe9"
LONG = CANARY + b"x" * 1500
CAPA = b"+OK\r\nSASL PLAIN\r\n.\r\n"
WAYS = [
    Way(POP3, "pass", (b"+OK\r\n", b"+OK\r\n")),
    Way(POP3, "auth, initial", (b"+OK\r\n", CAPA), authzid=b"jim"),
    Way(POP3, "auth, response", (b"+OK\r\n", CAPA, b"+ \r\n"), LONG),
    Way(IMAP4, "quoted", (b"* OK [CAPABILITY IMAP4rev1] hi\r\n",)),
    Way(IMAP4, "literals", (b"* OK [CAPABILITY IMAP4rev1] hi\r\n", b"+ \r\n", b"+ \r\n"), LATIN),
    Way(IMAP4, "literals+", (b"* OK [CAPABILITY IMAP4rev1 LITERAL+] hi\r\n",), LATIN),
    Way(IMAP4, "plain, initial", (b"* OK [CAPABILITY AUTH=PLAIN SASL-IR] hi\r\n",), LATIN),
    Way(IMAP4, "plain, response", (b"* OK [CAPABILITY AUTH=PLAIN] hi\r\n", b"+ \r\n"), LATIN),
    Way(IMAP4, "login", (b"* OK [CAPABILITY AUTH=LOGIN] hi\r\n", b"+ \r\n", b"+ \r\n"), LATIN),
    Way(MANAGESIEVE, "plain", (b'"SASL" "PLAIN"\r\nOK\r\n',)),
    Way(MANAGESIEVE, "literal", (b'"SASL" "PLAIN"\r\nOK\r\n',), LONG),
    Way(MANAGESIEVE, "login", (b'"SASL" "LOGIN"\r\nOK\r\n', b'""\r\n', b'""\r\n')),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.proto.value}, {way.name}")
def test_no_password_for_a_real_server_is_logged(way: Way) -> None:
    name = b"jo\xe9" if way.password is LATIN else b"joe"
    message = way.authzid + b"\0" + name + b"\0" + way.password
    played = logged(
        way.proto, sasl_begin(way.proto, b"PLAIN"), sasl_response(way.proto, message), ABSENT, UP, *way.says
    )

    assert shows(played.to_server)
    assert shows_nothing(played)
    ours = [line for line in said(played) if line.startswith("SELF")]
    assert "***" in ours[-1]
    # As many lines of ours as there were turns: greeting, challenge, and one behind each word of the real server.
    assert len(ours) == 2 + len(way.says)


@each
def test_no_password_is_logged_under_tls_either(proto: Proto) -> None:
    words = WORDS[proto]
    log_in = words.log_in.replace(b"hunter2", CANARY).replace(
        base64.b64encode(b"\0joe\0hunter2"), base64.b64encode(PLAIN)
    )
    started = logged(proto, words.start_tls, TLS, client_tls=Tls.REQUIRED, server_tls=Tls.REQUIRED)
    done = go_on(started, log_in, ABSENT, UP, *OFFERS[proto], AGREED[proto], TLS, *SECURED[proto])
    rest = () if proto is not POP3 else (b"+OK\r\n",)
    done = go_on(done, *rest[1:], GOOD_UNDER_TLS[proto])

    assert isinstance(done.last, Relay)
    assert shows(done.to_server)
    assert shows_nothing(done)


@each
def test_a_log_in_that_is_refused_here_shows_no_password_either(proto: Proto) -> None:
    for changes, answers in (
        ({"login_disabled": True}, ()),
        ({"authenticate_in": True}, (ABSENT, NotAuthenticated("no"))),
        ({}, (ABSENT, Failed("refused"))),
    ):
        for log_in in (sasl_begin(proto, b"PLAIN", PLAIN), *(b"".join(form) for p, _, form in FORMS if p is proto)):
            played = talk(logged(proto, **changes), log_in, 4096)
            if played.last != READ_CLIENT and answers:
                played = go_on(played, *answers, WOKE)

            assert shows_nothing(played)
