"""Which rules of a posix_regex map never get their turn, because one before them matches all that they match.

Sound, not complete: what is named is never reached; not every rule that is never reached is named.  A later
rule counts by the text that all its matches have, `bob` of `^bob[0-9]*`: a pattern that finds a match in this
text finds one in every longer text too, unless it looks at what surrounds the match.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from perdition.maps.posix_regex import Rule

# They match every key, and show it no otherwise.
MATCH_ALL: Final = frozenset(
    start + group + end
    for start in (b"", b"^")
    for group in (b".*", b"(.*)", b".+", b"(.+)", b".", b"(.)")
    for end in ((b"", b"$") if group not in (b".", b"(.)") else (b"",))
)
# GNU's own: word ends, beginning and end of the buffer, classes.
LOOKS_AROUND: Final = re.compile(rb"\\[A-Za-z<>'`]")
META: Final = b".[($*+?{|^)\\"
OPTIONAL: Final = b"*?{"


@attrs.frozen
class Core:
    """What all matches of a pattern have: a text, at the start of the key or anywhere; `whole`: and no more."""

    text: bytes
    at_start: bool
    whole: bool


def core(pattern: bytes) -> Core:
    """Find the literal text with which all matches of a pattern begin; it may be empty."""
    at_start = pattern.startswith(b"^")
    rest = pattern[1:] if at_start else pattern
    if b"|" in rest:
        return Core(b"", at_start=False, whole=False)
    text = bytearray()
    place = 0
    while place < len(rest):
        octet = rest[place : place + 1]
        behind = rest[place + 1 : place + 2]
        if octet == b"\\" and behind and not LOOKS_AROUND.match(octet + behind) and not behind.isdigit():
            text += behind
            place += 2
        elif octet not in META:
            text += octet
            place += 1
        else:
            break
    stopped = rest[place:]
    if stopped[:1] and stopped[:1] in OPTIONAL:
        text = text[:-1]
    return Core(bytes(text), at_start, whole=at_start and stopped == b"$")


def covers(first: Rule, later: Rule) -> bool:
    """Tell whether the first rule matches whatever the later one matches, as far as that can be seen."""
    if first.pattern == later.pattern or first.pattern in MATCH_ALL:
        return True
    if LOOKS_AROUND.search(first.pattern):
        return False
    common = core(later.pattern)
    matches = first.regex.search(common.text) is not None
    if common.whole or not matches:
        return matches
    if b"$" in first.pattern:
        return False
    at_any_start = first.regex.search(b"") is not None
    return at_any_start or common.at_start or b"^" not in first.pattern


def unreached(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Give each rule that is never reached, and the one that takes its place."""
    for number, later in enumerate(rules):
        for first in rules[:number]:
            if covers(first, later):
                yield later, first
                break
