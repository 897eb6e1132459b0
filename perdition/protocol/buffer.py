"""Octets received and not yet understood.

Cost is linear in the input however it is cut: no octet is searched twice, and taking from the front of a
bytearray moves its start, not its data.  A verdict on a line never depends on how it was cut into segments.
"""

import re
from typing import Final

from perdition.protocol.errors import Fault, RemoteProtocolError

DECISIVE: Final = re.compile(rb"\r\n|[\n\0]|\r(?=.)")
"""What ends a line, or what no line may hold; a CR at the end of the octets waits for the next one."""


class ReceiveBuffer:
    """A queue of octets from which whole lines and counted runs are taken."""

    __slots__ = ("_data", "_searched")

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0  # no LF stands before this place

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """Add octets at the end."""
        self._data += data

    def startswith(self, prefix: bytes, at: int = 0) -> bool:
        """Tell whether `prefix`, in capitals, stands at place `at`, in any case of letters."""
        return self._data[at : at + len(prefix)].upper() == prefix

    def matches(self, pattern: re.Pattern[bytes]) -> bool:
        """Tell whether a pattern is found at the beginning."""
        return pattern.match(self._data) is not None

    def find(self, octet: bytes, within: int) -> int:
        """Give the place of `octet` in the first `within` octets, or -1."""
        return self._data.find(octet, 0, within)

    def take_line(self, limit: int) -> bytes | None:
        """Take the next line without its CRLF, or nothing until all of it is here.

        Args:
            limit: how many octets the line may have without its CRLF.

        Raises:
            RemoteProtocolError: the line is longer, ends in a bare LF, or holds a CR or NUL.  Two parsers that
                disagree on where a line ends are how commands get smuggled, so nothing is repaired here.
        """
        # The first octet that decides is looked for, so the verdict is there as soon as that octet is: a client
        # that speaks TLS where lines are expected hears so at once.
        found = DECISIVE.search(self._data, self._searched)
        end = len(self._data) - self._data.endswith(b"\r") if found is None else found.start()
        if end > limit:
            raise RemoteProtocolError(f"expected a line of at most {limit} octets", Fault.TOO_LONG)
        if found is None:
            self._searched = end
            return None
        match found[0]:
            case b"\r\n":
                return self.take(end + 2)[:-2]
            case b"\n":
                raise RemoteProtocolError("expected CR before LF at the end of a line")
            case _:
                raise RemoteProtocolError("expected a line without CR or NUL in it")

    def take(self, count: int) -> bytes:
        """Take at most `count` octets."""
        if count >= len(self._data):
            taken = bytes(self._data)
            self._data.clear()
        else:
            taken = bytes(self._data[:count])
            del self._data[:count]
        self._searched = 0
        return taken
