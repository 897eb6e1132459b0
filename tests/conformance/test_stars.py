"""A password shows nowhere, whatever stands around it in base64."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.conformance.stars import Stars

PASSWORD = b"correct horse"


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_base64_shows_nothing(before: bytes, behind: bytes) -> None:
    encoded = base64.b64encode(before + PASSWORD + behind)

    assert Stars(PASSWORD).hide(b"AUTH PLAIN " + encoded + b"\r\n") == b"AUTH PLAIN ****\r\n"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"PASS correct horse", b"PASS ****"),
        (b"-ERR no correct horse here", b"-ERR no **** here"),
        (b"-ERR CORRECT HORSE is no command", b"-ERR **** is no command"),
        (b"correct BAD what is horse", b"**** BAD what is ****"),  # it takes the words for a tag and a command
        (b"BAD what is orrect h", b"BAD what is ****"),
        (b"a LOGIN joe corr", b"a LOGIN joe corr"),
    ],
)
def test_plain_text(line: bytes, shown: bytes) -> None:
    assert Stars(PASSWORD).hide(line) == shown


def test_quoted() -> None:
    assert Stars(b'p"w\\d').hide(rb'a LOGIN joe "p\"w\\d"') == b'a LOGIN joe "****"'


@given(st.binary(max_size=20), st.binary(max_size=20), st.integers(0, 60))
def test_base64_that_is_cut_shows_nothing(before: bytes, behind: bytes, at: int) -> None:
    encoded = base64.b64encode(before + PASSWORD + behind)
    shown = Stars(PASSWORD).hide(encoded[:at] + b" " + encoded[at:])

    assert not any(digits in shown for digits in (encoded[i : i + 4] for i in secret_places(len(before))))


def secret_places(before: int) -> range:
    """Give the places of those groups of four digits that say nothing but the password."""
    return range((before * 8 + 5) // 6, (before + len(PASSWORD)) * 8 // 6 - 3)


@pytest.mark.parametrize("write", [bytes.upper, bytes.lower])
def test_base64_in_other_letters(write: Callable[[bytes], bytes]) -> None:
    said = write(base64.b64encode(b"\0joe\0" + PASSWORD))

    assert Stars(PASSWORD).hide(b"BAD no " + said) == b"BAD no ****"


def test_text() -> None:
    assert Stars(b"p\xfcssword").hide_text("expected a OK, not p\xfcssword OK \u20ac") == "expected a OK, not **** OK ?"


def test_no_password_hides_nothing() -> None:
    assert Stars(b"").hide(b"PASS x") == b"PASS x"


def test_repr_shows_nothing() -> None:
    assert repr(Stars(PASSWORD)) == "Stars(...)"
