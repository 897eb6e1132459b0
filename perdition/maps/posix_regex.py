"""The posix_regex map: a text file of patterns and substitutions, the first match wins.

perdition 2.2's map of that name, option map_library_opt = the file.  A line is a pattern, a colon that
may be left out, and a substitution; words are quoted as in perdition.conf and further words are ignored:

    ^[a-k]:       localhost
    (.*)@(.*):    $1_$2@localhost:110

Patterns are POSIX extended, case-sensitive, not anchored.  `$0` to `$9` stand for what the groups matched;
for a group that took no part (or does not exist) the text `$n` stays.  The answer is what stands *before*
the match, then the substitution; what stands behind the match is dropped.  So `flim` on `itsflim` gives
`itslocalhost`, as in perdition 2.2: anchor with `^`.  A pattern that matches the empty text works here
(in 2.2 it does not).
"""

import itertools
import operator
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from perdition.config.words import Line, WordsError, read_lines
from perdition.maps._libc_regex import Regex, RegexError
from perdition.maps._regex_copies import copies_of
from perdition.maps._regex_literal import literal_of
from perdition.maps.contract import MapError, Runs
from perdition.maps.outcome import Absent, Found, Outcome, Query

GROUP: Final = re.compile(rb"\$([0-9])")
BACK_REFERENCE: Final = re.compile(rb"(?:[^\\]|\A)(?:\\\\)*\\[1-9]")
"""An extension of the C library, for which it tries one way after the other."""
FEW_COPIES: Final = 16
"""With more, the time a key takes is no longer short, and what the C library remembers of each is large."""
MOST_COPIES: Final = 2000
"""With more, already to compile a pattern may take minutes, or all memory."""
LONGEST_KEY: Final = 1024
"""Nobody has a longer name; the time of a pattern that begins anywhere grows with the square of it."""
LONGEST_HARD_KEY: Final = 320
"""The same where a pattern is hard: what an address may have (RFC 5321 4.5.3.1)."""
Span: TypeAlias = tuple[int, int]


@attrs.frozen
class Rule:
    """One line of the file.

    Attributes:
        number: the physical line where it begins.
        literal: what every key that matches holds.
        groups: how many groups the substitution asks for, the whole match among them.
        hard: whether a search may take long: it has many counted repetitions, or a back-reference.
    """

    regex: Regex
    substitution: bytes
    number: int
    pattern: bytes
    literal: bytes = attrs.field(init=False)
    groups: int = attrs.field(init=False)
    hard: bool = attrs.field(init=False)

    @literal.default
    def _literal(self) -> bytes:
        return literal_of(self.pattern)

    @groups.default
    def _groups(self) -> int:
        return 1 + max(map(int, GROUP.findall(self.substitution)), default=0)

    @hard.default
    def _hard(self) -> bool:
        return copies_of(self.pattern) > FEW_COPIES or BACK_REFERENCE.search(self.pattern) is not None

    def search(self, key: bytes) -> Sequence[Span] | None:
        """Tell where the groups match, if the pattern does; a key without the literal need not be asked about."""
        # A pattern in use is locked, and remembers of every key what it met: where it is hard, hundreds of MiB.
        regex = Regex(self.pattern) if self.hard else self.regex
        return regex.search(key, self.groups)

    def answer(self, key: bytes, spans: Sequence[Span]) -> bytes:
        """Give the answer for a key that matches, with what the groups matched."""

        def replaced(group: re.Match[bytes]) -> bytes:
            start, end = spans[int(group[1])]
            return group[0] if start < 0 else key[start:end]

        return key[: spans[0][0]] + GROUP.sub(replaced, self.substitution)


class PosixRegex:
    """The map: all of the file, compiled.  No name that a client sends may stop the loop."""

    by_address: Final = False

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)  # a daemon changes its folder
        # Neighbours that need the same literal stand together: where the key has not got it, it is looked for once.
        self._rules: tuple[tuple[bytes, tuple[Rule, ...]], ...] = ()
        self._hard = False
        self.reload()

    @property
    def runs(self) -> Runs:
        """On the loop; in a thread, if a pattern is hard: then map_timeout bounds what a lookup takes."""
        return Runs.THREAD if self._hard else Runs.INLINE

    def lookup(self, query: Query) -> Outcome:
        """Try the rules in the order of the file."""
        key = query.key
        # The C library would match only what is before a NUL.
        if b"\0" in key or len(key) > (LONGEST_HARD_KEY if self._hard else LONGEST_KEY):
            return Absent()
        for literal, rules in self._rules:
            if literal in key:
                for rule in rules:
                    if (spans := rule.search(key)) is not None:
                        value = rule.answer(key, spans)
                        return Found(value) if value else Absent()
        return Absent()

    def reload(self) -> None:
        """Read the file again; on MapError the old rules stay."""
        rules = read_rules(self._path)
        self._hard = any(rule.hard for rule in rules)
        self._rules = tuple(
            (literal, tuple(same)) for literal, same in itertools.groupby(rules, operator.attrgetter("literal"))
        )

    def close(self) -> None:
        """Drop the compiled rules."""
        self._rules = ()


def open_map(option: str) -> PosixRegex:
    """Open the map; `option` is perdition option map_library_opt, the file's name."""
    return PosixRegex(option)


def read_rules(path: str) -> tuple[Rule, ...]:
    """Read and compile a whole file.

    Raises:
        MapError: the file cannot be read, or one line of it makes no sense.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise MapError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return tuple(_read_rule(path, line) for line in read_lines(data))
    except WordsError as error:
        raise MapError(f"{path}:{error.line}: {error.expected}") from None


def _read_rule(path: str, line: Line) -> Rule:
    match line.words:
        case (pattern, substitution, *_):
            pass
        case _:
            raise MapError(f"{path}:{line.number}: expected a pattern and a substitution, found one word")
    pattern = pattern.removesuffix(b":")
    if copies_of(pattern) > MOST_COPIES:
        raise MapError(f"{path}:{line.number}: expected repetitions that make at most {MOST_COPIES:,} copies in all")
    try:
        return Rule(Regex(pattern), substitution, line.number, pattern)
    except RegexError as error:
        raise MapError(f"{path}:{line.number}: expected a POSIX extended regular expression: {error}") from None
