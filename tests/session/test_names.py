"""What becomes of a user's name: the laws behind the rows of spec/user_names.toml."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.maps.outcome import Absent, Found
from perdition.session import Endpoints, Names, Session, State
from perdition.session.effects import Connect, Delay, Lookup
from perdition.session.names import NoKey
from tests.session.helpers import ABSENT, MANAGESIEVE, POP3, UP, WOKE, WORDS, b64, new_session, play, policy, sasl_begin

ENDPOINTS = Endpoints(("192.0.2.7", 4242), ("192.0.2.1", 110), "here")
LOOKUP, REMOTE = State.SERVERNAME_LOOKUP, State.REMOTE_LOGIN
ALL = frozenset(State)

octets = st.binary(max_size=20)
name_like = st.lists(st.sampled_from([b"joe", b"Ex.com", b"@", b"%%", b"%", b""]), max_size=6).map(b"".join)
delimiters = st.sampled_from([b"@", b"%", b"%%"])


@given(name=octets, state=st.sampled_from(State), local_name=st.none() | octets)
def test_without_options_a_name_stays_as_it_is(name: bytes, state: State, local_name: bytes | None) -> None:
    assert Names().mangle(name, state, local_name) == name


@given(name=name_like, delimiter=delimiters)
def test_user_delimiter_and_domain_are_the_name(name: bytes, delimiter: bytes) -> None:
    names = Names(delimiter=delimiter)
    user, domain = names.user_of(name), names.domain_of(name)

    assert delimiter not in domain
    assert name in (user + delimiter + domain, user)


@given(name=name_like, delimiter=delimiters)
def test_a_domain_is_stripped_once_and_from_the_end(name: bytes, delimiter: bytes) -> None:
    names = Names(delimiter=delimiter, strip_domain=ALL)

    assert names.mangle(name, REMOTE, None) == names.user_of(name)


@given(name=name_like, delimiter=delimiters)
def test_a_domain_is_added_only_where_there_is_none(name: bytes, delimiter: bytes) -> None:
    mangled = Names(delimiter=delimiter, add_domain=ALL, explicit_domain=b"x.org").mangle(name, REMOTE, b"a.b.c")

    assert mangled == (name if delimiter in name else name + delimiter + b"x.org")


@given(name=name_like)
def test_lower_case_comes_last_and_changes_no_length(name: bytes) -> None:
    mangled = Names(add_domain=ALL, explicit_domain=b"X.Org", lower_case=ALL).mangle(name, LOOKUP, None)

    assert mangled == mangled.lower()


@pytest.mark.parametrize(
    ("local_name", "depth", "name"),
    [(b"a.b.c", 0, b"joe@a.b.c"), (b"a.b.c", 2, b"joe@c"), (b"a.b.c", 3, b"joe"), (b"", 0, b"joe"), (None, 0, b"joe")],
)
def test_a_domain_of_our_address(local_name: bytes | None, depth: int, name: bytes) -> None:
    assert Names(add_domain=ALL, depth=depth).mangle(b"joe", LOOKUP, local_name) == name


def test_the_first_label_of_our_address_is_left_out_unless_told_otherwise() -> None:
    assert Names(add_domain=ALL).mangle(b"joe", LOOKUP, b"a.b.c") == b"joe@b.c"


def test_states_are_found_by_the_words_of_the_options() -> None:
    assert [State(word) for word in ("servername_lookup", "local_authentication", "remote_login")] == list(State)


def test_the_server_that_a_user_names_is_stripped_when_it_has_been_looked_at() -> None:
    names = Names(strip_domain=ALL, client_server_specification=True)

    assert names.mangle(b"joe@mail", LOOKUP, None) == b"joe@mail"
    assert names.mangle(b"joe@mail", REMOTE, None) == b"joe"


def test_an_empty_delimiter_leaves_names_whole() -> None:
    names = Names(delimiter=b"", strip_domain=ALL, client_server_specification=True)

    assert names.mangle(b"joe@x", LOOKUP, None) == b"joe@x"
    assert names.domain_of(b"joe@x") == b""
    assert names.server_named_by_user(b"joe@x", b"joe@x") is None


@given(form=octets.filter(lambda form: b"\\" not in form))
def test_a_key_without_escapes_is_asked_for_as_it_is(form: bytes) -> None:
    assert list(Names(query_key=(form,)).keys(b"joe", ENDPOINTS)) == [form]


@pytest.mark.parametrize(
    ("form", "key"),
    [
        (rb"\i:\p-\I:\P", b"192.0.2.7:4242-192.0.2.1:110"),
        (rb"\u \D \d", b"joe @ x"),
        (rb"\\U", rb"\U"),
        (rb"\\\U", rb"\joe@x"),
        (b"\\", b""),
        (b"a\\", b"a"),
    ],
)
def test_escapes_of_a_key(form: bytes, key: bytes) -> None:
    assert list(Names(query_key=(form,)).keys(b"joe@x", ENDPOINTS)) == [key]


@pytest.mark.parametrize("form", [rb"\x", b"\\\xff", b"\\\n"])
def test_an_escape_that_means_nothing(form: bytes) -> None:
    names = Names(query_key=(b"ok", form))
    keys = names.keys(b"joe", ENDPOINTS)
    first = next(keys)
    with pytest.raises(NoKey, match="query_key has no escape") as raised:
        next(keys)

    assert first == b"ok"
    assert str(raised.value).endswith(names.unknown_escapes()[0])
    assert str(raised.value).isprintable() or form.endswith(b"\n")


# --- in a session


def test_keys_are_asked_for_in_turn_until_one_is_known() -> None:
    session = new_session(POP3, names=Names(query_key=(rb"\U", rb"\u", b"default")))
    first = play(session).then(b"USER joe@x\r\nPASS pw\r\n")
    second = first.then(Absent())
    found = second.then(Found(b"other"))

    assert [first.last, second.last] == [Lookup(b"joe@x"), Lookup(b"joe")]
    assert found.last == Connect("other", "1110", tls=False)


def test_when_no_key_is_known_the_default_server_is_taken() -> None:
    session = new_session(POP3, names=Names(query_key=(rb"\U", rb"\u")))

    assert play(session).then(WORDS[POP3].log_in, ABSENT, ABSENT).last == Connect("real.example", "1110", tls=False)


def test_a_bad_format_is_said_in_the_log_and_leaves_the_default_server() -> None:
    played = play(new_session(POP3, names=Names(query_key=(rb"\x",)))).then(WORDS[POP3].log_in)

    assert played.last == Connect("real.example", "1110", tls=False)
    assert [line.partition(": ")[2] for line in played.errors] == [r"query_key has no escape \x"]


def test_keys_before_a_bad_format_are_asked_for_as_in_perdition_2_2() -> None:
    session = new_session(POP3, names=Names(query_key=(rb"\u", rb"\q", rb"\U")))
    first = play(session).then(b"USER joe@x\r\nPASS pw\r\n")
    second = first.then(Absent())

    assert (first.last, first.errors) == (Lookup(b"joe"), [])
    assert second.last == Connect("real.example", "1110", tls=False)
    assert [line.partition(": ")[2] for line in second.errors] == [r"query_key has no escape \q"]


def test_escapes_that_mean_something() -> None:
    assert Names(query_key=(rb"\U\u\D\d\i\p\I\P\\", b"\\")).unknown_escapes() == []
    others = string.ascii_letters.translate({ord(letter): None for letter in "UuDdiIpP"})
    assert Names(query_key=tuple(f"\\{letter}".encode() for letter in others)).unknown_escapes() == [
        f"\\{letter}" for letter in others
    ]


def test_a_server_that_the_user_names_is_not_looked_up() -> None:
    session = new_session(POP3, names=Names(client_server_specification=True))

    assert play(session).then(b"USER joe@[::1]:2110\r\nPASS pw\r\n").last == Connect("::1", "2110", tls=False)


def test_a_server_that_the_user_names_must_make_sense() -> None:
    session = new_session(POP3, names=Names(client_server_specification=True))
    refused = play(session).then(b"USER joe@m\xe4il\r\nPASS pw\r\n")

    assert refused.last == Delay(3)

    told = refused.then(WOKE)

    assert b"failed: Could not determine server" in told.to_client
    assert "server named by the user: expected a server and a port in ASCII" in told.lines()[0]


def test_the_name_to_act_as_is_given_the_domain_of_our_address() -> None:
    endpoints = Endpoints(ENDPOINTS.client, ENDPOINTS.local, "here", b"mx.example.org")
    session = Session(policy(MANAGESIEVE, names=Names(add_domain=frozenset({REMOTE}))), endpoints)
    log_in = sasl_begin(MANAGESIEVE, b"PLAIN", b"jim\0joe\0pw")
    played = play(session).then(log_in, ABSENT, UP, WORDS[MANAGESIEVE].greeting)

    assert b64(b"jim@example.org\0joe\0pw") in played.to_server
