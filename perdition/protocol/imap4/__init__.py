"""IMAP4rev1 and rev2 up to the log-in and behind it (RFC 9051): `Server` and `Client` machines, their events."""

from perdition.protocol.conversation import Status
from perdition.protocol.imap4._tables import State
from perdition.protocol.imap4.client import Client
from perdition.protocol.imap4.events import (
    CODES,
    BadCommand,
    Challenge,
    Command,
    Continuation,
    Greeting,
    LiteralOffered,
    Notice,
    Raw,
    SaslCancel,
    SaslResponse,
    Tagged,
    Untagged,
)
from perdition.protocol.imap4.server import Server
from perdition.protocol.machine import Closed

__all__ = [
    "CODES",
    "BadCommand",
    "Challenge",
    "Client",
    "Closed",
    "Command",
    "Continuation",
    "Greeting",
    "LiteralOffered",
    "Notice",
    "Raw",
    "SaslCancel",
    "SaslResponse",
    "Server",
    "State",
    "Status",
    "Tagged",
    "Untagged",
]
