"""Hides passwords in what people read: as they are, as they stand in quotes, in every base64 form, and parts of them.

A server that takes a literal or a SASL response for a command may say it back, as a tag, in capitals, or cut at the
places where it looks for words.  So a run of a few octets is enough to be hidden.
"""

import base64
import re
from collections.abc import Iterator
from typing import Final

STARS: Final = b"****"
PLAIN_RUN: Final = 6
"""How many octets of a password show too much of it."""
BASE64_RUN: Final = 4
"""The same of its base64: one group."""
SHORTEST_WORD: Final = 3
"""Of the words of a password that has blanks, how long one is that is hidden."""
WORD: Final = re.compile(rb"[A-Za-z0-9+/]*=*")
LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def plain_forms(password: bytes) -> set[bytes]:
    """Give a password as it is, and as it stands in quotes."""
    return {password, password.replace(b"\\", b"\\\\").replace(b'"', b'\\"')}


def base64_forms(password: bytes) -> set[bytes]:
    """Give a password's digits in base64.

    They are different at each of three places in a group; those at the edges, which it shares with its neighbours,
    are left out.
    """
    found = set[bytes]()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + password)
        begin = (0, 2, 3)[before]
        end = (before + len(password)) * 8 // 6  # whole digits only
        found.add(encoded[begin:end])
    return found


def runs(form: bytes, size: int) -> Iterator[bytes]:
    """Give every run of so many octets, or all of fewer, in its own letters, in capitals and in small ones."""
    for text in (form, form.upper(), form.lower()):
        for at in range(max(len(text) - size, 0) + 1):
            yield text[at : at + size]


def pieces(password: bytes) -> list[bytes]:
    """Give the octets that show a password or too much of it, the longest first."""
    found = set[bytes]()
    for word in password.split():
        found |= {*runs(word, len(word))} if len(word) >= SHORTEST_WORD else set()
    for form in plain_forms(password):
        found |= {*runs(form, PLAIN_RUN)}
    for form in base64_forms(password):
        found |= {*runs(form, BASE64_RUN)}
    # A blank at the edge of a piece would let the word beyond it go, too.
    found = {piece for piece in found if piece == piece.strip()} | {password}
    return sorted((piece for piece in found if piece), key=len, reverse=True)


class Stars:
    """Puts stars in the place of a password."""

    __slots__ = ("_pattern",)

    def __init__(self, password: bytes) -> None:
        found = pieces(password)
        # Looks ahead, for pieces overlap.
        self._pattern = re.compile(b"(?=(%b))" % b"|".join(map(re.escape, found))) if found else None

    def __repr__(self) -> str:
        return "Stars(...)"

    def hide(self, octets: bytes) -> bytes:
        """Give the octets without the password; a word of base64 that holds a part of it goes as a whole."""
        if self._pattern is None:
            return octets
        shown, done = bytearray(), 0
        for found in self._pattern.finditer(octets):
            begin, end = found.span(1)
            if end <= done:
                continue
            while begin > done and octets[begin - 1] in LETTERS:
                begin -= 1
            if begin > done or not done:
                shown += octets[done:begin] + STARS
            behind = WORD.match(octets, end)
            done = end if behind is None else behind.end()
        return bytes(shown + octets[done:])

    def hide_text(self, text: str) -> str:
        """Do the same with text; what octets cannot hold becomes `?`."""
        return self.hide(text.encode("latin-1", "replace")).decode("latin-1")
