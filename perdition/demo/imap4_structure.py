"""Writing what FETCH gives: words, strings, ENVELOPE and BODYSTRUCTURE (RFC 9051 7.5.2)."""

import re
from email.utils import getaddresses
from typing import Final

from perdition.demo.mime import Parameters, Part, read_words

QUOTABLE: Final = re.compile(rb"[\x20-\x7e]{0,900}\Z")
TO_ESCAPE: Final = re.compile(rb'["\\]')
NIL: Final = b"NIL"
MOST_COMMENTS: Final = 20
"""In a field of addresses: the standard library reads comments in comments by calls in calls."""
LONGEST_FIELD: Final = 10_000


class Writer:
    """Gathers the parts of untagged data: lines and literals in turn."""

    def __init__(self) -> None:
        self._done: list[bytes] = []
        self._line = bytearray()

    def raw(self, octets: bytes) -> None:
        """Add what is no string."""
        self._line += octets

    def literal(self, octets: bytes) -> None:
        """Add a string as a literal."""
        self._line += b"{%d}" % len(octets)
        self._done += [bytes(self._line), octets]
        self._line.clear()

    def string(self, octets: bytes | None) -> None:
        """Add a string in the shortest form, or NIL."""
        if octets is None:
            self._line += NIL
        elif QUOTABLE.match(octets):
            self._line += b'"' + TO_ESCAPE.sub(rb"\\\g<0>", octets) + b'"'
        else:
            self.literal(octets)

    def parts(self) -> tuple[bytes, ...]:
        """Give all of it."""
        return (*self._done, bytes(self._line))


def write_envelope(writer: Writer, part: Part) -> None:
    """Write date, subject, six lists of addresses, in-reply-to and message-id."""
    writer.raw(b"(")
    writer.string(part.field(b"Date"))
    writer.raw(b" ")
    writer.string(part.field(b"Subject"))
    author = part.field(b"From")
    # RFC 9051 7.5.2: who sent it and who gets the answer is who wrote it, where nothing else is said.
    for field in (author, part.field(b"Sender") or author, part.field(b"Reply-To") or author):
        write_addresses(writer, field)
    for name in (b"To", b"Cc", b"Bcc"):
        write_addresses(writer, part.field(name))
    for name in (b"In-Reply-To", b"Message-ID"):
        writer.raw(b" ")
        writer.string(part.field(name))
    writer.raw(b")")


def write_addresses(writer: Writer, field: bytes | None) -> None:
    """Write a list of addresses: name, route, mailbox and host of each."""
    found = []
    if field and len(field) <= LONGEST_FIELD and field.count(b"(") <= MOST_COMMENTS:
        found = getaddresses([field.decode("latin-1")])
    addresses = [(name, address) for name, address in found if address]
    if not addresses:
        writer.raw(b" NIL")
        return
    writer.raw(b" (")
    for name, address in addresses:
        mailbox, _, host = address.rpartition("@") if "@" in address else (address, "", "")
        writer.raw(b"(")
        writer.string(name.encode("latin-1", "replace") or None)
        writer.raw(b" NIL ")
        writer.string(mailbox.encode("latin-1", "replace"))
        writer.raw(b" ")
        writer.string(host.encode("latin-1", "replace"))
        writer.raw(b")")
    writer.raw(b")")


def write_structure(writer: Writer, part: Part, *, extended: bool) -> None:
    """Write BODYSTRUCTURE, or BODY, which leaves the extensions out."""
    writer.raw(b"(")
    if part.is_multipart:
        for child in part.parts:
            write_structure(writer, child, extended=extended)
        writer.raw(b" ")
        writer.string(part.sub_type)
        if extended:
            write_parameters(writer, part.parameters)
            write_disposition(writer, part)
            writer.raw(b" NIL NIL")
    else:
        write_leaf(writer, part, extended=extended)
    writer.raw(b")")


def write_leaf(writer: Writer, part: Part, *, extended: bool) -> None:
    """Write a part that has no parts."""
    # A multipart without a boundary has no parts to show: it is shown as text.
    odd = part.main_type == b"multipart" or (part.main_type == b"message" and not part.is_message)
    writer.string(b"text" if odd else part.main_type)
    writer.raw(b" ")
    writer.string(b"plain" if odd else part.sub_type)
    write_parameters(writer, () if odd else part.parameters)
    for name in (b"Content-ID", b"Content-Description"):
        writer.raw(b" ")
        writer.string(part.field(name))
    writer.raw(b" ")
    writer.string(part.field(b"Content-Transfer-Encoding") or b"7bit")
    writer.raw(b" %d" % len(part.body))
    if part.is_message:
        writer.raw(b" ")
        write_envelope(writer, part.parts[0])
        writer.raw(b" ")
        write_structure(writer, part.parts[0], extended=extended)
    if odd or part.is_message or part.main_type == b"text":
        writer.raw(b" %d" % part.body.count(b"\n"))
    if extended:
        writer.raw(b" NIL")
        write_disposition(writer, part)
        writer.raw(b" NIL NIL")


def write_parameters(writer: Writer, parameters: Parameters) -> None:
    """Write pairs of names and values."""
    if not parameters:
        writer.raw(b" NIL")
        return
    before = b" ("
    for name, value in parameters:
        writer.raw(before)
        writer.string(name)
        writer.raw(b" ")
        writer.string(value)
        before = b" "
    writer.raw(b")")


def write_disposition(writer: Writer, part: Part) -> None:
    """Write Content-Disposition (RFC 2183)."""
    disposition, parameters = read_words(part.field(b"Content-Disposition") or b"")
    if not disposition:
        writer.raw(b" NIL")
        return
    writer.raw(b" (")
    writer.string(disposition)
    write_parameters(writer, parameters)
    writer.raw(b")")
