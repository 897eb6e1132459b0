"""Writes what the two sides of a transcript say, by the codecs alone: no machine, no state."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from perdition.conformance.reader import CRLF, LONG, row_of
from perdition.protocol import imap4, managesieve, pop3
from perdition.protocol.conversation import Status
from perdition.protocol.imap4 import codec as imap4_codec
from perdition.protocol.managesieve import codec as managesieve_codec
from perdition.protocol.pop3 import codec as pop3_codec
from perdition.protocol.sasl import write_base64

CANCEL: Final[Mapping[str, object]] = {
    "pop3": pop3.SaslCancel(),
    "imap4": imap4.SaslCancel(),
    "managesieve": managesieve.SaslCancel(),
}


def is_bad(event: object) -> bool:
    """Tell whether an event is a command that cannot be."""
    return isinstance(event, pop3.BadCommand | imap4.BadCommand | managesieve.BadCommand)


def as_sent(event: Any) -> Any:
    """Give what a client sends for a server to hear the event: "parts" are heard as they are written."""
    if isinstance(event, imap4.Command) and event.verb not in ("LOGIN", "AUTHENTICATE"):
        return attrs.evolve(event, args=tuple(imap4.Raw(arg) for arg in event.args if isinstance(arg, bytes)))
    return event


def write(event: Any) -> bytes:
    """Write what a server says."""
    match event:
        case pop3.Greeting(text, status, code) | pop3.Reply(status, text, code):
            return pop3_codec.write_reply(status, text, code)
        case pop3.Multiline(text, body):
            return pop3_codec.write_reply(Status.OK, text, None) + pop3_codec.stuff(body)
        case pop3.Challenge(data):
            return pop3_codec.write_challenge(data)
        case imap4.Greeting(text, status, code) | imap4.Notice(status, text, code):
            return imap4_codec.write_status(b"*", status, text, code)
        case imap4.Tagged(tag, status, text, code):
            return imap4_codec.write_status(tag, status, text, code)
        case imap4.Untagged(parts):
            return imap4_codec.write_parts(parts)
        case imap4.Challenge(data):
            return imap4_codec.write_challenge(data)
        case managesieve.Line(words):
            return managesieve_codec.write_line(words)
        case managesieve.Challenge(data):
            return managesieve_codec.write_sasl(data, plus=b"")
        case managesieve.Response():
            return managesieve_codec.write_response(event)
    raise AssertionError(f"no server says {event}")


def written_by_client(event: Any) -> list[bytes]:
    """Write what a client says, in each way that it may: with and without literals that do not wait."""
    match as_sent(event):
        case pop3.Command(verb, args):
            return [pop3_codec.write_command(verb, row_of("pop3", verb), args)]
        case imap4.Command(tag, verb, args):
            row = row_of("imap4", verb)
            return [b"".join(imap4_codec.write_command(tag, verb, args, row, plus)) for plus in (-1, LONG)]
        case managesieve.Command(verb, args):
            return [managesieve_codec.write_command(verb, row_of("managesieve", verb), args)]
        case managesieve.SaslResponse(data):
            return [managesieve_codec.write_sasl(data.reveal(), plus=b"+")]
        case pop3.SaslResponse(data) | imap4.SaslResponse(data):
            return [write_base64(data.reveal()) + CRLF]
    raise AssertionError(f"no client says {event}")
