"""What the capability options mean: the elements that a client is shown (perdition 1.7)."""

from collections.abc import Mapping
from typing import Final

from perdition.protocol import managesieve
from perdition.session.policy import Proto

ADDED: Final[Mapping[Proto, tuple[bytes, ...]]] = {
    Proto.POP3: (b"SASL PLAIN LOGIN", b"RESP-CODES"),
    Proto.IMAP4: (b"LITERAL+", b"SASL-IR", b"ID", b"AUTH=PLAIN", b"AUTH=LOGIN"),
    Proto.MANAGESIEVE: (),
}
"""What the machines can do beside the C program; announced where the administrator does not say otherwise."""

TWO_BLANKS: Final = "  "
DELIMITERS: Final[Mapping[Proto, str]] = {Proto.POP3: ".", Proto.IMAP4: " ", Proto.MANAGESIEVE: TWO_BLANKS}


class BadCapability(Exception):
    """An element that cannot stand on the wire; the text names it and says what was expected."""


def capability_elements(proto: Proto, text: str) -> tuple[bytes, ...]:
    """Part an option's text into its elements.

    Args:
        proto: IMAP4 has one blank between, POP3 a dot (two blanks where there is no dot), ManageSieve two blanks.
        text: the option pop_capability, imap_capability or managesieve_capability.

    Raises:
        BadCapability: an element of ManageSieve is not a line of strings.
    """
    delimiter = DELIMITERS[proto]
    if proto is Proto.POP3 and delimiter not in text:
        delimiter = TWO_BLANKS
    elements = tuple(word.encode("utf-8", "surrogateescape") for word in text.split(delimiter) if word.strip())
    if proto is Proto.MANAGESIEVE:
        for element in elements:
            check_line(element)
    return elements


def check_line(element: bytes) -> None:
    """Raise `BadCapability` if an element is no capability line of ManageSieve (RFC 5804 1.7)."""
    shown = element.decode("utf-8", "backslashreplace")
    try:
        words = managesieve.read_line(element).words
    except managesieve.BadArgument as error:
        raise BadCapability(f"{shown}: {error}") from None
    if any(isinstance(word, str) for word in words):
        raise BadCapability(f"{shown}: expected strings in double quotes")
