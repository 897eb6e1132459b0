"""Cut what is read from a log into lines, of bounded length."""

from typing import Final

from perdition.pbs.log_line import LONGEST

NEWLINE: Final = b"\n"


class Lines:
    """Cuts lines; of one that is too long nothing is kept, and nothing is given.

    Args:
        longest: how many octets a line has at the most, without its end.
        in_midst: whether reading begins somewhere within a line, which then is passed over.
    """

    def __init__(self, longest: int = LONGEST, *, in_midst: bool = False) -> None:
        self._longest = longest
        self._rest = b""
        self._passing = in_midst

    def feed(self, octets: bytes) -> list[bytes]:
        """Take what comes next; give the lines that are whole now, without their ends."""
        *whole, rest = (self._rest + octets).split(NEWLINE)
        if whole and self._passing:
            del whole[0]
            self._passing = False
        if self._passing or len(rest) > self._longest:
            self._passing, rest = True, b""
        self._rest = rest
        # A file that was truncated under its writer begins with NUL where there is nothing.
        return [line.lstrip(b"\0").removesuffix(b"\r") for line in whole if len(line) <= self._longest]
