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

import os
import re
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from perdition.config.words import Line, WordsError, read_lines
from perdition.maps._libc_regex import Regex, RegexError
from perdition.maps.contract import MapError, Runs
from perdition.maps.outcome import Absent, Found, Outcome, Query

GROUP: Final = re.compile(rb"\$([0-9])")
Span: TypeAlias = tuple[int, int]


@attrs.frozen
class Rule:
    """One line of the file."""

    regex: Regex
    substitution: bytes

    def apply(self, key: bytes) -> bytes | None:
        """Give the answer for a key, or None when the pattern does not match."""
        spans = self.regex.search(key)
        if spans is None:
            return None

        def replaced(group: re.Match[bytes]) -> bytes:
            start, end = spans[int(group[1])]
            return group[0] if start < 0 else key[start:end]

        return key[: spans[0][0]] + GROUP.sub(replaced, self.substitution)


class PosixRegex:
    """The map: all of the file, compiled."""

    runs: Final = Runs.INLINE

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)  # a daemon changes its folder
        self._rules = read_rules(self._path)

    def lookup(self, query: Query) -> Outcome:
        """Try the rules in the order of the file."""
        if b"\0" in query.key:  # the C library would match only what is before it
            return Absent()
        for rule in self._rules:
            if (value := rule.apply(query.key)) is not None:
                return Found(value) if value else Absent()
        return Absent()

    def reload(self) -> None:
        """Read the file again; on MapError the old rules stay."""
        self._rules = read_rules(self._path)

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
    try:
        return Rule(Regex(pattern.removesuffix(b":")), substitution)
    except RegexError as error:
        raise MapError(f"{path}:{line.number}: expected a POSIX extended regular expression: {error}") from None
