"""POP3 events: the same class is sent on one side and comes out on the other."""

from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from perdition.protocol.conversation import Status
from perdition.protocol.reasons import Reason
from perdition.protocol.reprs import octets
from perdition.protocol.secret import Secret

Argument: TypeAlias = bytes | Secret


@attrs.frozen
class Greeting:
    """The server's first line (RFC 1939 4).  `status` is OK or NO."""

    text: bytes
    status: Status = Status.OK
    code: bytes | None = None


@attrs.frozen
class Command:
    """A command.  The server owes it a `Reply`, `Multiline` or, for AUTH, perhaps `Challenge`s before.

    Attributes:
        verb: in capitals.
        args: as the row of `spec/pop3.toml` says; what may hold a password is a `Secret`.
    """

    verb: str
    args: tuple[Argument, ...] = ()


@attrs.frozen
class SaslResponse:
    """A client's response to a `Challenge`, after base64 (RFC 5034 4).  Answer as you would AUTH."""

    data: Secret


@attrs.frozen
class SaslCancel:
    """A client gives up its AUTH (RFC 5034 4).  A server machine turns it into a `BadCommand` by itself."""


@attrs.frozen
class Challenge:
    """A server's challenge, before base64 (RFC 5034 4).  The client owes a `SaslResponse` or `SaslCancel`."""

    data: bytes


@attrs.frozen
class BadChallenge:
    """A server's challenge that is no base64.  The client owes a `SaslCancel` (RFC 5034 4)."""


@attrs.frozen
class Reply:
    """+OK or -ERR in one line.

    Attributes:
        status: OK or NO.
        text: what follows, without the code.
        code: the response code (RFC 2449 8), without its brackets.
    """

    status: Status
    text: bytes = b""
    code: bytes | None = None


@attrs.frozen
class Multiline:
    """+OK and a block of lines.

    Attributes:
        text: what follows +OK.
        body: the lines, each with its CRLF; dots are stuffed and unstuffed by the machines.
    """

    text: bytes
    body: bytes = attrs.field(repr=octets)


@attrs.frozen
class BadCommand:
    """A command that cannot be; the framing is intact.  Send the reply, or another one."""

    reply: Reply


CODES: Final[Mapping[Reason, bytes]] = {
    Reason.AUTHENTICATION_FAILED: b"AUTH",  # RFC 3206 4
    Reason.UNAVAILABLE: b"SYS/TEMP",
    Reason.LIMIT: b"SYS/TEMP",
    Reason.MISCONFIGURED: b"SYS/PERM",
}
