"""SASL as both sides use it: PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), strict base64 (RFC 4648)."""

import binascii
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

import attrs

from perdition.protocol.reasons import Reason
from perdition.protocol.secret import Secret

EMPTY_INITIAL_RESPONSE: Final = b"="
"""How IMAP4 and POP3 write an initial response of no octets (RFC 4959 3, RFC 5034 4)."""

CANCEL: Final = b"*"
"""What a client sends to give up (RFC 9051 6.2.2, RFC 5034 4, RFC 5804 2.1)."""


@attrs.frozen
class Credentials:
    """Who logs in.

    Attributes:
        authcid: the account whose password is given.
        password: its password.
        authzid: the account to act as; None or empty: the same as authcid.
    """

    authcid: bytes
    password: Secret
    authzid: bytes | None = None

    @property
    def for_itself(self) -> bool:
        """Whether the account acts as no other."""
        return not self.authzid or self.authzid == self.authcid


@attrs.frozen
class Failure:
    """The exchange ends in a no.

    Attributes:
        text: what was expected; it holds no octet of what came.
        reason: why; some have a response code.
    """

    text: str
    reason: Reason = Reason.PROTOCOL


@attrs.frozen
class Challenge:
    """What the server asks next, before base64."""

    data: bytes


Step: TypeAlias = Challenge | Credentials | Failure


def read_base64(data: bytes) -> bytes | None:
    """Decode base64 in the one form that RFC 4648 allows, or give None."""
    try:
        decoded = binascii.a2b_base64(data)
    except binascii.Error:
        return None
    return decoded if write_base64(decoded) == data else None  # what was read leniently is not written like that


def write_base64(data: bytes) -> bytes:
    """Encode as one line of base64."""
    return binascii.b2a_base64(data, newline=False)


class ServerMechanism(Protocol):
    """The server's half of a mechanism."""

    def step(self, response: Secret | None) -> Step:
        """Take the client's response (None: there was no initial one) and say what comes next."""


class ServerPlain:
    """PLAIN: authzid NUL authcid NUL password, in one message (RFC 4616 2)."""

    def step(self, response: Secret | None) -> Step:
        """Ask for the message by an empty challenge, or read it."""
        if response is None:
            return Challenge(b"")
        parts = response.reveal().split(b"\0")
        if len(parts) != 3:
            return Failure("PLAIN: expected authzid NUL authcid NUL password")
        authzid, authcid, password = parts
        if not authcid:
            return Failure("PLAIN: expected a name before the password")
        return Credentials(authcid, Secret(password), authzid or None)


class ServerLogin:
    """LOGIN: the name and the password, each asked for."""

    def __init__(self) -> None:
        self._name: bytes | None = None

    def step(self, response: Secret | None) -> Step:
        """Ask for the name, then for the password.  An initial response is the name."""
        if response is None:
            return Challenge(b"Username:")
        octets = response.reveal()
        if b"\0" in octets:
            return Failure("LOGIN: expected octets without NUL")
        if self._name is not None:
            return Credentials(self._name, response)
        if not octets:
            return Failure("LOGIN: expected a name")
        self._name = octets
        return Challenge(b"Password:")


SERVER_MECHANISMS: Final[Mapping[bytes, Callable[[], ServerMechanism]]] = {
    b"PLAIN": ServerPlain,
    b"LOGIN": ServerLogin,
}


def plain_message(credentials: Credentials) -> Secret:
    """Write the one message of PLAIN."""
    authzid = credentials.authzid or b""
    return Secret(b"\0".join((authzid, credentials.authcid, credentials.password.reveal())))


def client_messages(mechanism: bytes, credentials: Credentials) -> list[Secret]:
    """Give all responses that a client sends, first to last; each answers one challenge.

    Args:
        mechanism: b"PLAIN" or b"LOGIN".
    """
    if mechanism == b"PLAIN":
        return [plain_message(credentials)]
    return [Secret(credentials.authcid), credentials.password]
