"""The quoting rules that perdition.conf and the posix_regex map share: octets in, words out.

A *logical* line may span several physical ones: a backslash before the newline joins them, also inside
a comment (the perdition.conf that perdition 2.2 ships relies on that), and a newline inside quotes is
dropped.  So a file is never cut at newlines first; one pattern walks it from token to token, and each
octet is looked at once.

A logical line becomes pieces, words and the blanks between them.  The regex map needs the words; a
perdition.conf value is "the rest of the line", inner blanks kept, so it needs the blanks as well.
"""

import re
from collections.abc import Iterator
from typing import Final

import attrs

# perdition 2.2 calls blank and tab white space; a CR only counts as the end of a CR LF.
TOKEN: Final = re.compile(
    rb"""
      (?P<plain>   [^ \t\n\\"'\#]+ )
    | (?P<blank>   [ \t]+ )
    | (?P<joined>  \\ (?: \n | \Z ) )
    | \\ (?P<escaped> . )
    | (?P<comment> \# (?: [^\\\n] | \\. )* )
    | " (?P<double> (?: [^"\\] | \\. )* ) "
    | ' (?P<single> [^']* ) '
    | (?P<end>     \n )
    | (?P<open>    ["'] )
    """,
    re.DOTALL | re.VERBOSE,
)
ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
QUOTE_NAMES: Final = {b'"': "double", b"'": "single"}


class WordsError(Exception):
    """The text cannot be cut into words.

    Args:
        line: the physical line to look at, counted from 1.
        expected: what should have been there.
    """

    def __init__(self, line: int, expected: str) -> None:
        super().__init__(f"line {line}: {expected}")
        self.line = line
        self.expected = expected


@attrs.frozen
class Piece:
    """A word, already unquoted (maybe empty, from a pair of quotes), or the blanks between two words."""

    octets: bytes
    blank: bool


@attrs.frozen
class Line:
    """A logical line that has at least one word; `number` is the physical line of its first word."""

    number: int
    pieces: tuple[Piece, ...]

    @property
    def words(self) -> tuple[bytes, ...]:
        """The words alone, as the posix_regex map reads them."""
        return tuple(piece.octets for piece in self.pieces if not piece.blank)

    @property
    def rest(self) -> bytes | None:
        """All behind the first word as one value, inner blanks kept; None when there is nothing."""
        return b"".join(piece.octets for piece in self.pieces[2:]) if len(self.pieces) > 2 else None


def read_lines(data: bytes) -> Iterator[Line]:
    """Cut a file into logical lines.

    A last line without newline counts (perdition 2.2 loses it).

    Raises:
        WordsError: a quote that is never closed, or a NUL octet.
    """
    data = data.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if (nul := data.find(b"\0")) >= 0:
        raise WordsError(1 + data.count(b"\n", 0, nul), "expected text, found a NUL octet")
    line = _Building()
    number = 1
    for token in TOKEN.finditer(data):
        match token.lastgroup:
            case "end":
                yield from line.finish()
            case "blank":
                line.blanks += token[0]
            case "plain" | "escaped":
                line.add(token[token.lastgroup], number)
            case "double":
                # A newline is dropped, a backslash before it or not: the quoted value goes on.
                text = ESCAPE.sub(rb"\1", token["double"])
                line.add(text.replace(b"\n", b""), number)
            case "single":
                line.add(token["single"].replace(b"\n", b""), number)
            case "open":
                raise WordsError(number, f"expected a closing {QUOTE_NAMES[token[0]]} quote")
            case _:  # a comment, or a joined line end: nothing to keep
                pass
        number += token[0].count(b"\n")
    yield from line.finish()


class _Building:
    """The logical line that is being read."""

    def __init__(self) -> None:
        self._start_over()

    def _start_over(self) -> None:
        self.blanks = b""
        self._number = 0
        self._pieces: list[Piece] = []
        self._word: list[bytes] = []

    def add(self, octets: bytes, number: int) -> None:
        """Append to the word at the end, or begin a new one behind blanks."""
        if self.blanks:
            self._end_word()
            if self._pieces:  # leading blanks do not count
                self._pieces.append(Piece(self.blanks, blank=True))
            self.blanks = b""
        self._number = self._number or number
        self._word.append(octets)

    def _end_word(self) -> None:
        if self._word:
            self._pieces.append(Piece(b"".join(self._word), blank=False))
            self._word = []

    def finish(self) -> Iterator[Line]:
        """Give the line, if it has a word, and begin the next."""
        self._end_word()
        if self._pieces:
            yield Line(self._number, tuple(self._pieces))
        self._start_over()
