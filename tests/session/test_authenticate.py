"""authenticate_in: the system checks the password between the lookup and the real server, in all three protocols."""

from typing import Any

import attrs
import pytest

from perdition.maps.outcome import Broken, Found, Unavailable
from perdition.protocol.secret import Secret
from perdition.session import Endpoints, Names, Proto, Session, State, Tls
from perdition.session.effects import (
    Answer,
    Authenticate,
    Authenticated,
    Close,
    Connect,
    Deadline,
    Delay,
    Failed,
    Level,
    NotAuthenticated,
)
from tests.session.helpers import (
    ABSENT,
    ENDPOINTS,
    FOUND,
    LATE,
    PROTOS,
    READ_CLIENT,
    WAY,
    WOKE,
    WORDS,
    Played,
    new_session,
    play,
    policy,
    sasl_begin,
    to_log_in,
)

POP3, IMAP4, MANAGESIEVE = PROTOS

each = pytest.mark.parametrize("proto", PROTOS, ids=[proto.value for proto in PROTOS])

FITS = Authenticated()
HUNTER2 = Secret(b"hunter2")


def asked(proto: Proto, **changes: Any) -> Played:
    """Play up to where the system is asked."""
    return play(new_session(proto, authenticate_in=True, **changes)).then(WORDS[proto].log_in, ABSENT)


@each
def test_the_system_is_asked_between_the_lookup_and_the_connection(proto: Proto) -> None:
    words = WORDS[proto]
    log_in, user, *rest = to_log_in(proto)
    before = play(new_session(proto, authenticate_in=True)).then(log_in, user)

    assert before.batches[-1] == (Deadline(60), Authenticate(b"joe", HUNTER2))
    assert before.to_server == b""

    connects = before.then(FITS)

    assert connects.effects == [Deadline(30), Connect("real.example", "1110", tls=False)]

    done = connects.then(*rest, words.good)

    assert done.relay.reply.endswith(words.welcome)
    assert [line.partition(" status=")[2] for line in done.lines()] == ['"ok"']


@each
def test_without_the_option_the_system_is_not_asked(proto: Proto) -> None:
    assert play(new_session(proto)).then(WORDS[proto].log_in, ABSENT).last == Connect("real.example", "1110", tls=False)


def test_the_effect_does_not_show_the_password() -> None:
    assert repr(Authenticate(b"joe", HUNTER2)) == "Authenticate(name=b'joe', password=Secret(...))"


REFUSED = {
    POP3: b"-ERR Authentication failure, mate\r\n",
    IMAP4: b"a NO [AUTHENTICATIONFAILED] Authentication failure\r\n",
    MANAGESIEVE: b'NO "Authentication failure"\r\n',
}


@pytest.mark.requirement("rfc5530-3-2")
@each
def test_a_password_that_does_not_fit(proto: Proto) -> None:
    refused = asked(proto).then(NotAuthenticated("Authentication failure"))

    assert refused.effects == [Deadline(0), Delay(3)]

    told = refused.then(WOKE)

    assert told.to_client == REFUSED[proto]
    assert told.statuses == ["failed: local authentication failure"]
    assert 'server="real.example:1110"' in told.lines(Level.NOTICE)[0]
    assert told.errors == [f"Local authentication for {WAY}: Authentication failure"]
    assert told.last == READ_CLIENT

    again = told.then(*to_log_in(proto)[:2], FITS, *to_log_in(proto)[2:], WORDS[proto].good)

    assert again.statuses == ["ok"]


@attrs.frozen
class Trouble:
    """What the driver answers, and what the log says then."""

    answer: Answer
    why: str


TROUBLES = [Trouble(Failed("no\nmodule"), r"no\012module"), Trouble(LATE, "timed out")]
UNAVAILABLE = {POP3: b"-ERR [SYS/TEMP] ", IMAP4: b"a NO [UNAVAILABLE] ", MANAGESIEVE: b"NO (TRYLATER) "}


@pytest.mark.requirement("rfc5530-3-1")
@each
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.why)
def test_a_system_that_cannot_say_is_no_wrong_password(proto: Proto, trouble: Trouble) -> None:
    told = asked(proto).then(trouble.answer, WOKE)

    assert told.to_client.startswith(UNAVAILABLE[proto])
    assert b"failed: local authentication unavailable" in told.to_client
    assert told.statuses == ["failed: local authentication unavailable"]
    assert told.errors == [f"Local authentication for {WAY}: {trouble.why}"]
    assert told.last == READ_CLIENT


@each
@pytest.mark.parametrize("answer", [ABSENT, Unavailable("down"), Broken("row"), Found(b"[")], ids=repr)
def test_whoever_has_no_server_never_reaches_the_system(proto: Proto, answer: Answer) -> None:
    session = new_session(proto, authenticate_in=True, outgoing_servers=())

    assert play(session).then(WORDS[proto].log_in, answer).last == Delay(3)


@pytest.mark.parametrize("changes", [{"login_disabled": True}, {"client_tls": Tls.REQUIRED}], ids=repr)
@each
def test_a_log_in_that_is_forbidden_never_reaches_the_system(proto: Proto, changes: dict[str, Any]) -> None:
    played = play(new_session(proto, authenticate_in=True, **changes)).then(WORDS[proto].log_in)

    assert not [effect for effect in played.effects if isinstance(effect, Authenticate)]


