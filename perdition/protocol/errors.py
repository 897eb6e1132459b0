"""The two kinds of protocol error: ours and theirs.

A peer's mistake that leaves the framing intact is no exception: it is a `BadCommand` event that carries the
reply to send.  Messages name what was expected and where, never the octets that were received.
"""

import enum


class Fault(enum.Enum):
    """What a peer did that a conversation does not survive; the value stands in logs and farewells."""

    SYNTAX = "syntax"  # octets that cannot be framed: bare LF, NUL, an answer that is none
    TOO_LONG = "too long"  # a size of `Limits` was passed
    TOO_MANY = "too many"  # bad commands without end
    INJECTED = "injected"  # octets in clear behind STARTTLS
    UNEXPECTED = "unexpected"  # a well-formed answer that the state does not allow
    CLOSED = "closed"  # the stream ended in the middle of something

    def __str__(self) -> str:
        return self.value


class ProtocolError(Exception):
    """The base of both kinds; never raised itself."""


class LocalProtocolError(ProtocolError):
    """The caller asked for something that the protocol forbids: a bug on our side."""


class RemoteProtocolError(ProtocolError):
    """The peer lost our place in the stream.  The machine is dead, but a server can still say `farewell`.

    Args:
        message: what was expected, and where; never what was received.
        fault: the kind of mistake.
    """

    def __init__(self, message: str, fault: Fault = Fault.SYNTAX) -> None:
        super().__init__(message)
        self.fault = fault
