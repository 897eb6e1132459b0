"""What an attacked client says to us and hears from us."""

import re
from typing import Final

COMMANDS: Final = {"pop3": b"STLS\r\n", "imap4": b"S STARTTLS\r\n", "managesieve": b"STARTTLS\r\n"}

GOOD: Final = {  # of one command, and nothing behind it
    "pop3": re.compile(rb"\+OK [^\r\n]*\r\n(?:[^\r\n.]*\r\n)*(?:\.\r\n)?"),
    "imap4": re.compile(rb"[SC] OK [^\r\n]*\r\n"),
    "managesieve": re.compile(rb"OK [^\r\n]*\r\n"),
}
BAD: Final = {
    "pop3": re.compile(rb"-ERR [^\r\n]*\r\n"),
    "imap4": re.compile(rb"(?:\*|[A-Za-z]+|bWFsbG9yeQ==) (?:NO|BAD) [^\r\n]*\r\n"),
    "managesieve": re.compile(rb"NO [^\r\n]*\r\n"),
}
CLOSED: Final = {
    "pop3": re.compile(rb"-ERR closing: [a-z ]*\r\n"),
    "imap4": re.compile(rb"\* BYE closing: [a-z ]*\r\n"),
    "managesieve": re.compile(rb'BYE "closing: [a-z ]*"\r\n'),
}


def is_good(protocol: str, reply: bytes) -> bool:
    """Tell whether a reply is one good answer, and no other octet."""
    return GOOD[protocol].fullmatch(reply) is not None


def is_refusal(protocol: str, reply: bytes) -> bool:
    """Tell whether a reply is one refusal, and no other octet."""
    return BAD[protocol].fullmatch(reply) is not None


def is_closed_in_words(protocol: str, reply: bytes) -> bool:
    """Tell whether a reply is the last line before the connection is closed, and no other octet."""
    return CLOSED[protocol].fullmatch(reply) is not None
