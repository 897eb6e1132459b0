"""What `next_event` says when there is no event."""

import enum
from typing import Final


class Signal(enum.Enum):
    """No event: why, and what the caller is to do."""

    NEED_DATA = enum.auto()  # call receive_data() with more octets, or with b"" at the end of the stream
    PAUSED = enum.auto()  # answer what you have been told; octets behind it stay unread until then


NEED_DATA: Final = Signal.NEED_DATA
PAUSED: Final = Signal.PAUSED
