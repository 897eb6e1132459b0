"""What a dialogue asks of its driver, what the driver answers, and how it ends."""

import enum
from collections.abc import Generator
from typing import TypeAlias

import attrs

from perdition.protocol.reprs import octets
from perdition.protocol.secret import Secret


class Tls(enum.Enum):
    """How the connection gets TLS."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


@attrs.frozen
class Account:
    """Who logs in."""

    user: bytes
    password: Secret


# --- what is to be done, and what came of it


@attrs.frozen
class Say:
    """Send octets."""

    data: bytes = attrs.field(repr=octets)


@attrs.frozen
class Hear:
    """Wait for octets: `Heard`, `Silence` or `Flood`."""


@attrs.frozen
class StartTls:
    """Do the handshake of a client: `TlsStarted` or `TlsFailed`."""


@attrs.frozen
class HalfClose:
    """Say that nothing follows; the server's last words are still read."""


@attrs.frozen
class Heard:
    """Octets came; `b""` is the end of the stream."""

    data: bytes = attrs.field(repr=octets)


@attrs.frozen
class Silence:
    """Nothing came in time."""


@attrs.frozen
class Flood:
    """More came than anybody wants to hear."""


@attrs.frozen
class TlsStarted:
    """The handshake is done."""


@attrs.frozen
class TlsFailed:
    """The handshake failed.

    Attributes:
        why: for people.
        ended: whether the server ended it, by an alert or by closing, and did not speak in clear instead.
    """

    why: str
    ended: bool


Action: TypeAlias = Say | Hear | StartTls | HalfClose
Answer: TypeAlias = Heard | Silence | Flood | TlsStarted | TlsFailed | None


# --- verdicts


@attrs.frozen
class Passed:
    """The server said what it must."""


@attrs.frozen
class Failed:
    """It did not.

    Attributes:
        number: the line of the transcript.
        why: what was expected, and what came; without the password.
        fails: ids of the requirements that are not met, if more is known than the line.
    """

    number: int
    why: str
    fails: tuple[str, ...] = ()


@attrs.frozen
class NotOffered:
    """The server does not have what the dialogue needs."""

    what: str


@attrs.frozen
class NotTested:
    """The dialogue cannot be played here."""

    why: str


@attrs.frozen
class NotPlayed:
    """Nobody is there any more; the rest of the run goes the same way."""

    why: str


Verdict: TypeAlias = Passed | Failed | NotOffered | NotTested | NotPlayed
Run: TypeAlias = Generator[Action, Answer, Verdict]
