"""What a server announces, and what a dialogue needs of it."""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from perdition.conformance.transcript import Transcript

TLS: Final = frozenset(("STLS", "STARTTLS"))
"""The same capability, in the words of the protocols."""
IN_CLEAR: Final = frozenset(("STARTTLS", "LOGINDISABLED"))
"""What is announced before TLS only."""


@attrs.frozen
class Announced:
    """Capabilities in capitals: `SASL PLAIN` for a mechanism, else the first word of a line."""

    words: frozenset[str]

    def has(self, need: str) -> bool:
        """Tell whether a capability is there."""
        return normal(need) in self.words


def normal(need: str) -> str:
    """Write a capability in one way."""
    word = need.upper()
    if word in TLS:
        return "STARTTLS"
    return f"SASL {word.removeprefix('AUTH=')}" if word.startswith("AUTH=") else word


def from_words(words: Iterable[bytes]) -> Announced:
    """Read IMAP4's list."""
    return Announced(frozenset(normal(word.decode("ascii", "replace")) for word in words))


def from_lines(lines: Iterable[bytes]) -> Announced:
    """Read the lines of POP3's CAPA."""
    found: set[str] = set()
    for line in lines:
        name, *values = line.decode("ascii", "replace").upper().split() or [""]
        found.add(normal(name))
        found |= {f"{name} {value}" for value in values}
    return Announced(frozenset(found))


def from_pairs(pairs: Mapping[bytes, bytes | None]) -> Announced:
    """Read ManageSieve's names and values."""
    return from_lines(name + b" " + (value or b"") for name, value in pairs.items())


def missing(transcript: Transcript, in_clear: Announced, here: Announced) -> str:
    """Give the first capability that a dialogue needs and the server does not have, or nothing.

    Args:
        transcript: the dialogue.
        in_clear: what the server announces before TLS.
        here: what it announces where the dialogue takes place.
    """
    for need in transcript.needs:
        announced = in_clear if normal(need) in IN_CLEAR else here
        if not announced.has(need):
            return need
    return ""
