"""What a session asks of its driver, and what the driver answers.

Each batch of effects ends with exactly one that waits or one that ends.  `ANSWERS` says which answers each
waiting effect may get.  There is never more than one thing to wait for: what a session does not read stays in
the kernel, and no reader can steal the octets of a TLS handshake.
"""

import enum
from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from perdition.maps.outcome import Absent, Broken, Found, Unavailable
from perdition.protocol.reprs import octets
from perdition.protocol.secret import Secret


class Side(enum.Enum):
    """Which of the two connections."""

    CLIENT = "client"
    SERVER = "real server"


class Level(enum.Enum):
    """How grave a log line is: the syslog priority."""

    DEBUG = "debug"
    INFO = "info"
    NOTICE = "notice"
    ERR = "err"


# --- effects that are done and forgotten


@attrs.frozen
class Send:
    """Write octets; a failure shows at the next `Read` of that side as the end of the stream."""

    side: Side
    data: bytes = attrs.field(repr=octets)


@attrs.frozen
class Log:
    """Write one line.  It holds no secret, and nothing that a peer sent stands in it unescaped."""

    level: Level
    line: str


@attrs.frozen
class Deadline:
    """From now on all waits together may take so many seconds, until the next `Deadline`; 0: for ever."""

    seconds: float


@attrs.frozen
class HangUp:
    """Close the connection to the real server; another may be made."""


# --- effects that wait


@attrs.frozen
class Read:
    """Wait for octets."""

    side: Side


@attrs.frozen
class StartTls:
    """Do a TLS handshake: as server with the client, as client with the real server.

    Attributes:
        side: whose connection.
        name: the real server's name for SNI and for its certificate; empty towards the client.
    """

    side: Side
    name: str = ""


@attrs.frozen
class Lookup:
    """Ask the popmap."""

    key: bytes


@attrs.frozen
class Authenticate:
    """Ask the system whether a name and a password fit (perdition option authenticate_in)."""

    name: bytes
    password: Secret


@attrs.frozen
class Connect:
    """Connect to a real server; with `tls`, do the handshake at once.

    Attributes:
        host: a name or an address, without brackets.
        port: a number, or the name of a service.
        tls: whether TLS is implicit.
    """

    host: str
    port: str
    tls: bool


@attrs.frozen
class Delay:
    """Let time pass."""

    seconds: float


# --- effects that end the session


@attrs.frozen
class Relay:
    """Hand the two connections over: from here on octets are piped, not read.

    Attributes:
        reply: the answer to the log-in; it goes to the client first and is not counted.
        to_client: what the real server had sent behind its own answer.
        to_server: what the client had sent behind its log-in.
        auth: the log line of the log-in, which may be repeated (perdition option connect_relog).
        closing: the log line for the end, to which the two counts are added.
        idle_farewell: what the client is told when nothing has moved for too long.
        shown_as: what the log calls the session where it shows all that passes (connection_logging), else None.
    """

    reply: bytes = attrs.field(repr=octets)
    to_client: bytes = attrs.field(repr=octets)
    to_server: bytes = attrs.field(repr=octets)
    auth: str = attrs.field(repr=False)  # log_passwd may put the password there
    closing: str
    idle_farewell: bytes
    shown_as: str | None = None


@attrs.frozen
class Close:
    """Close both connections."""


# --- answers


@attrs.frozen
class Received:
    """Octets came; `b""` is the end of the stream."""

    data: bytes = attrs.field(repr=octets)


@attrs.frozen
class TlsStarted:
    """The handshake is done and the certificate is as the policy wants it."""


@attrs.frozen
class Authenticated:
    """Name and password fit, and the account may be used now."""


@attrs.frozen
class NotAuthenticated:
    """They do not fit, or the account may not be used.

    Attributes:
        why: for the log.
    """

    why: str


@attrs.frozen
class Connected:
    """The real server is there, under TLS if that was asked for."""


@attrs.frozen
class Failed:
    """It could not be done.

    Attributes:
        why: for the log.
        tls: whether the connection stood and TLS failed on it.
    """

    why: str
    tls: bool = False


@attrs.frozen
class Woke:
    """The time has passed."""


@attrs.frozen
class TimedOut:
    """The deadline came first."""


@attrs.frozen
class Stopping:
    """The daemon is going down; nothing was read."""


Wait: TypeAlias = Read | StartTls | Lookup | Authenticate | Connect | Delay
Effect: TypeAlias = Send | Log | Deadline | HangUp | Wait | Relay | Close
Answer: TypeAlias = (
    Received
    | TlsStarted
    | Authenticated
    | NotAuthenticated
    | Connected
    | Failed
    | Woke
    | TimedOut
    | Stopping
    | Found
    | Absent
    | Unavailable
    | Broken
)

ANSWERS: Final[Mapping[type, tuple[type, ...]]] = {
    Read: (Received, TimedOut, Stopping),
    StartTls: (TlsStarted, Failed, TimedOut, Stopping),
    Lookup: (Found, Absent, Unavailable, Broken, TimedOut),
    Authenticate: (Authenticated, NotAuthenticated, Failed, TimedOut),
    Connect: (Connected, Failed, TimedOut),
    Delay: (Woke,),
    Relay: (),
    Close: (),
}
