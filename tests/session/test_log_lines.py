"""Log lines to the letter of perdition 2.2, which nobody can forge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.protocol.sasl import Credentials
from perdition.protocol.secret import Secret
from perdition.session import Endpoints
from perdition.session.log_lines import auth, escape, identities, passing, way, words

PASSWORD = Secret(b"hunter2")

ESCAPES = [
    (b"joe@example.org", "joe@example.org"),
    (b" !#[]~", " !#[]~"),
    (b'a"b', r"a\"b"),
    (b"a\\b", r"a\\b"),
    (b"a\r\nb", r"a\015\012b"),
    (b"\0\t\x1b\x7f", r"\000\011\033\177"),
    ("jürgen".encode(), r"j\303\274rgen"),
    (b"", ""),
]


@pytest.mark.parametrize(("octets", "text"), ESCAPES)
def test_escape(octets: bytes, text: str) -> None:
    assert escape(octets) == text


@given(st.binary())
def test_what_is_escaped_is_one_line_of_ascii_and_ends_no_quote(octets: bytes) -> None:
    text = escape(octets)

    assert text.isascii()
    assert text.isprintable()
    assert '"' not in text.replace("\\\\", "").replace('\\"', "")


@given(st.binary(), st.binary())
def test_what_is_escaped_can_be_told_apart(one: bytes, other: bytes) -> None:
    assert (escape(one) == escape(other)) is (one == other)


def test_words_of_others_are_one_line() -> None:
    """A map's or a library's error may quote what a client sent."""
    assert words('no row for "joe"\nAuth: forged') == r"no row for \"joe\"\012Auth: forged"
    assert words("é \udcff") == r"\303\251 \\udcff"


WAYS = [
    (Endpoints(("192.0.2.7", 41320), ("192.0.2.1", 110), ""), "192.0.2.7:41320->192.0.2.1:110"),
    (Endpoints(("::1", 41320), ("::1", 21102), ""), "::1:41320->::1:21102"),
    (Endpoints(("192.0.2.7", 0), ("192.0.2.1", 110), ""), "192.0.2.7:0->192.0.2.1:110"),
    (Endpoints(("", 0), ("", 0), ""), ""),  # inetd_mode over pipes
]


@pytest.mark.parametrize(("endpoints", "text"), WAYS)
def test_way(endpoints: Endpoints, text: str) -> None:
    assert way(endpoints) == text


IDENTITIES = [
    (Credentials(b"joe", PASSWORD), 'authorisation_id=NONE authentication_id="joe"'),
    (Credentials(b"joe", PASSWORD, b""), 'authorisation_id=NONE authentication_id="joe"'),
    (Credentials(b"joe", PASSWORD, b"jim"), 'authorisation_id="jim" authentication_id="joe"'),
    (Credentials(b"", PASSWORD), 'authorisation_id=NONE authentication_id=""'),
    (Credentials(b'j"\n', PASSWORD, b"\n"), r'authorisation_id="\012" authentication_id="j\"\012"'),
]


@pytest.mark.parametrize(("credentials", "text"), IDENTITIES)
def test_identities(credentials: Credentials, text: str) -> None:
    assert identities(credentials) == text


EXAMPLES = [  # reference 6.3, as the C program wrote them
    (
        ("127.0.0.1:41320->127.0.0.1:21102", "plaintext", Credentials(b"joe", PASSWORD)),
        ("127.0.0.1:21101", "POP3", "plaintext", "ok"),
        "Auth: 127.0.0.1:41320->127.0.0.1:21102 client-secure=plaintext authorisation_id=NONE "
        'authentication_id="joe" server="127.0.0.1:21101" protocol=POP3 server-secure=plaintext status="ok"',
    ),
    (
        ("127.0.0.1:c->127.0.0.1:l", "plaintext", Credentials(b"joe", PASSWORD, b"other")),
        ("127.0.0.1:b", "MANAGESIEVE", "plaintext", "ok"),
        'Auth: 127.0.0.1:c->127.0.0.1:l client-secure=plaintext authorisation_id="other" '
        'authentication_id="joe" server="127.0.0.1:b" protocol=MANAGESIEVE server-secure=plaintext status="ok"',
    ),
    (
        ("127.0.0.1:c->127.0.0.1:l", "ssl", Credentials(b"joe", PASSWORD)),
        ("127.0.0.1:b", "POP3S", "ssl", "ok"),
        "Auth: 127.0.0.1:c->127.0.0.1:l client-secure=ssl authorisation_id=NONE "
        'authentication_id="joe" server="127.0.0.1:b" protocol=POP3S server-secure=ssl status="ok"',
    ),
    (
        ("127.0.0.1:c->127.0.0.1:l", "plaintext", Credentials(b"joe", PASSWORD)),
        ("(null):110", "POP3", "plaintext", "failed: Could not determine server"),
        "Auth: 127.0.0.1:c->127.0.0.1:l client-secure=plaintext authorisation_id=NONE "
        'authentication_id="joe" server="(null):110" protocol=POP3 server-secure=plaintext '
        'status="failed: Could not determine server"',
    ),
]


@pytest.mark.parametrize(("client", "server", "line"), EXAMPLES)
def test_auth(client: tuple[str, str, Credentials], server: tuple[str, str, str, str], line: str) -> None:
    assert auth(*client, *server) == line


def test_the_password_stands_behind_the_ids_if_it_is_wanted() -> None:
    client = ("w", "ssl", Credentials(b"joe", Secret(b'hunt"er\n')))
    server = ("s:110", "POP3", "ssl", "ok")

    assert auth(*client, *server, with_password=True) == (
        r'Auth: w client-secure=ssl authorisation_id=NONE authentication_id="joe" passwd="hunt\"er\012" '
        'server="s:110" protocol=POP3 server-secure=ssl status="ok"'
    )
    assert "passwd" not in auth(*client, *server)


def test_a_server_that_a_user_name_chose_forges_no_field() -> None:
    """With a map such as `^(.*)@(.*)$: $2` the server is what the client says it is."""
    line = auth("w", "ssl", Credentials(b"joe", PASSWORD), 'x" status="ok:110', "POP3", "ssl", "failed")

    assert line.count(' status="') == 1
    assert r'server="x\" status=\"ok:110"' in line


def test_a_very_long_name_does_not_push_the_rest_off_the_line() -> None:
    long = identities(Credentials(b"j" * 512, Secret(b"")))
    longer = identities(Credentials(b"j" * 513, Secret(b"")))

    assert long == 'authorisation_id=NONE authentication_id="' + "j" * 512 + '"'
    assert longer == 'authorisation_id=NONE authentication_id="' + "j" * 512 + '..."'


# --- what passes (connection_logging), to the letter of what perdition 2.2 was seen to write

PASSING = [
    ("SELF", b"+OK ready\r\n", r'SELF:   "+OK ready\r\n"'),
    ("REAL", b"+OK fine\t\x01\x80'x'?\r\n", r"REAL:   " r'"+OK fine\t\001\200\'x\'?\r\n"'),
    ("CLIENT", b'USER s"ec\\\a\xe9\r\n', r'CLIENT: "USER s\"ec\\\a\351\r\n"'),
]


@pytest.mark.parametrize(("who", "octets", "line"), PASSING)
def test_passing(who: str, octets: bytes, line: str) -> None:
    assert list(passing(who, octets, "a:1->b:2")) == [f"{line} a:1->b:2"]
    assert list(passing(who, octets, "")) == [line]


@given(st.binary(max_size=3000))
def test_what_passes_is_whole_and_cannot_be_forged(octets: bytes) -> None:
    lines = list(passing("REAL", octets, "a:1->b:2"))
    texts = [line.removeprefix('REAL:   "').removesuffix('" a:1->b:2') for line in lines]

    assert all(line.isascii() and line.isprintable() and len(line) < 4000 for line in lines)
    assert not any('"' in text.replace("\\\\", "").replace('\\"', "") for text in texts)
    assert "".join(texts).encode().decode("unicode_escape").encode("latin-1") == octets


def test_nothing_is_no_line() -> None:
    assert list(passing("SELF", b"", "")) == []


def test_a_line_of_what_passes_shows_900_octets() -> None:
    assert [line.count("x") for line in passing("REAL", 1000 * b"x", "")] == [900, 100]
