"""Compares what a server says with what a transcript says: by meaning, never by text."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from perdition.conformance.transcript import Login
from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.conversation import Status

WORDS: Final[Mapping[str, Mapping[Status, str]]] = {
    "pop3": {Status.OK: "+OK", Status.NO: "-ERR"},
    "imap4": {status: status.name for status in Status},
    "managesieve": {status: status.name for status in Status},
}


def status_of(event: Any) -> Status:
    """Give the status of a final answer."""
    status: Status = Status.OK if isinstance(event, pop3.Multiline) else event.status
    return status


def shown(protocol: str, event: Any) -> str:
    """Write what is waited for, or came, for people; a server's words may be a password."""
    match event:
        case pop3.Challenge(data) | imap4.Challenge(data) | managesieve.Challenge(data):
            return "a challenge" if data else "an empty challenge"
        case imap4.Continuation():
            return "`+`"
        case imap4.Tagged(tag, status):
            return f"{tag.decode('latin-1')} {status.name}"
        case imap4.Greeting() | imap4.Notice():
            return f"* {event.status.name}"
        case imap4.Untagged(parts):
            return f"* {parts[0].split(b' ')[0].decode('latin-1')}"
        case managesieve.Line():
            return "a line of data"
    return WORDS[protocol][status_of(event)]


def difference(expected: Any, got: Any, asked: Any, login: Login | None) -> bool:
    """Tell whether an answer means something else than the transcript's."""
    match expected, got:
        case (pop3.Challenge(wanted), pop3.Challenge(data)) | (imap4.Challenge(wanted), imap4.Challenge(data)):
            return wanted == b"" != data
        case managesieve.Challenge(wanted), managesieve.Challenge(data):
            return wanted == b"" != data
        case imap4.Tagged(), imap4.Tagged() if expected.tag != got.tag:
            return True
        case (pop3.Reply() | pop3.Multiline(), pop3.Reply() | pop3.Multiline()):
            anybody = getattr(asked, "verb", "") == "USER" and (login is None or asked.args[0] != login.user)
            return not anybody and status_of(expected) is not status_of(got)  # RFC 1939 7: USER may know nothing
        case managesieve.Response(status, _, code), managesieve.Response(other_status, _, other_code):
            tag = code if code is not None and code.upper().startswith(b"TAG ") else None  # RFC 5804 2.13
            return status is not other_status or (tag is not None and tag != other_code)
    return type(expected) is not type(got) or status_of(expected) is not status_of(got)


def is_refusal(prefix: bytes, got: Any) -> bool:
    """Tell whether an answer refuses a command, as a transcript's line `S: STATUS ...` does."""
    label = prefix.split(b" ")[0]
    match got:
        case imap4.Tagged(tag, status):
            return status in (Status.NO, Status.BAD) and label in (tag, b"*")
        case imap4.Notice(status):
            return status is Status.BAD and label == b"*"
        case pop3.Reply(status) | managesieve.Response(status):
            return status is Status.NO
    return False


OF_NO_COMMAND: Final = re.compile(rb"(?i)\S+ OK(?: |\Z)")


def good_answers(protocol: str, said: bytes) -> Iterable[bytes]:
    """Give the lines by which a server says yes to something."""
    for line in said.split(b"\n"):
        text = line.rstrip(b"\r")
        if protocol == "pop3":
            good = text.upper().startswith(b"+OK")
        elif protocol == "imap4":
            good = text.startswith(b"+") or (not text.startswith(b"* ") and OF_NO_COMMAND.match(text) is not None)
        else:
            good = re.match(rb"(?i)OK\b", text) is not None
        if good:
            yield text
