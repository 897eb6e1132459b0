"""Reads the transcripts of `spec/transcripts`; its README says what they may hold."""

import enum
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs

from perdition.conformance.folder import PROTOCOLS, NoSpecError, spec_folder
from perdition.conformance.lines import Mark, Speaker, Step, TranscriptError, lines_of, parse_step, unescape

HEADER: Final = re.compile(r"# ([a-z]+): (\S.*)")
SECTIONS: Final = re.compile(r"\d{3,4}( [\d.]+)?(, \d{3,4}( [\d.]+)?)*")
REQUIREMENT: Final = re.compile(r"rfc\d{3,4}-[0-9A-Z]+(\.[0-9]+)*-\d+")
NEED: Final = re.compile(r"[^\s,]+( [^\s,]+)?")
LOGIN: Final = re.compile(r"(\S+) (\S+)")
ONLY: Final = re.compile(r"(machines|machines, session); (\S.*)")
SHOWS: Final = re.compile(r"#: (\S.*)")
IDS: Final = "ids like rfc1939-4-2"
NEEDED: Final = ("rfc", "protocol", "requires")
KNOWN: Final = (*NEEDED, "login", "needs", "only")


class Reach(enum.Enum):
    """How far a transcript goes: who can play it."""

    EVERYONE = ""
    OURS = "machines, session"  # our own machines and our own proxy
    MACHINES = "machines"


@attrs.frozen
class Login:
    """The one user and password that the server of a dialogue accepts; everybody can read them in the file."""

    user: bytes
    password: bytes


@attrs.frozen
class Transcript:
    """One file.

    Attributes:
        path: of the file.
        protocol: pop3, imap4 or managesieve.
        rfc: the sections that say so.
        steps: its lines; a handshake of `handshakes.py` has none.
        requires: ids of the requirements that it shows to hold, those of single lines too.
        login: who can log in, or None: nobody does.
        needs: capabilities without which no server can play it.
        reach: who plays it.
        reason: why not everyone.
        shows: ids that a single line shows, by its number; they are not those of the whole.
    """

    path: Path
    protocol: str
    rfc: str
    steps: tuple[Step, ...]
    requires: tuple[str, ...] = ()
    login: Login | None = None
    needs: tuple[str, ...] = ()
    reach: Reach = Reach.EVERYONE
    reason: str = ""
    shows: Mapping[int, tuple[str, ...]] = attrs.field(factory=dict, hash=False)

    @property
    def of_the_whole(self) -> tuple[str, ...]:
        """The requirements that no single line shows."""
        single = {name for names in self.shows.values() for name in names}
        return tuple(name for name in self.requires if name not in single)

    @property
    def name(self) -> str:
        """The name of the file, without its ending."""
        return self.path.stem


def load(path: Path) -> Transcript:
    """Read a file.

    Raises:
        TranscriptError: it does not keep to the format.
        NoSpecError: it cannot be read.
    """
    try:
        return parse(path, path.read_bytes())
    except OSError as error:
        raise NoSpecError(f"{path}: {error.strerror}") from None


def parse(path: Path, data: bytes) -> Transcript:
    """Read the octets of a file.

    Raises:
        TranscriptError: they do not keep to the format.
    """
    lines = lines_of(path, data)
    header = read_header(path, lines)
    if SECTIONS.fullmatch(header["rfc"]) is None:
        raise TranscriptError(path, line_of(header, "rfc"), "RFC numbers, each with its section")
    if header["protocol"] not in PROTOCOLS:
        raise TranscriptError(path, line_of(header, "protocol"), " or ".join(PROTOCOLS))
    states = states_of(header["protocol"])
    steps, shows = list[Step](), dict[int, tuple[str, ...]]()
    for number, line in enumerate(lines[len(header) :], len(header) + 1):
        if (found := SHOWS.fullmatch(line)) is None:
            steps.append(parse_step(path, number, line, states))
        else:
            shows[shower(path, number, steps, shows)] = read_words(path, number, found[1], REQUIREMENT, IDS)
    if not steps:
        raise TranscriptError(path, len(lines) + 1, "what is said behind the headers")
    check_order(path, steps)
    reach, reason = read_only(path, header)
    return Transcript(
        path,
        header["protocol"],
        header["rfc"],
        tuple(steps),
        read_requires(path, header, shows),
        read_login(path, header),
        read_list(path, header, "needs", NEED, "capabilities like STLS or SASL PLAIN"),
        reach,
        reason,
        shows,
    )


@cache
def states_of(protocol: str) -> Mapping[str, str]:
    """Give the names of a protocol's states, and what they mean."""
    spec: dict[str, Any] = tomllib.loads((spec_folder() / f"{protocol}.toml").read_text())
    states: Mapping[str, str] = spec["states"]
    return states


