"""Taking a message apart without changing an octet of it (RFC 2045, RFC 2046 5.1)."""

import re
from itertools import islice
from typing import Final, TypeAlias

import attrs

MOST_PARTS: Final = 100
DEEPEST: Final = 10
HEADER_END: Final = re.compile(rb"(?:\A|\r?\n)\r?\n")
# A field with the lines that continue it (RFC 5322 2.2.3).
FIELD: Final = re.compile(rb"^([!-9;-~]++)[ \t]*:([^\n]*\n?(?:[ \t][^\n]*\n?)*)", re.MULTILINE)
TOKEN: Final = rb'[^\x00-\x20()<>@,;:\\"/\[\]?=\x7f-\xff]+'
"""RFC 2045 5.1."""
# The beginning of Content-Type and Content-Disposition, and what follows (RFC 2045 5.1, RFC 2183 2).
WORD: Final = re.compile(rb"[ \t]*(%s(?:/%s)?)" % (TOKEN, TOKEN))
PARAMETER: Final = re.compile(rb';[ \t]*(%s)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*+)"?|([^ \t;"]*))' % TOKEN)
ESCAPED: Final = re.compile(rb"\\(.)")
MOST_PARAMETERS: Final = 50
TEXT: Final = b"text/plain"
FOLD: Final = re.compile(rb"\r?\n(?=[ \t])")

Parameters: TypeAlias = tuple[tuple[bytes, bytes], ...]


@attrs.frozen
class Part:
    """A message or a part of one.

    Attributes:
        header: with the empty line that ends it.
        body: the rest.
        kind: type/subtype in small letters.
        parameters: of the type, as they stand.
        parts: of a multipart; of message/rfc822 the one message in it.
    """

    header: bytes
    body: bytes
    kind: bytes
    parameters: Parameters
    parts: tuple["Part", ...] = ()

    @property
    def main_type(self) -> bytes:
        """The type, in small letters."""
        return self.kind.partition(b"/")[0]

    @property
    def sub_type(self) -> bytes:
        """The subtype, in small letters."""
        return self.kind.partition(b"/")[2]

    @property
    def is_multipart(self) -> bool:
        """Whether it has parts of its own; without a boundary it has none."""
        return self.main_type == b"multipart" and bool(self.parts)

    @property
    def is_message(self) -> bool:
        """Whether it holds a whole message."""
        return self.main_type == b"message" and bool(self.parts)

    def field(self, name: bytes) -> bytes | None:
        """Give the first field of that name, unfolded and otherwise as it stands."""
        return read_field(self.header, name)

    def find(self, numbers: tuple[int, ...]) -> "Part | None":
        """Find a part as BODY[1.2] names it (RFC 9051 6.4.5.1)."""
        part: Part | None = self
        choices = numbered(self)
        for number in numbers:
            if not 1 <= number <= len(choices):
                return None
            part = choices[number - 1]
            choices = numbered(part.parts[0]) if part.is_message else part.parts
        return part


def numbered(message: Part) -> tuple[Part, ...]:
    """Give what 1, 2, ... name in a message: one that is no multipart is its own only part."""
    return message.parts if message.is_multipart else (message,)


def split(octets: bytes) -> tuple[bytes, bytes]:
    """Part a header, with the empty line behind it, from a body."""
    end = HEADER_END.search(octets)
    return (octets, b"") if end is None else (octets[: end.end()], octets[end.end() :])


def read_part(octets: bytes, depth: int = 0) -> Part:
    """Take a message or a part of one apart."""
    header, body = split(octets)
    kind, parameters = read_type(read_field(header, b"Content-Type"))
    boundary = dict(parameters).get(b"boundary", b"").rstrip()
    parts: tuple[Part, ...] = ()
    if depth < DEEPEST and kind.startswith(b"multipart/") and boundary:
        parts = tuple(read_part(part, depth + 1) for part in split_multipart(body, boundary))
    elif depth < DEEPEST and kind == b"message/rfc822":
        parts = (read_part(body, depth + 1),)
    return Part(header, body, kind, parameters, parts)


def read_field(header: bytes, name: bytes) -> bytes | None:
    """Give the first field of that name, unfolded and otherwise as it stands."""
    for found in FIELD.finditer(header):
        if found[1].lower() == name.lower():
            return FOLD.sub(b"", found[2]).strip()
    return None


def read_words(field: bytes) -> tuple[bytes, Parameters]:
    """Read a word and parameters, the word and their names in small letters."""
    word = WORD.match(field)
    if word is None:
        return b"", ()
    found = islice(PARAMETER.finditer(field, word.end()), MOST_PARAMETERS)
    parameters = ((one[1].lower(), one[3] if one[2] is None else ESCAPED.sub(rb"\1", one[2])) for one in found)
    return word[1].lower(), tuple(parameters)


def read_type(field: bytes | None) -> tuple[bytes, Parameters]:
    """Read Content-Type; what says nothing, or nothing that can be, is plain text (RFC 2045 5.2)."""
    if field is None:
        return TEXT, ((b"charset", b"us-ascii"),)
    kind, parameters = read_words(field)
    return (kind, parameters) if b"/" in kind else (TEXT, ())


def split_multipart(body: bytes, boundary: bytes) -> list[bytes]:
    """Give what stands between the boundaries."""
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    parts: list[bytes] = []
    start = None
    for found in delimiter.finditer(body):
        if start is not None:
            parts.append(body[start : max(start, found.start())])
        if found[1] or len(parts) >= MOST_PARTS:
            return parts
        start = min(len(body), found.end() + (2 if body.startswith(b"\r", found.end()) else 1))
    if start is not None:  # the last boundary is missing
        parts.append(body[start:])
    return parts


def select_fields(header: bytes, names: frozenset[bytes], *, others: bool) -> bytes:
    """Give some fields of a header, as they stand, and the empty line (RFC 9051 6.4.5.1, HEADER.FIELDS).

    Args:
        header: a whole header.
        names: in small letters.
        others: whether all fields but those are wanted.
    """
    chosen = [found[0] for found in FIELD.finditer(header) if (found[1].lower() in names) is not others]
    return b"".join(chosen) + b"\r\n"