@each
def test_patience_for_the_system_is_that_of_the_log_in(proto: Proto) -> None:
    """Not that of the connection: a module may take its time on purpose."""
    played = asked(proto, authenticate_timeout=7, connect_timeout=5)

    assert played.deadlines[-2:] == [5, 7]
    assert played.then(FITS).deadlines == [5]


@each
def test_a_server_of_the_map_is_asked_for_no_less(proto: Proto) -> None:
    played = play(new_session(proto, authenticate_in=True)).then(WORDS[proto].log_in, FOUND)

    assert played.last == Authenticate(b"joe", HUNTER2)
    assert played.then(FITS).last == Connect("other.example", "2110", tls=False)


# --- the name that the system is asked about


def name_asked(names: Names, typed: bytes, answer: Answer = ABSENT, **changes: Any) -> bytes:
    """Log in by PLAIN; give the name that the system is asked about."""
    endpoints = attrs.evolve(ENDPOINTS, local_name=b"mail.example.net")
    session = Session(policy(IMAP4, names=names, authenticate_in=True, **changes), endpoints)
    played = play(session).then(sasl_begin(IMAP4, b"PLAIN", typed))
    last = played.last if isinstance(played.last, Authenticate) else played.then(answer).last

    assert isinstance(last, Authenticate)
    assert last.password == Secret(b"pw")
    return last.name


def only(*states: State) -> frozenset[State]:
    return frozenset(states)


LOCAL = only(State.LOCAL_AUTHENTICATION)
NAMES = [
    (Names(), b"Joe@Ex", b"Joe@Ex"),
    (Names(strip_domain=LOCAL), b"Joe@Ex", b"Joe"),
    (Names(strip_domain=only(State.SERVERNAME_LOOKUP, State.REMOTE_LOGIN)), b"Joe@Ex", b"Joe@Ex"),
    (Names(lower_case=LOCAL), b"Joe@Ex", b"joe@ex"),
    (Names(lower_case=only(State.SERVERNAME_LOOKUP, State.REMOTE_LOGIN)), b"Joe", b"Joe"),
    (Names(add_domain=LOCAL, explicit_domain=b"Ex"), b"Joe", b"Joe@Ex"),
    (Names(add_domain=LOCAL), b"Joe", b"Joe@example.net"),
    (Names(strip_domain=LOCAL, add_domain=LOCAL, explicit_domain=b"Ex", lower_case=LOCAL), b"Joe@Other", b"joe@ex"),
    (Names(client_server_specification=True), b"Joe@Ex@server:1", b"Joe@Ex"),
    (Names(client_server_specification=True, strip_domain=LOCAL), b"Joe@Ex@server:1", b"Joe"),
]


@pytest.mark.parametrize(("names", "typed", "expected"), NAMES)
def test_what_becomes_of_the_name(names: Names, typed: bytes, expected: bytes) -> None:
    assert name_asked(names, b"\0%b\0pw" % typed) == expected


def test_the_name_from_the_map_takes_its_place() -> None:
    found = Found(b"Jane@other.example")

    assert name_asked(Names(lower_case=LOCAL), b"\0joe\0pw", found, username_from_database=True) == b"jane"
    assert name_asked(Names(lower_case=LOCAL), b"\0joe\0pw", found) == b"joe"


@pytest.mark.parametrize("authzid", [b"jim", b"Joe@Ex"])
def test_with_two_names_the_system_is_asked_about_the_one_whose_password_it_is(authzid: bytes) -> None:
    assert name_asked(Names(strip_domain=LOCAL, lower_case=LOCAL), authzid + b"\0Joe@Ex\0pw") == b"joe"


def test_the_authzid_from_the_map_is_not_what_the_system_is_asked_about() -> None:
    assert name_asked(Names(), b"jim\0joe\0pw", Found(b"jane@other.example"), username_from_database=True) == b"joe"


@each
def test_what_the_system_is_asked_about_changes_nothing_for_the_real_server(proto: Proto) -> None:
    names = Names(strip_domain=LOCAL, add_domain=LOCAL, explicit_domain=b"local", lower_case=LOCAL)
    log_in, *rest = to_log_in(proto)
    before = play(new_session(proto, authenticate_in=True, names=names)).then(log_in, ABSENT)

    assert before.last == Authenticate(b"joe@local", HUNTER2)

    done = before.then(FITS, *rest[1:], WORDS[proto].good)

    assert done.to_server == b"".join(says for says, _ in WORDS[proto].steps)
    assert 'authentication_id="joe"' in done.relay.closing


def test_endpoints_without_a_name_add_no_domain() -> None:
    policy_ = policy(POP3, names=Names(add_domain=LOCAL), authenticate_in=True)
    session = Session(policy_, Endpoints(("a", 1), ("b", 2), ""))

    assert play(session).then(WORDS[POP3].log_in, ABSENT).last == Authenticate(b"joe", HUNTER2)


@each
def test_failures_count(proto: Proto) -> None:
    told = asked(proto, failures=1).then(NotAuthenticated("no"), WOKE)

    assert WORDS[proto].bye + b"too many log-ins have failed" in told.to_client
    assert told.last == Close()
