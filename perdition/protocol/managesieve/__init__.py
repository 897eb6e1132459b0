"""ManageSieve (RFC 5804): `Server` and `Client` machines and their events."""

from perdition.protocol.conversation import Status
from perdition.protocol.machine import Closed
from perdition.protocol.managesieve._tables import State
from perdition.protocol.managesieve.client import Client
from perdition.protocol.managesieve.codec import BadArgument, read_line, tag_code
from perdition.protocol.managesieve.events import (
    CODES,
    BadCommand,
    Challenge,
    Command,
    Line,
    Response,
    SaslCancel,
    SaslResponse,
)
from perdition.protocol.managesieve.server import Server

__all__ = [
    "CODES",
    "BadArgument",
    "BadCommand",
    "Challenge",
    "Client",
    "Closed",
    "Command",
    "Line",
    "Response",
    "SaslCancel",
    "SaslResponse",
    "Server",
    "State",
    "Status",
    "read_line",
    "tag_code",
]
