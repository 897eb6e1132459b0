"""What the capability options mean: the elements that a client is shown (perdition 1.7)."""

from collections.abc import Mapping
from typing import Final

from perdition.protocol import managesieve
from perdition.protocol.imap4 import codec
from perdition.session.policy import Proto

ADDED: Final[Mapping[Proto, tuple[bytes, ...]]] = {
    Proto.POP3: (b"SASL PLAIN LOGIN", b"RESP-CODES"),
    Proto.IMAP4: (b"LITERAL+", b"SASL-IR", b"ID", b"AUTH=PLAIN", b"AUTH=LOGIN"),
    Proto.MANAGESIEVE: (),
}
"""What the machines can do beside the C program; announced where the administrator does not say otherwise."""

TWO_BLANKS: Final = "  "
DELIMITERS: Final[Mapping[Proto, str]] = {Proto.POP3: ".", Proto.IMAP4: " ", Proto.MANAGESIEVE: TWO_BLANKS}

POP3_LINE: Final = 510
"""The longest capability of POP3, without CRLF (RFC 2449 5)."""


class BadCapability(Exception):
    """An element that cannot stand on the wire; the text names it and says what was expected."""


def capability_elements(proto: Proto, text: str) -> tuple[bytes, ...]:
    """Part an option's text into its elements.

    Args:
        proto: IMAP4 has one blank between, POP3 a dot (two blanks where there is no dot), ManageSieve two blanks.
        text: the option pop_capability, imap_capability or managesieve_capability.

    Raises:
        BadCapability: the elements of ManageSieve are no list that may stand before the log-in, one of POP3 is too
            long for a line, or one of IMAP4 is no atom (RFC 9051 9).
    """
    delimiter = DELIMITERS[proto]
    if proto is Proto.POP3 and delimiter not in text:
        delimiter = TWO_BLANKS
    elements = tuple(word.encode("utf-8", "surrogateescape") for word in text.split(delimiter) if word.strip())
    if proto is Proto.MANAGESIEVE:
        check_lines(elements)
    for element in elements:
        if proto is Proto.IMAP4 and codec.ATOM.match(element) is None:
            raise BadCapability(f"{element.decode('utf-8', 'backslashreplace')}: expected an atom")
        if proto is Proto.POP3 and len(element) > POP3_LINE:
            shown = element[:20].decode("utf-8", "backslashreplace")
            raise BadCapability(f"{shown}...: expected at most {POP3_LINE} octets")
    return elements


def check_lines(elements: tuple[bytes, ...]) -> None:
    """Raise `BadCapability` if elements are not what a ManageSieve server may list before the log-in (RFC 5804 1.7)."""
    names: set[bytes] = set()
    for element in elements:
        shown = element.decode("utf-8", "backslashreplace")
        try:
            words = managesieve.read_line(element).words
        except managesieve.BadArgument as error:
            raise BadCapability(f"{shown}: {error}") from None
        if any(isinstance(word, str) for word in words):
            raise BadCapability(f"{shown}: expected strings in double quotes")
        name, *value = (word.upper() for word in words if isinstance(word, bytes))
        if len(value) > 1:
            raise BadCapability(f"{shown}: expected one string or two")
        if name in names:
            raise BadCapability(f"{shown}: expected each name once")
        if name == b"OWNER":
            raise BadCapability(f"{shown}: expected no owner before the log-in")
        if name == b"NOTIFY" and not any(value):
            raise BadCapability(f"{shown}: expected a list that is not empty")
        names.add(name)
