"""Reads the dialogues of `spec/transcripts/proxy`: client, proxy and real server; the README there is the grammar."""

import enum
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from perdition.conformance.folder import PROTOCOLS, spec_folder
from perdition.conformance.lines import TranscriptError, lines_of, unescape
from perdition.conformance.transcript import REQUIREMENT, SECTIONS

HEADER: Final = re.compile(r"# ([a-z]+): (\S.*)")
KNOWN: Final = ("rfc", "protocol", "requires", "options", "popmap")
ONCE: Final = frozenset(KNOWN) - {"popmap"}
OPTION: Final = re.compile(r"([a-z][a-z0-9_]*)(?:=(.*))?", re.DOTALL)
ROW: Final = re.compile(r"(\S+) (?:-> (\S+)|is (absent|unavailable|broken))")
SPOKEN: Final = re.compile(r"(&?)([CSPRL])(?:: (\S.*)|(:)|\| (.+))")
HAPPENED: Final = re.compile(r"\*: (\S.*)")
ELLIPSIS: Final = "..."


class Voice(enum.Enum):
    """Who a line is of."""

    CLIENT = "C"
    TO_CLIENT = "S"  # the proxy, which is the server there
    TO_SERVER = "P"  # the proxy
    SERVER = "R"  # the real server
    LOG = "L"


PEERS: Final = (Voice.CLIENT, Voice.SERVER)
"""Those whose octets the proxy hears; the others are what it says."""


class Event(enum.Enum):
    """What happens beside what is said."""

    CONNECT = "connect"
    REFUSED = "refused"
    CLIENT_TLS = "tls"
    SERVER_TLS = "real tls"
    SERVER_TLS_FAILS = "real tls fails"
    CLIENT_EOF = "eof"
    SERVER_EOF = "real eof"
    TIME_PASSES = "time passes"
    CLIENT_CLOSED = "close"
    SERVER_CLOSED = "real close"


class Verdict(enum.Enum):
    """How a look-up ends when it finds nothing."""

    ABSENT = "absent"
    UNAVAILABLE = "unavailable"
    BROKEN = "broken"


@attrs.frozen
class Step:
    """One line.

    Attributes:
        number: of the line in its file.
        what: who speaks, or what happens.
        octets: what a peer says, or what the proxy says if it stands there with escapes.
        parts: what the proxy says, or the log; between two of them anything may stand, up to the end of the line.
        joined: the octets are in one write with those of the line before.
    """

    number: int
    what: Voice | Event
    octets: bytes = b""
    parts: tuple[bytes, ...] = ()
    joined: bool = False

    def is_said(self, said: bytes) -> bool:
        """Tell whether this is what the proxy says."""
        return re.fullmatch(b"[^\r\n]*".join(map(re.escape, self.parts)), said) is not None


@attrs.frozen
class Row:
    """What the popmap answers to a key.

    Attributes:
        key: what is asked for.
        answer: the result as it is stored, with `{real}` and `{down}` for addresses; or why there is none.
    """

    key: bytes
    answer: str | Verdict


@attrs.frozen
class ProxyTranscript:
    """One file.

    Attributes:
        path: of the file.
        protocol: pop3, imap4 or managesieve.
        rfc: the sections that say so.
        steps: its lines.
        requires: ids of the requirements that it shows to hold.
        options: options of the daemon, with their values; None: a flag.
        popmap: its rows; no other key may be asked for.
    """

    path: Path
    protocol: str
    rfc: str
    steps: tuple[Step, ...]
    requires: tuple[str, ...] = ()
    options: Mapping[str, str | None] = attrs.field(factory=dict)
    popmap: tuple[Row, ...] = ()

    @property
    def name(self) -> str:
        """Folder and name of the file, without its ending."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def writes(self) -> list[tuple[Step, ...]]:
        """The steps, with those together that are one write."""
        groups: list[tuple[Step, ...]] = []
        for step in self.steps:
            if step.joined:
                groups[-1] += (step,)
            else:
                groups.append((step,))
        return groups


def load(path: Path) -> ProxyTranscript:
    """Read a file.

    Raises:
        TranscriptError: it does not keep to the format.
    """
    return parse(path, path.read_bytes())


def parse(path: Path, data: bytes) -> ProxyTranscript:
    """Read the octets of a file.

    Raises:
        TranscriptError: they do not keep to the format.
    """
    lines = lines_of(path, data)
    headers = read_headers(path, lines)
    values = {name: value for name, value, _ in headers}
    steps = [parse_step(path, number, line) for number, line in enumerate(lines, 1) if number > len(headers)]
    check_order(path, len(headers), steps)
    return ProxyTranscript(
        path,
        values["protocol"],
        values["rfc"],
        tuple(steps),
        tuple(values["requires"].split(", ")) if "requires" in values else (),
        read_options(path, headers),
        tuple(read_row(path, value, number) for name, value, number in headers if name == "popmap"),
    )


Headers = Sequence[tuple[str, str, int]]
"""Name, value and number of the line of each header."""


def read_headers(path: Path, lines: Sequence[str]) -> Headers:
    """Read the first lines: headers, in any order, `popmap` as often as there are keys, all others once."""
    headers: list[tuple[str, str, int]] = []
    for number, line in enumerate(lines, 1):
        found = HEADER.fullmatch(line)
        if found is None:
            break
        name, value = found.groups()
        if name not in KNOWN:
            raise TranscriptError(path, number, f"the headers {', '.join(KNOWN)}")
        if name in ONCE and any(name == known for known, _, _ in headers):
            raise TranscriptError(path, number, f"one header {name}")
        check, expectation = FORMS[name]
        if not check(value):
            raise TranscriptError(path, number, expectation)
        headers.append((name, value, number))
    for name in ("rfc", "protocol"):
        if not any(name == known for known, _, _ in headers):
            raise TranscriptError(path, len(headers) + 1, f"the header `# {name}: ...`")
    return headers


def are_requirements(text: str) -> bool:
    """Tell whether a text is a list of ids, each once."""
    words = text.split(", ")
    return len(set(words)) == len(words) and all(REQUIREMENT.fullmatch(word) for word in words)


def are_options(text: str) -> bool:
    """Tell whether a text is options, each once."""
    try:
        found = [OPTION.fullmatch(word) for word in shlex.split(text)]
    except ValueError:
        return False
    names = [option[1] for option in found if option is not None]
    return None not in found and len(set(names)) == len(names)


FORMS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "rfc": (lambda text: SECTIONS.fullmatch(text) is not None, "RFC numbers, each with its section"),
    "protocol": (PROTOCOLS.__contains__, " or ".join(PROTOCOLS)),
    "requires": (are_requirements, "ids like rfc1939-4-2, each once, with a comma and a blank between"),
    "options": (are_options, "options like ssl_mode=tls_all, each once, with a blank between"),
    "popmap": (lambda text: ROW.fullmatch(text) is not None, "`KEY -> RESULT` or `KEY is absent|unavailable|broken`"),
}


def read_options(path: Path, headers: Headers) -> Mapping[str, str | None]:
    """Read the daemon's options; values are quoted as a shell does it."""
    text = next((value for name, value, _ in headers if name == "options"), "")
    found = [OPTION.fullmatch(word) for word in shlex.split(text)]
    return {option[1]: option[2] for option in found if option is not None}


