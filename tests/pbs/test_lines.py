"""Lines are cut the same wherever reading stops in between, and none grows without end."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from perdition.pbs.lines import Lines

OCTETS = st.lists(st.sampled_from([b"a", b"b", b"\n", b"\r", b"long"]), max_size=60).map(b"".join)


def cut(octets: bytes, cuts: list[int]) -> list[bytes]:
    """Cut octets at some places."""
    places = [0, *sorted(place % (len(octets) + 1) for place in cuts), len(octets)]
    return [octets[start:end] for start, end in itertools.pairwise(places)]


@given(octets=OCTETS, cuts=st.lists(st.integers(0, 300), max_size=20), in_midst=st.booleans())
def test_lines_do_not_depend_on_where_reading_stops(octets: bytes, cuts: list[int], in_midst: bool) -> None:
    in_pieces, whole = Lines(5, in_midst=in_midst), Lines(5, in_midst=in_midst)

    assert [line for piece in cut(octets, cuts) for line in in_pieces.feed(piece)] == whole.feed(octets)


def test_what_is_given() -> None:
    lines = Lines(5)

    assert lines.feed(b"one\ntwo\r\nthree\nfouour\n\nfi") == [b"one", b"two", b"three", b""]
    assert lines.feed(b"ve\n") == [b"five"]


def test_a_line_that_is_too_long_is_not_kept() -> None:
    lines = Lines(5)
    for _ in range(1000):
        assert lines.feed(b"x" * 100) == []
    held = len(lines.__dict__["_rest"])

    assert held == 0
    assert lines.feed(b"x\none\n") == [b"one"]


def test_reading_from_the_midst_of_a_line_passes_over_its_rest() -> None:
    lines = Lines(in_midst=True)

    assert lines.feed(b"the rest") == []
    assert lines.feed(b" of it\none\n") == [b"one"]


def test_a_truncated_file_begins_with_nothing() -> None:
    assert Lines().feed(b"\0" * 700 + b"one\n") == [b"one"]
