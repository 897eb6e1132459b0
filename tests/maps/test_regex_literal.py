"""What a key must hold for a pattern to match, against the C library's own verdict."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perdition.maps._libc_regex import Regex, RegexError
from perdition.maps._regex_literal import literal_of

NEEDS: list[tuple[bytes, bytes]] = [
    (b"", b""),
    (b"joe", b"joe"),
    (b"^joe$", b"joe"),
    (rb"^[^@]*@d01\.example\.org$", b"@d01.example.org"),
    (b"^[a-k]", b""),
    (b"(.*)@(.*)", b"@"),
    (b"(joe)@(x)", b"@"),  # a group may hold anything
    (b"((a)b)cd", b"cd"),
    (b"joe|bob", b""),
    (b"(joe|bob)@x", b"@x"),
    (b"abc*de", b"ab"),
    (b"abc?", b"ab"),
    (b"abc+d", b"ab"),
    (b"ab{2}cde", b"cde"),
    (b"a{,3}", b""),
    (b"a.bc", b"bc"),
    (rb"\.\*\\", b".*\\"),
    (rb"joe\w", b"joe"),
    (rb"joe\>", b"joe"),
    (rb"(a)\1joe", b"joe"),
    (b"[]abc]def", b"def"),
    (b"[^]abc]def", b"def"),
    (b"[[:alpha:]]+@host", b"@host"),
    (b"[[.-.]]x", b"x"),
    (b"[a\\]joe", b"joe"),  # in brackets a backslash is nothing special
    (b"a{x", b""),  # what the C library makes of it is its own
    (b"a)bc", b""),
    (b"*abc", b"abc"),
    (b"a^bc$d", b"bc"),
    (b"\xe4\xf6", b"\xe4\xf6"),
]


@pytest.mark.parametrize(("pattern", "literal"), NEEDS)
def test_literal(pattern: bytes, literal: bytes) -> None:
    assert literal_of(pattern) == literal


PIECES = [rb"a b @ . * + ? { } {2} {0} {,1} {1,} ( ) | ^ $", rb"[ ] [ab] [^a] []] [[:alpha:]] \ \. \* \w \< \1 - :"]
OCTETS = [b"a", b"b", b"@", b".", b"*", b"{", b"}", b")", b"^", b"$", b"]", b"\\", b"2", b"\n", b"\xe4"]
PATTERNS = st.lists(st.sampled_from([*b" ".join(PIECES).split(), b"\xe4"]), max_size=8).map(b"".join)
KEYS = st.lists(st.sampled_from(OCTETS)).map(b"".join)


@given(PATTERNS, KEYS)
@example(b"a{2}b", b"aab")
@example(b"a*", b"")
@example(b"a+?", b"")
def test_no_key_that_matches_is_without_it(pattern: bytes, key: bytes) -> None:
    try:
        regex = Regex(pattern)
    except RegexError:
        return
    if regex.search(key) is not None:
        assert literal_of(pattern) in key
