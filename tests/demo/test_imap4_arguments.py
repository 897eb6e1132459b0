"""Arguments of IMAP4 commands."""

from datetime import UTC, datetime

import pytest

from perdition.demo.imap4_arguments import BadArgument, moment, numbers, octets, read_tokens, write_moment


@pytest.mark.parametrize(
    ("parts", "tokens"),
    [
        ((), ()),
        ((b"a b",), ("a", "b")),
        ((b'"a \\"b\\\\" c',), (b'a "b\\', "c")),
        ((b"1:* (FLAGS (UID)) ()",), ("1:*", ("FLAGS", ("UID",)), ())),
        ((b"BODY.PEEK[HEADER.FIELDS (TO CC)]<0.9> [x]/y",), ("BODY.PEEK[HEADER.FIELDS (TO CC)]<0.9>", "[x]/y")),
        ((b"x {3}", b"a\r\n", b" (y {1+}", b")", b")"), ("x", b"a\r\n", ("y", b")"))),
        ((b'"\xc3\xbc"',), (b"\xc3\xbc",)),
    ],
)
def test_words_strings_and_lists(parts: tuple[bytes, ...], tokens: object) -> None:
    assert read_tokens(parts) == tokens


@pytest.mark.parametrize(
    "line",
    [b" a", b"a  b", b"a ", b"(a", b"a)", b"( a)", b"(a )", b"(a)(b)", b'"a', b'"a"b', b"\xff", b"a{", b"[", b"(" * 21],
)
def test_what_is_none(line: bytes) -> None:
    with pytest.raises(BadArgument):
        read_tokens((line,))


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("1", [1], [0, 2]),
        ("2:4,6", [2, 4, 6], [1, 5, 7]),
        ("*", [9], [8, 10]),
        ("*:7", [7, 9], [6, 10]),
        ("12:*", [9, 12], [8]),
    ],
)
def test_sets(text: str, inside: list[int], outside: list[int]) -> None:
    chosen = numbers(text, 9)

    assert all(number in chosen for number in inside)
    assert not any(number in chosen for number in outside)


@pytest.mark.parametrize("text", ["", "1,", "x", "1:", "1:2:3", "12345678901", b"1"])
def test_what_is_no_set(text: str | bytes) -> None:
    with pytest.raises(BadArgument):
        numbers(text, 9)


def test_moments() -> None:
    at = moment(b"31-Dec-2025 23:59:59 -0130")

    assert at == datetime(2026, 1, 1, 1, 29, 59, tzinfo=UTC)
    assert write_moment(at) == b" 1-Jan-2026 01:29:59 +0000"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"31-Feb-2026 00:00:00 +0000",
        b"1-Jan-2026 25:00:00 +0000",
        b"1-Jan-2026 00:00:00 +9900",
        b"1-Jan-0001 00:00:00 +0100",
    ],
)
def test_what_is_no_moment(text: bytes) -> None:
    with pytest.raises(BadArgument):
        moment(text)


def test_a_list_is_no_string() -> None:
    with pytest.raises(BadArgument):
        octets(())