def read_row(path: Path, text: str, number: int) -> Row:
    """Read one row of the popmap."""
    found = ROW.fullmatch(text)
    assert found is not None, "FORMS has seen to it"  # noqa: S101
    key, result, verdict = found.groups()
    return Row(unescape(path, number, key), result if verdict is None else Verdict(verdict))


def parse_step(path: Path, number: int, line: str) -> Step:
    """Read one line behind the headers."""
    if (found := HAPPENED.fullmatch(line)) is not None:
        if found[1] not in (event.value for event in Event):
            raise TranscriptError(path, number, f"one of {', '.join(event.value for event in Event)}")
        return Step(number, Event(found[1]))
    found = SPOKEN.fullmatch(line)
    if found is None or line.endswith(" "):
        raise TranscriptError(
            path, number, "`C: `, `S: `, `P: `, `R: `, `L: `, `| ` for `: `, or `*: `, no blank at the end"
        )
    joined, letter, text, _, escaped = found.groups()
    voice = Voice(letter)
    if joined and voice not in PEERS:
        raise TranscriptError(path, number, "`&` before a line of the client or the real server")
    octets = unescape(path, number, escaped) if escaped is not None else (text or "").encode("ascii") + b"\r\n"
    if voice in PEERS:
        return Step(number, voice, octets, joined=joined == "&")
    if voice is Voice.LOG:
        if text is None:
            raise TranscriptError(path, number, "`L: ` and words of a log line")
        return Step(number, voice, parts=tuple(part.encode("ascii") for part in text.split(ELLIPSIS)))
    if escaped is not None:
        return Step(number, voice, octets, (octets,))
    return Step(number, voice, parts=tuple(octets.split(ELLIPSIS.encode("ascii"))))


def check_order(path: Path, headers: int, steps: Sequence[Step]) -> None:
    """Raise `TranscriptError` if a line stands where it cannot."""
    if not steps:
        raise TranscriptError(path, headers + 1, "what is said behind the headers")
    client, real = True, False  # who is there
    before: Step | None = None
    for step in steps:
        if step.joined and (before is None or before.what is not step.what):
            raise TranscriptError(path, step.number, "`&` behind a line of the same peer")
        if step.what in OF_SERVER and not real:
            raise TranscriptError(path, step.number, "`*: connect` before it: no real server is there")
        if step.what is not Voice.LOG and not client:
            raise TranscriptError(path, step.number, "nothing but `L: ` behind `*: close`")
        real = OPENS.get(step.what, real)
        client = client and step.what is not Event.CLIENT_CLOSED
        before = step


OF_SERVER: Final = (
    Voice.TO_SERVER,
    Voice.SERVER,
    Event.SERVER_TLS,
    Event.SERVER_TLS_FAILS,
    Event.SERVER_EOF,
    Event.SERVER_CLOSED,
)
OPENS: Final[Mapping[Voice | Event, bool]] = {Event.CONNECT: True, Event.SERVER_CLOSED: False}
"""What makes the real server be there, or not."""


def proxy_folder() -> Path:
    """Give the folder of all dialogues of the proxy."""
    return spec_folder() / "transcripts" / "proxy"


def all_proxy_transcripts() -> list[ProxyTranscript]:
    """Give every dialogue that there is."""
    return [load(path) for path in sorted(proxy_folder().glob("*/*.txt"))]
