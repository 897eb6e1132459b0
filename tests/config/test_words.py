"""The quoting rules; the examples are those that perdition 2.2 was run with."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdition.config.words import Line, Piece, WordsError, read_lines

VALUES = {
    b"ok_line hello   # c": b"hello",
    b'ok_line "hello   "': b"hello   ",
    b'ok_line "a # b" c': b"a # b c",
    b"ok_line 'a \"b\" \\ c'": b'a "b" \\ c',
    b'ok_line "a \\"b\\" c"': b'a "b" c',
    b"ok_line hello \\\n  world": b"hello   world",
    b"O hi": b"hi",
    b"domain_delimiter \\#": b"#",
    b'ok_line a"b c"d': b"ab cd",
    b'ok_line "a b" "c d"': b"a b c d",
    b"ok_line a#b": b"a",
    b"ok_line a\\b\\\\": b"ab\\",
    b'ok_line "\\b"': b"b",
    b'ok_line ""': b"",
    b"ok_line ''": b"",
    b'ok_line  "" x': b" x",
    b'"ok_line" "a b"': b"a b",
    b"query_key \\\\U,\\\\u": b"\\U,\\u",
    b"query_key '\\U,\\u'": b"\\U,\\u",
    b'ok_line "a\nb"': b"ab",
    b'ok_line "a\\\nb"': b"ab",
    b"ok_line 'a\nb' c": b"ab c",
    b"ok_line a\tb \t": b"a\tb",
    b"ok_line a\\ ": b"a ",
    b'ok_line "  a" ': b"  a",
    b"ok_line a\x0bb": b"a\x0bb",
    b"ok_line a\rb": b"a\rb",
    b"ok_line a\r\n": b"a",
    b"ok_line a\r": b"a",
    b"ok_line a \\\r\nb\r\n": b"a b",
    b"ok_line = a b": b"= a b",
    b"ok_line a'b'\"c\"\\d": b"abcd",
    b"ok_line x\\": b"x",
    b" \t ok_line x": b"x",
    b"ok_line": None,
    b"ok_line  ": None,
}


@pytest.mark.parametrize(("text", "value"), VALUES.items())
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_value_is_the_rest_of_the_line(text: bytes, value: bytes | None, end: bytes) -> None:
    (line,) = read_lines(text + end)

    assert line.rest == value


WORDS = {
    b"a: b c # d": (b"a:", b"b", b"c"),
    b'\t"a b"c  d': (b"a bc", b"d"),
    b'"" b': (b"", b"b"),
}


@pytest.mark.parametrize(("text", "words"), WORDS.items())
def test_words(text: bytes, words: tuple[bytes, ...]) -> None:
    (line,) = read_lines(text)

    assert line.words == words


NUMBERS = {
    b"\n\nt 1\n \nt 2\n": [3, 5],
    b"# one \\\n still a comment \\\n and here\nt 1\n": [4],
    b"# a pair is no join \\\\\nt 1\n": [2],
    b"# it's a comment\nt 1\n": [2],
    b'# so is this "\nt 1\n': [2],
    b't "1\n2"\nt 3\n': [1, 3],
    b"t \\\n 1\nt 2\n": [1, 3],
    b"\\\n t 1\n": [2],
    b"# ends in a backslash \\": [],
    b"": [],
    b" \n\t": [],
}


@pytest.mark.parametrize(("text", "numbers"), NUMBERS.items())
def test_lines_are_numbered_by_their_first_word(text: bytes, numbers: list[int]) -> None:
    assert [line.number for line in read_lines(text)] == numbers


ERRORS = {
    b't 1\nok_line "a\nb\n': (2, "expected a closing double quote"),
    b"ok_line 'a\nt 1\n": (1, "expected a closing single quote"),
    b"t 1\n\nt \0\n": (3, "expected text, found a NUL octet"),
}


@pytest.mark.parametrize(("text", "error"), ERRORS.items())
def test_errors_say_where(text: bytes, error: tuple[int, str]) -> None:
    with pytest.raises(WordsError, match=f"^line {error[0]}: {error[1]}$") as caught:
        list(read_lines(text))

    assert (caught.value.line, caught.value.expected) == error


def test_pieces_keep_the_blanks_between() -> None:
    assert list(read_lines(b" a  'b'\n")) == [
        Line(1, (Piece(b"a", blank=False), Piece(b"  ", blank=True), Piece(b"b", blank=False)))
    ]


text = st.binary().map(lambda octets: re.sub(rb"[\0\r\n]", b"", octets))


@given(st.lists(st.tuples(text, st.sampled_from(["single", "double", "escapes"])), min_size=1))
def test_what_is_quoted_comes_back(words: list[tuple[bytes, str]]) -> None:
    def quoted(word: bytes, how: str) -> bytes:
        if how == "single" and b"'" not in word:
            return b"'" + word + b"'"
        if how == "double" or not word:
            return b'"' + re.sub(rb'(["\\])', rb"\\\1", word) + b'"'
        return re.sub(rb"(.)", rb"\\\1", word, flags=re.DOTALL)

    data = b" \t".join(quoted(*word) for word in words) + b"\n"

    assert [line.words for line in read_lines(data)] == [tuple(word for word, _ in words)]


@given(st.text(alphabet="ab \t\n\\\"'#\r").map(str.encode))
def test_any_text_is_lines_or_an_error(data: bytes) -> None:
    try:
        lines = list(read_lines(data))
    except WordsError as error:
        assert 1 <= error.line <= 1 + data.count(b"\n")  # noqa: PT017 - it may or may not be raised
        return

    numbers = [line.number for line in lines]

    assert numbers == sorted(set(numbers))
    assert all(line.words for line in lines)
