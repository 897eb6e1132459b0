"""ManageSieve events: the same class is sent on one side and comes out on the other."""

from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from perdition.protocol.conversation import Status
from perdition.protocol.reasons import Reason
from perdition.protocol.reprs import octets
from perdition.protocol.secret import Secret

Argument: TypeAlias = bytes | Secret | int


@attrs.frozen
class Line:
    """One line of data in front of a response: capabilities, script names, a script (RFC 5804 1.7, 2.7, 2.9).

    Attributes:
        words: strings as bytes; an atom behind them (ACTIVE) as str.
    """

    words: tuple[bytes | str, ...] = attrs.field(
        repr=lambda words: octets(b"".join(word for word in words if isinstance(word, bytes)))
    )


@attrs.frozen
class Command:
    """A command.  The server owes it a `Response`; `Line`s and `Challenge`s may come before.

    Attributes:
        verb: in capitals.
        args: as the row of `spec/managesieve.toml` says: strings as bytes, numbers as int; what may hold a
            password is a `Secret`.
    """

    verb: str
    args: tuple[Argument, ...] = ()


@attrs.frozen
class Challenge:
    """A server's SASL challenge, before base64 (RFC 5804 2.1).  The client owes a `SaslResponse` or `SaslCancel`."""

    data: bytes


@attrs.frozen
class SaslResponse:
    """A client's response to a `Challenge`, after base64.  Answer as you would AUTHENTICATE."""

    data: Secret


@attrs.frozen
class SaslCancel:
    """A client gives up AUTHENTICATE.  A server machine turns it into a `BadCommand` by itself."""


@attrs.frozen
class Response:
    """The answer to a command; the greeting and the end of STARTTLS, too (RFC 5804 1.2, 1.6, 2.2).

    Attributes:
        status: OK, NO or BYE.
        text: for people; empty: there is none.
        code: the response code with its arguments, without the parentheses (RFC 5804 1.3).
    """

    status: Status
    text: bytes = b""
    code: bytes | None = None


@attrs.frozen
class BadCommand:
    """A command that cannot be; the framing is intact.  Send the reply, or another one."""

    reply: Response


CODES: Final[Mapping[Reason, bytes]] = {  # RFC 5804 1.3
    Reason.UNAVAILABLE: b"TRYLATER",
    Reason.LIMIT: b"TRYLATER",
    Reason.PRIVACY_REQUIRED: b"ENCRYPT-NEEDED",
}
