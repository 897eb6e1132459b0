"""How a log-in ends, in the C program's words: clients, log watchers and administrators know these texts."""

import enum

import attrs

from perdition.protocol.reasons import Reason


class Outcome(enum.Enum):
    """How a log-in ended.

    Attributes:
        status: for the Auth log line, and for the client where its front has no other text.
        reason: why, in no protocol's words: each has a response code for it.
    """

    OK = "ok", None
    LOGIN_DISABLED = "failed: Login Disabled", Reason.LOGIN_DISABLED
    PRIVACY_REQUIRED = "failed: Login Disabled", Reason.PRIVACY_REQUIRED
    NO_SERVER = "failed: Could not determine server", Reason.MISCONFIGURED
    MAP_UNAVAILABLE = "failed: Lookup unavailable", Reason.UNAVAILABLE
    MAP_BROKEN = "failed: Lookup broken", Reason.MISCONFIGURED
    NOT_AUTHENTICATED = "failed: local authentication failure", Reason.AUTHENTICATION_FAILED
    NO_AUTHENTICATION = "failed: local authentication unavailable", Reason.UNAVAILABLE
    NO_CONNECTION = "failed: Could not connect to server", Reason.UNAVAILABLE
    NEGOTIATION = "failed: Connection Negotiation Failure", Reason.UNAVAILABLE
    TLS_NOT_PRESENT = "failed: TLS not present", Reason.UNAVAILABLE
    TLS_FAILURE = "failed: TLS negotiation failure", Reason.UNAVAILABLE
    SERVER_TIMEOUT = "failed: Real server timed out", Reason.UNAVAILABLE
    REFUSED = "failed: Re-Authentication Failure", Reason.AUTHENTICATION_FAILED
    NO_MECHANISM = "failed: SASL mechanism unavailable", Reason.UNAVAILABLE

    def __init__(self, status: str, reason: Reason | None) -> None:
        self.status = status
        self.reason = reason


@attrs.frozen
class RealAnswer:
    """What the real server said to the log-in.

    Attributes:
        text: for people.
        code: its response code.
        capabilities: what it volunteered for the time behind the log-in (IMAP4), as it wrote it.
    """

    text: bytes
    code: bytes | None
    capabilities: bytes | None = None
