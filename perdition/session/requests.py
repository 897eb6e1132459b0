"""What a client wants, in no protocol's words: what a front tells the session."""

from typing import TypeAlias

import attrs

from perdition.protocol.errors import Fault
from perdition.protocol.sasl import Credentials


@attrs.frozen
class Attempt:
    """To log in.  The front owes `succeed` or `fail`."""

    credentials: Credentials


@attrs.frozen
class WantsTls:
    """A handshake, at once: the word to go ahead is in the front's output."""


@attrs.frozen
class Leaves:
    """To leave: the farewell is in the front's output."""


@attrs.frozen
class Gone:
    """The client has closed the connection."""


@attrs.frozen
class Lost:
    """The client's place in the stream is lost; a farewell is in the front's output."""

    fault: Fault
    text: str


Request: TypeAlias = Attempt | WantsTls | Leaves | Gone | Lost
