"""The first of two stages of IMAP4 and ManageSieve: where a command or a response ends.

Lines and counted literals are put together before anything in them is understood, so the octets of a literal
are never taken for a command, however wrong the command is (RFC 7888 3).
"""

import re
from typing import Final

import attrs

from perdition.protocol.buffer import ReceiveBuffer
from perdition.protocol.errors import Fault, RemoteProtocolError
from perdition.protocol.limits import Limits

ANNOUNCED: Final = re.compile(rb"\{([0-9]+)(\+?)\}\Z")
DIGITS: Final = 10
"""How many digits a size may have (RFC 9051 9, number64 is larger than any limit): checked before `int()`."""


@attrs.frozen
class Announced:
    """A literal that waits for the server's word.  `fits`: the limits have room for it."""

    size: int
    fits: bool


class Assembler:
    """Puts one message together: lines at even places, literals at odd ones.

    Args:
        buffer: where the octets come from.
        limits: `literal` and `command`, and `line` for the lines behind the first.
        synchronising: whether `{n}` waits for our word.  A server's literals never do (RFC 9051 4.3), nor do
            any of ManageSieve (RFC 5804 1.2).
    """

    __slots__ = ("_buffer", "_chunks", "_limits", "_missing", "_synchronising", "_total", "parts")

    def __init__(self, buffer: ReceiveBuffer, limits: Limits, *, synchronising: bool) -> None:
        self._buffer, self._limits, self._synchronising = buffer, limits, synchronising
        self.start_over()

    def start_over(self) -> None:
        """Forget the message: it is complete, or its synchronising literal was refused and is never sent."""
        self.parts: list[bytes] = []
        self._chunks: list[bytes] = []
        self._missing: int | None = None
        self._total = 0

    @property
    def begun(self) -> bool:
        """Whether a part of a message has left the buffer."""
        return bool(self.parts)

    def next(self, line_limit: int, *, literals: bool = True) -> tuple[bytes, ...] | Announced | None:
        """Give the next message whole, or a literal that waits, or None until more octets are here.

        Args:
            line_limit: for the first line.
            literals: whether a line of this message that ends in `{n}` announces a literal at all.

        Raises:
            RemoteProtocolError: a line or literal passes a limit and is on its way already.
        """
        while True:
            if self._missing is not None:
                if not self._take_literal(self._missing):
                    return None
                self._missing = None
            line = self._buffer.take_line(self._limits.line if self.parts else line_limit)
            if line is None:
                return None
            self.parts.append(line)
            announced = ANNOUNCED.search(line) if literals else None
            if announced is None:
                message = tuple(self.parts)
                self.start_over()
                return message
            if len(announced[1]) > DIGITS:
                raise RemoteProtocolError(f"expected a literal's size in at most {DIGITS} digits", Fault.TOO_LONG)
            size, waits = int(announced[1]), self._synchronising and not announced[2]
            self._total += len(line) + 2 + size
            fits = size <= self._limits.literal and self._total <= self._limits.command
            if not fits and not waits:
                raise RemoteProtocolError(f"expected literals of at most {self._limits.literal} octets", Fault.TOO_LONG)
            self._missing = size
            if waits:
                return Announced(size, fits)

    def _take_literal(self, missing: int) -> bool:
        if missing:
            chunk = self._buffer.take(missing)
            self._chunks.append(chunk)
            self._missing = missing - len(chunk)
            if self._missing:
                return False
        self.parts.append(b"".join(self._chunks))
        self._chunks = []
        return True
