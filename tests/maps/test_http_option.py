"""The option strings of the http map, and what it sends for a key."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.maps import MapError, Query
from perdition.maps._http_forms import escaped
from perdition.maps._http_option import read_option
from perdition.maps._stream import Place
from perdition.maps.registry import open_map

PLACES = {
    "http://h": (Place("h", 80),),
    "https://h/": (Place("h", 443),),
    "http://[::1]:8080,h:81,i/auth": (Place("::1", 8080), Place("h", 81), Place("i", 80)),
    "http+unix://%2Frun%2Fhook/auth": (Place("/run/hook", 0),),
}


@pytest.mark.parametrize("option", PLACES)
def test_where(option: str) -> None:
    assert read_option(option).places == PLACES[option]


TARGETS: dict[tuple[str, bytes], str | None] = {
    ("http://h/{key}", b"joe"): "/joe",
    ("http://h/{key}", b"joe@example.com"): "/joe%40example.com",
    ("http://h/{key}", b"a/b"): "/a%2Fb",
    ("http://h/{key}", b"a?b#c&d=e%"): "/a%3Fb%23c%26d%3De%25",
    ("http://h/{key}", b"{key}"): "/%7Bkey%7D",
    ("http://h/{key}", b".."): None,
    ("http://h/{key}", b"a/../b"): None,
    ("http://h/{key}", b"a\\.\\b"): None,
    ("http://h/{key}", b""): None,
    ("http://h/.{key}", b"."): None,
    ("http://h/{key}.json", b".."): "/...json",
    ("http://h/?u={key}", b"../x"): "/?u=..%2Fx",
    ("http://h?u={key}&v=1", b""): "/?u=&v=1",
    ("http://h/{key}?u={key}", b" "): "/%20?u=%20",
    ("http://h/{key}", "jos\u00e9".encode()): "/jos%C3%A9",
    ("http://h/{key}", b"jos\xe9"): None,
    ("http://h/?{key}", b"jos\xe9"): None,
    ("http://h/?{key}", b"joe\0"): None,
    ("http://h/?{key}", b"\r\nHost: x"): "/?%0D%0AHost%3A%20x",
}


@pytest.mark.parametrize(("option", "key"), TARGETS)
def test_what_is_asked(option: str, key: bytes) -> None:
    assert read_option(option).target(Query(key)) == TARGETS[option, key]


@given(st.binary())
def test_a_key_never_ends_the_request_line_nor_its_part_of_the_path(key: bytes) -> None:
    target = read_option("http://h/a/{key}/z").target(Query(key))

    assert target is None or (
        target.startswith("/a/") and target.endswith("/z") and target.count("/") == 3 and not {*target} & {*"\r\n ?#"}
    )


@given(st.binary())
def test_a_key_never_ends_its_header(key: bytes) -> None:
    assert not {*escaped(key)} & {*b"\r\n\0 \t"}


def test_what_is_sent_each_time(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("s3cret\n")
    (tmp_path / "header").write_text("X-A: b \r\n\r\nX-C:d e")
    option = read_option(f"http://me%40x@h/a#password_file={tmp_path}/pw&header_file={tmp_path}/header")

    assert option.fields == (
        ("Authorization", b"Basic " + base64.b64encode(b"me@x:s3cret")),
        ("X-A", b"b"),
        ("X-C", b"d e"),
    )
    assert "Basic" not in repr(option)


WRONG = {
    "": "expected http://",
    "localhost:9000/auth": "expected http://",
    "redis://h/": "expected http://",
    "http://": "expected http://",
    "http:///auth": "expected http://",
    "http://h:0/": "port",
    "http://h:x/": "port",
    "http://h,/": "host[:port]",
    "http://{key}/": "must not choose the host",
    "http://j\u00f6/": "xn--",
    "http://h/a b": "percent-encoded",
    "http://h/\u00e9": "percent-encoded",
    "http://h/a/../{key}": "without . and ..",
    "http://h/%2e%2E/{key}": "without . and ..",
    "http://h/#x=1": "expected name=value",
    "http://h/#client_ip=maybe": "client_ip: expected yes, no",
    "http://h/#protocol=sieve": "protocol: expected imap, pop3, smtp",
    "http://h/#auth_method=login": "auth_method: expected",
    "http://h/{key}#protocol=imap": "nginx's auth_http only",
    "http://h/#ca_file=/x": "https:// only",
    "https://h/#ca_file=/no/such": "ca_file /no/such: No such file",
    "http://h/#password_file=/no/such": "expected a user before the host",
    "http://me@h/#password_file=/no/such": "password_file /no/such: cannot be read",
    "http://h/#token_file=/no/such": "token_file /no/such: cannot be read",
    "http://h/#header_file=/no/such": "header_file /no/such: cannot be read",
}


@pytest.mark.parametrize("option", WRONG)
def test_what_makes_no_sense(option: str) -> None:
    with pytest.raises(MapError) as caught:
        read_option(option)

    assert WRONG[option] in str(caught.value)
    assert "\n" not in str(caught.value)


FILES = {
    "no colon": "header_file",
    "X-A: b\nX A: b": "header_file",
    "X-A: \u00e9": "header_file",
    "X-A: b\nx-a: c": "a header once",
    "Host: x": "no host",
    "Content-Length: 5": "no host",
}


@pytest.mark.parametrize("text", FILES)
def test_what_no_header_file_has(tmp_path: Path, text: str) -> None:
    (tmp_path / "header").write_text(text, encoding="utf-8")
    with pytest.raises(MapError) as caught:
        read_option(f"http://h/#header_file={tmp_path}/header")

    assert FILES[text] in str(caught.value)


@pytest.mark.parametrize("text", ["\nHost: x", "a\0b", "\u00e9", ""])
def test_what_is_no_token(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_bytes(text.encode())

    with pytest.raises(MapError, match="a token in"):
        read_option(f"http://h/#token_file={tmp_path}/token")


def test_no_default_and_no_option_in_messages() -> None:
    with pytest.raises(MapError, match=r"^http: expected http://"):
        open_map("http", None)
    with pytest.raises(MapError) as caught:
        open_map("http", "http://me:canary@h/#nonsense")

    assert "canary" not in str(caught.value)
