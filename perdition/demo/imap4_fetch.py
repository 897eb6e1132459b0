"""FETCH: what a client asks of a message, and the answer (RFC 9051 6.4.5, 7.5.2)."""

import re
from typing import Final

import attrs

from perdition.demo.imap4_arguments import Argument, BadArgument, words, write_moment
from perdition.demo.imap4_structure import Writer, write_envelope, write_structure
from perdition.demo.mailbox import FLAGS, Message
from perdition.demo.mime import Part, read_part, select_fields

MOST_ITEMS: Final = 30
SEEN: Final = b"\\Seen"
MACROS: Final = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
PLAIN: Final = ("FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE")
RFC822: Final = {"RFC822": "", "RFC822.HEADER": "HEADER", "RFC822.TEXT": "TEXT"}
BODY: Final = re.compile(r"BODY(\.PEEK)?\[([^\]]*)\](?:<([0-9]{1,10})\.([0-9]{1,10})>)?\Z")
SECTION: Final = re.compile(
    r"((?:[1-9][0-9]{0,4}(?:\.|\Z))*)(|HEADER|TEXT|MIME|HEADER\.FIELDS(?:\.NOT)? \(([^()]+)\))\Z"
)


@attrs.frozen
class Item:
    """One thing that is asked for.

    Attributes:
        label: how the answer names it.
        section: for a piece of the message, which: "", HEADER, TEXT, MIME, HEADER.FIELDS or HEADER.FIELDS.NOT.
        numbers: of which part.
        fields: names of header fields, in small letters.
        partial: the first octet and how many.
        marks: whether the message has been seen by this.
    """

    label: str
    section: str | None = None
    numbers: tuple[int, ...] = ()
    fields: frozenset[bytes] = frozenset()
    partial: tuple[int, int] | None = None
    marks: bool = False


def read_items(token: Argument) -> list[Item]:
    """Read what FETCH asks for.

    Raises:
        BadArgument: there is no such thing.
    """
    if isinstance(token, str) and token.upper() in MACROS:
        return [Item(name) for name in MACROS[token.upper()]]
    asked = words(token)
    if not 1 <= len(asked) <= MOST_ITEMS:
        raise BadArgument(f"expected 1 to {MOST_ITEMS} things to fetch")
    return [read_item(item) for item in asked]


def read_item(token: Argument) -> Item:
    """Read one thing that FETCH asks for."""
    name = token.upper() if isinstance(token, str) else ""
    if name in PLAIN:
        return Item(name)
    if name in RFC822:
        return Item(name, RFC822[name], marks=name != "RFC822.HEADER")
    found = BODY.match(name)
    section = SECTION.match(found[2]) if found is not None else None
    if found is None or section is None:
        raise BadArgument("expected things that FETCH knows")
    numbers = tuple(int(number) for number in section[1].split(".") if number)
    if section[2] == "MIME" and not numbers:
        raise BadArgument("expected the number of a part before MIME")
    start = None if found[3] is None else int(found[3])
    return Item(
        label=f"BODY[{found[2]}]" + ("" if start is None else f"<{start}>"),
        section=section[2].partition(" ")[0],
        numbers=numbers,
        fields=frozenset(field.strip('"').lower().encode("ascii") for field in (section[3] or "").split()),
        partial=None if start is None else (start, int(found[4])),
        marks=found[1] is None,
    )


def write_flags(message: Message) -> bytes:
    """Write a message's flags."""
    return b"(" + b" ".join(flag for flag in FLAGS if flag in message.flags) + b")"


def write_fetch(number: int, message: Message, items: list[Item]) -> tuple[bytes, ...]:
    """Write the answer for one message: lines and literals in turn."""
    writer = Writer()
    part = read_part(message.octets) if any(needs_part(item) for item in items) else None
    before = b"%d FETCH (" % number
    for item in items:
        writer.raw(before + item.label.encode("ascii") + b" ")
        write_item(writer, item, message, part)
        before = b" "
    writer.raw(b")")
    return writer.parts()


def needs_part(item: Item) -> bool:
    """Tell whether the message must be taken apart for an item."""
    return item.section not in (None, "") or item.numbers != () or item.label[:4] in ("BODY", "ENVE")


def write_item(writer: Writer, item: Item, message: Message, part: Part | None) -> None:
    """Write one answer."""
    match item.label, part:
        case "FLAGS", _:
            writer.raw(write_flags(message))
        case "UID", _:
            writer.raw(b"%d" % message.uid)
        case "INTERNALDATE", _:
            writer.string(write_moment(message.arrived))
        case "RFC822.SIZE", _:
            writer.raw(b"%d" % len(message.octets))
        case "ENVELOPE", Part():
            write_envelope(writer, part)
        case "BODY" | "BODYSTRUCTURE", Part():
            write_structure(writer, part, extended=item.label == "BODYSTRUCTURE")
        case _:
            piece = message.octets if part is None else cut(item, message, part)
            if piece is not None and item.partial is not None:
                start, count = item.partial
                piece = piece[start : start + count]
            if piece is None:
                writer.string(None)
            else:
                writer.literal(piece)


def cut(item: Item, message: Message, whole: Part) -> bytes | None:
    """Cut a section out of a message; None where there is no such part."""
    part = whole.find(item.numbers)
    if part is None:
        return None
    if item.section == "":
        return part.body if item.numbers else message.octets
    if item.section == "MIME":
        return part.header
    if item.numbers:  # the rest is about messages in messages
        if not part.is_message:
            return None
        part = part.parts[0]
    if item.section == "TEXT":
        return part.body
    if item.section == "HEADER":
        return part.header
    return select_fields(part.header, item.fields, others=item.section == "HEADER.FIELDS.NOT")