def read_header(path: Path, lines: list[str]) -> dict[str, str]:
    """Read the first lines: headers, in any order, each once."""
    header: dict[str, str] = {}
    while lines[len(header) :] and (found := HEADER.fullmatch(lines[len(header)])):
        if found[1] in header:
            raise TranscriptError(path, len(header) + 1, f"one header {found[1]}")
        if found[1] not in KNOWN:
            raise TranscriptError(path, len(header) + 1, f"the headers {', '.join(KNOWN)}")
        header[found[1]] = found[2]
    for name in NEEDED:
        if name not in header and not (name == "requires" and any(map(SHOWS.fullmatch, lines))):
            raise TranscriptError(path, len(header) + 1, f"the header `# {name}: ...`")
    return header


def line_of(header: Iterable[str], name: str) -> int:
    """Give the number of a header's line."""
    return [*header].index(name) + 1


def read_list(
    path: Path, header: Mapping[str, str], name: str, form: re.Pattern[str], expectation: str
) -> tuple[str, ...]:
    """Read a header that is a list, each word once."""
    if name not in header:
        return ()
    return read_words(path, line_of(header, name), header[name], form, expectation)


def read_words(path: Path, number: int, text: str, form: re.Pattern[str], expectation: str) -> tuple[str, ...]:
    """Read a list, each word once."""
    words = tuple(text.split(", "))
    if len(set(words)) != len(words) or any(form.fullmatch(word) is None for word in words):
        raise TranscriptError(path, number, f"{expectation}, each once, parted by a comma and a blank")
    return words


def read_requires(path: Path, header: Mapping[str, str], shows: Mapping[int, tuple[str, ...]]) -> tuple[str, ...]:
    """Read what the whole shows, and put that of single lines behind it."""
    words = read_list(path, header, "requires", REQUIREMENT, IDS)
    for number, names in shows.items():
        if not set(names).isdisjoint(words):
            raise TranscriptError(path, number + 1, "ids that the header `# requires` does not have")
    return tuple(dict.fromkeys((*words, *(name for names in shows.values() for name in names))))


def shower(path: Path, number: int, steps: list[Step], shows: Mapping[int, tuple[str, ...]]) -> int:
    """Give the line of which `#:` speaks: the one above it, where something is waited for."""
    last = steps[-1] if steps else None
    waits = last is not None and (last.speaker in (Speaker.SERVER, Speaker.BOTH) or last.mark is Mark.FATAL)
    if last is None or not waits or last.number != number - 1 or last.number in shows:
        raise TranscriptError(path, number, "`#: IDS` right behind a line of the server, `*:` or `!C`, and one of them")
    return last.number


def read_login(path: Path, header: Mapping[str, str]) -> Login | None:
    """Read who can log in."""
    if "login" not in header:
        return None
    number = line_of(header, "login")
    found = LOGIN.fullmatch(header["login"])
    if found is None:
        raise TranscriptError(path, number, r"a user name and a password; `\x20` is a blank")
    return Login(unescape(path, number, found[1]), unescape(path, number, found[2]))


def read_only(path: Path, header: Mapping[str, str]) -> tuple[Reach, str]:
    """Read who plays it, and why nobody else."""
    if "only" not in header:
        return Reach.EVERYONE, ""
    found = ONLY.fullmatch(header["only"])
    if found is None:
        raise TranscriptError(path, line_of(header, "only"), "`machines; REASON` or `machines, session; REASON`")
    return Reach(found[1]), found[2]


def check_order(path: Path, steps: list[Step]) -> None:
    """Raise `TranscriptError` if a line stands where it cannot."""
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        refused = step.mark is Mark.REFUSED
        if refused != (after is not None and after.status_only):
            raise TranscriptError(path, step.number + 1, "`S: STATUS ...` behind `?C` and nowhere else")
        if step.mark is Mark.FATAL and after is not None:
            raise TranscriptError(path, step.number + 1, "nothing behind `!`")
        if after is not None and after.status_only and after.speaker is not Speaker.SERVER:
            raise TranscriptError(path, after.number, "`S: STATUS ...` behind `?C`")
    if steps[0].status_only:
        raise TranscriptError(path, steps[0].number, "`S: STATUS ...` behind `?C` and nowhere else")


def transcript_folder() -> Path:
    """Give the folder of all transcripts."""
    return spec_folder() / "transcripts"


def all_transcripts() -> list[Transcript]:
    """Give every transcript that there is."""
    folders = [transcript_folder() / protocol for protocol in PROTOCOLS]
    return [load(path) for folder in folders for path in sorted(folder.glob("*.txt"))]
