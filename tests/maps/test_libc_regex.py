"""POSIX extended regular expressions: where the C library differs from Python's `re`."""

import locale
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.maps._libc_regex import LIBC, Regex, RegexError

GLOBAL_LOCALE = LIBC.uselocale(None)

MATCHES = [
    (b"a|ab", b"ab", b"ab"),  # the longest, not the first alternative
    (b"[[:alpha:]]+", b"12abc3", b"abc"),
    (b"a**", b"aaa", b"aaa"),
    (b"", b"abc", b""),
    (b"x*", b"abc", b""),
    (b"$", b"abc", b""),
    (b"b", b"abc", b"b"),
    (b"B", b"abc", None),  # case-sensitive
    (b"a.c", b"a\nc", None),  # newline-sensitive: a dot is no newline
    (b"^b$", b"a\nb\nc", b"b"),  # and anchors know lines
    (b"^.$", b"\xff", b"\xff"),  # an octet is a character, UTF-8 or not
    (b"^..$", "ä".encode(), "ä".encode()),
    (b"[[:alpha:]]", "ä".encode(), None),
]


@pytest.mark.parametrize(("pattern", "subject", "matched"), MATCHES)
def test_search(pattern: bytes, subject: bytes, matched: bytes | None) -> None:
    spans = Regex(pattern).search(subject)

    assert (spans and subject[slice(*spans[0])]) == matched


def test_groups() -> None:
    assert Regex(b"(a)|(b)").search(b"xb") == ((1, 2), (-1, -1), (1, 2), *[(-1, -1)] * 7)


@pytest.mark.parametrize("groups", range(1, 11))
def test_only_as_many_groups_as_are_wanted(groups: int) -> None:
    regex = Regex(b"(a)|(b)")

    assert regex.search(b"xb", groups) == regex.search(b"xb")[:groups]  # type: ignore[index]  # it matches


@pytest.mark.parametrize("pattern", [b"(a*)*b", b"(a|aa)+$", b"(.*)(.*)(.*)(.*)(.*)x"])
def test_no_pattern_runs_for_seconds(pattern: bytes) -> None:
    start = time.perf_counter()
    Regex(pattern).search(b"a" * 200 + b"!")

    assert time.perf_counter() - start < 1


ERRORS = {b"[a": "Unmatched [", b"(a": "Unmatched (", b"a{2,1}": "Invalid content of \\{\\}"}


@pytest.mark.parametrize(("pattern", "message"), ERRORS.items())
def test_errors_are_the_c_library_s(pattern: bytes, message: str) -> None:
    with pytest.raises(RegexError) as caught:
        Regex(pattern)

    assert str(caught.value).startswith(message)


def test_the_locale_of_the_thread_is_left_alone() -> None:
    before = locale.setlocale(locale.LC_CTYPE)
    Regex(b"a")

    assert locale.setlocale(locale.LC_CTYPE) == before
    assert LIBC.uselocale(None) == GLOBAL_LOCALE


@given(st.binary().filter(lambda text: b"\0" not in text))
def test_any_subject_matches_itself(text: bytes) -> None:
    pattern = b"".join(b"[%c]" % octet if octet not in b"^\\[]\n" else b"(.|\n)" for octet in text)
    spans = Regex(pattern).search(text)

    assert spans is not None
    assert spans[0] == (0, len(text))
