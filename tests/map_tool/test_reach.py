"""Rules that are never reached."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.map_tool.reach import Core, core, covers
from perdition.maps._libc_regex import Regex, RegexError
from perdition.maps.posix_regex import Rule


def rule(pattern: bytes) -> Rule:
    return Rule(Regex(pattern), b"", 1, pattern)


COVERED = [
    (b"^a", b"^a"),
    (b".*", b"x"),
    (b"^.*$", b"^x$"),
    (b"(.*)", b"y|z"),
    (b"x*", b"foo"),
    (b"^x*", b"foo"),
    (b"^[a-k]", b"^bob"),
    (b"^[a-k]", b"^bob[0-9]+$"),
    (b"@", b"^bob@example"),
    (b"@", b"example@"),
    (b"b$", b"^bob$"),
    (b"^a\\.b", b"^a\\.b@c\\.d$"),
]
NOT_COVERED = [
    (b"^bob", b"^bo"),
    (b"^bob", b"bob"),
    (b"bob$", b"^bob"),
    (b"^[a-k]", b"^bx|^z"),
    (b"ab", b"^ab*$"),
    (b"ab", b"^ab?c"),
    (b"ab", b"^ab{0,1}c"),
    (b"^x*$", b"^y"),
    (b"\\bbob", b"^bob"),
    (b"bob\\b", b"^bob"),
    (b"a", b"^(a|b)"),
    (b"A", b"^a"),
    (b"^$", b"a"),
]


@pytest.mark.parametrize(("first", "later"), COVERED)
def test_covered(first: bytes, later: bytes) -> None:
    assert covers(rule(first), rule(later))


@pytest.mark.parametrize(("first", "later"), NOT_COVERED)
def test_not_covered(first: bytes, later: bytes) -> None:
    assert not covers(rule(first), rule(later))


def test_core() -> None:
    assert core(b"^bob\\.x$") == Core(b"bob.x", at_start=True, whole=True)
    assert core(b"bob[x]") == Core(b"bob", at_start=False, whole=False)
    assert core(b"^bob+") == Core(b"bob", at_start=True, whole=False)
    assert core(b"^bob*") == Core(b"bo", at_start=True, whole=False)


patterns = st.text("ab^$.*+?()|[]\\", max_size=7).map(str.encode)
keys = st.text("ab\n", min_size=1, max_size=6).map(str.encode)


@given(patterns, patterns, st.lists(keys, min_size=1, max_size=20))
def test_what_is_covered_is_matched(first: bytes, later: bytes, subjects: list[bytes]) -> None:
    try:
        rules = rule(first), rule(later)
    except RegexError:
        return
    if covers(*rules) and first not in (b".", b".+", b"(.)", b"(.+)"):
        for subject in subjects:
            assert rules[0].regex.search(subject) or not rules[1].regex.search(subject)
