"""How many copies the C library makes of the parts of a pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.maps._regex_copies import copies_of

COPIES = {
    b"": 0,
    b"joe": 0,
    b"a*b?.*": 0,
    b"^(joe|bob)$": 0,
    b"a+": 1,
    b"a{3}": 2,
    b"a{0}": 0,
    b"a{0,3}": 2,
    b"a{2,}": 2,
    b"a{,3}": 2,
    b"a{1,8}b{1,8}": 14,
    b"[a-z]{60}": 59,
    b"(a|b){200}": 199 * 4,
    b"(a{4}){3}": 15 - 2,
    b"(.{0,200}){0,50}@": 201 * 50 - 2,
    b"((((a+)+)+)+)+": 32 + 16 + 8 + 4 + 2 - 5,  # each level doubles what is within
    b"a{2}{3}": 5,
    b"[{9}]": 0,
    rb"a\{9}": 0,
    b"a{x": 0,
    b"{9}": 0,
    b"a){3}": 2,
    b"(a{3}": 2,
}


@pytest.mark.parametrize(("pattern", "copies"), COPIES.items())
def test_copies(pattern: bytes, copies: int) -> None:
    assert copies_of(pattern) == copies


@given(st.lists(st.sampled_from(b"a|()[]{}*+?.,\\^$129"), max_size=40).map(bytes))
def test_every_text_has_a_number_of_copies(pattern: bytes) -> None:
    assert copies_of(pattern) >= 0
