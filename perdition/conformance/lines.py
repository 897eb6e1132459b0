"""Reads the lines of a transcript: who says what, and what is special about it."""

import enum
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

SPOKEN: Final = re.compile(r"([!?~]?)([CS])(?:: (\S.*)|(:)|\| (.+))")
HAPPENED: Final = re.compile(r"(\*): (tls|eof)")
STATE: Final = re.compile(r"(=): ([A-Z_]+)")
ESCAPE: Final = re.compile(r"\\(x[0-9a-f]{2}|.?)")
ESCAPES: Final[Mapping[str, bytes]] = {"r": b"\r", "n": b"\n", "0": b"\0", "t": b"\t", "\\": b"\\"}
ELLIPSIS: Final = " ..."


class TranscriptError(Exception):
    """A transcript does not say what it must: folder and file, line and expectation."""

    def __init__(self, path: Path, line: int, expectation: str) -> None:
        super().__init__(f"{Path(path.parent.name, path.name)}:{line}: expected {expectation}")


class Speaker(enum.Enum):
    """Who a line is of."""

    CLIENT = "C"
    SERVER = "S"
    BOTH = "*"
    STATE = "="


class Mark(enum.Enum):
    """What is special about a line."""

    NONE = ""
    FATAL = "!"  # the receiver raises RemoteProtocolError
    REFUSED = "?"  # the server answers with its own BadCommand
    OTHERWISE = "~"  # our machine writes the same in other octets


@attrs.frozen
class Step:
    """One line.

    Attributes:
        number: of the line in its file.
        speaker: who says it.
        octets: what is said.
        word: what happens, or the state.
        mark: what is special.
        status_only: only the octets at the beginning count: the answer to a command that is refused.
    """

    number: int
    speaker: Speaker
    octets: bytes = b""
    word: str = ""
    mark: Mark = Mark.NONE
    status_only: bool = False


def lines_of(path: Path, data: bytes) -> list[str]:
    """Cut the octets of a file, this kind or the proxy's, into lines.

    Raises:
        TranscriptError: they are no lines.
    """
    if not data.isascii() or b"\r" in data or b"\t" in data or not data.endswith(b"\n"):
        raise TranscriptError(path, data.count(b"\n") + 1, "lines of printable ASCII that end in LF")
    return data.decode("ascii").removesuffix("\n").split("\n")


def parse_step(path: Path, number: int, line: str, states: Mapping[str, str]) -> Step:
    """Read one line behind the headers."""
    if (found := HAPPENED.fullmatch(line)) is not None:
        return Step(number, Speaker.BOTH, word=found[2])
    if (found := STATE.fullmatch(line)) is not None:
        if found[2] not in states:
            raise TranscriptError(path, number, f"a state: {' '.join(states)}")
        return Step(number, Speaker.STATE, word=found[2])
    found = SPOKEN.fullmatch(line)
    if found is None or line.endswith(" "):
        raise TranscriptError(path, number, "`C: `, `S: `, `C| `, `S| `, `*: ` or `=: `, and no blank at the end")
    mark, speaker, text, _, escaped = found.groups()
    if mark == "?" and speaker == "S":
        raise TranscriptError(path, number, "`?` before a line of the client")
    if escaped is not None:
        return Step(number, Speaker(speaker), unescape(path, number, escaped), mark=Mark(mark))
    text = text or ""
    if text.endswith(ELLIPSIS):
        octets = text.removesuffix("...").encode("ascii")
        return Step(number, Speaker(speaker), octets, mark=Mark(mark), status_only=True)
    return Step(number, Speaker(speaker), text.encode("ascii") + b"\r\n", mark=Mark(mark))


def unescape(path: Path, number: int, text: str) -> bytes:
    """Read what stands behind `C| ` or `S| `."""

    def octet(found: re.Match[str]) -> str:
        if found[1].startswith("x") and len(found[1]) == 3:
            return chr(int(found[1][1:], 16))
        if found[1] not in ESCAPES:
            raise TranscriptError(path, number, r"one of \r \n \0 \t \\ \xHH")
        return ESCAPES[found[1]].decode("ascii")

    return ESCAPE.sub(octet, text).encode("latin-1")
