"""POP3 (RFC 1939, 2449, 2595, 5034): `Server` and `Client` machines and their events."""

from perdition.protocol.conversation import Status
from perdition.protocol.machine import Closed
from perdition.protocol.pop3._tables import State
from perdition.protocol.pop3.client import Client
from perdition.protocol.pop3.events import (
    CODES,
    BadChallenge,
    BadCommand,
    Challenge,
    Command,
    Greeting,
    Multiline,
    Reply,
    SaslCancel,
    SaslResponse,
)
from perdition.protocol.pop3.server import Server

__all__ = [
    "CODES",
    "BadChallenge",
    "BadCommand",
    "Challenge",
    "Client",
    "Closed",
    "Command",
    "Greeting",
    "Multiline",
    "Reply",
    "SaslCancel",
    "SaslResponse",
    "Server",
    "State",
    "Status",
]
