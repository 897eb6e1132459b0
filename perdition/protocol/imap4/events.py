"""IMAP4 events: the same class is sent on one side and comes out on the other."""

from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from perdition.protocol.conversation import Status
from perdition.protocol.reasons import Reason
from perdition.protocol.reprs import octets
from perdition.protocol.secret import Secret


@attrs.frozen
class Raw:
    """Octets of a command that are written as they are: a parenthesised list, a sequence set."""

    data: bytes


Argument: TypeAlias = bytes | Secret | Raw


@attrs.frozen
class Greeting:
    """The server's first line (RFC 9051 7.1): OK, PREAUTH or BYE."""

    text: bytes
    status: Status = Status.OK
    code: bytes | None = None


@attrs.frozen
class Command:
    """A command.  The server owes it a `Tagged`; `Untagged`, `Notice` and `Challenge` may come before.

    Attributes:
        tag: the client's name for it (RFC 9051 2.2.1).
        verb: in capitals.
        args: as the row of `spec/imap4.toml` says; what may hold a password is a `Secret`.  A server reads
            "parts" as lines and literals in turn; a client writes bytes as strings and `Raw` as it is.
    """

    tag: bytes
    verb: str
    args: tuple[Argument, ...] = ()


@attrs.frozen
class LiteralOffered:
    """A client announces a literal and waits.  Send a `Continuation` to have it, or `Tagged` NO or BAD.

    Attributes:
        tag: of the command that it belongs to.
        size: in octets.
        verb: of that command: a password may follow LOGIN.
    """

    tag: bytes
    size: int
    verb: str


@attrs.frozen
class Continuation:
    """A server is ready for the next literal (RFC 9051 7.6).  A client goes on with `send_literal`."""

    text: bytes = b""


@attrs.frozen
class Challenge:
    """A server's SASL challenge, before base64.  The client owes a `SaslResponse` or `SaslCancel`."""

    data: bytes


@attrs.frozen
class SaslResponse:
    """A client's response to a `Challenge`, after base64 (RFC 9051 6.2.2).  Answer as you would AUTHENTICATE."""

    data: Secret


@attrs.frozen
class SaslCancel:
    """A client gives up AUTHENTICATE.  A server machine turns it into a `BadCommand` by itself."""


@attrs.frozen
class Notice:
    """An untagged OK, NO, BAD or BYE (RFC 9051 7.1)."""

    status: Status
    text: bytes = b""
    code: bytes | None = None


@attrs.frozen
class Untagged:
    """Untagged data (RFC 9051 7.2 to 7.5).

    Attributes:
        parts: what stands behind `* `: lines and literals in turn, a literal's `{n}` still at its line's end.
    """

    parts: tuple[bytes, ...] = attrs.field(repr=lambda parts: octets(b"".join(parts)))


@attrs.frozen
class Tagged:
    """The final answer to a command (RFC 9051 7.1).

    Attributes:
        tag: the command's.
        status: OK, NO or BAD.
        text: for people, without the code.
        code: the response code with its arguments, without the brackets.
    """

    tag: bytes
    status: Status
    text: bytes = b""
    code: bytes | None = None


@attrs.frozen
class BadCommand:
    """A command that cannot be; the framing is intact.  Send the reply, or another one with its tag.

    Attributes:
        reply: tagged BAD or NO; a `Notice` where there is no tag to answer.
    """

    reply: Tagged | Notice


CODES: Final[Mapping[Reason, bytes]] = {  # RFC 5530 3
    Reason.AUTHENTICATION_FAILED: b"AUTHENTICATIONFAILED",
    Reason.UNAVAILABLE: b"UNAVAILABLE",
    Reason.PRIVACY_REQUIRED: b"PRIVACYREQUIRED",
    Reason.LIMIT: b"LIMIT",
    Reason.MISCONFIGURED: b"CONTACTADMIN",
    Reason.LOGIN_DISABLED: b"CONTACTADMIN",
}
