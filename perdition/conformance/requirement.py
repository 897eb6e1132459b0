"""Reads the requirements: what the RFCs demand of servers and clients, one sentence each."""

import enum
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from perdition.conformance.folder import PROTOCOLS, NoSpecError, spec_folder
from perdition.conformance.transcript import REQUIREMENT

KEYS: Final = ("id", "side", "level", "protocols", "text", "unmet", "elsewhere")
NEEDED: Final = KEYS[:5]


class RequirementError(Exception):
    """A file of requirements does not say what it must: file, entry and expectation."""

    def __init__(self, path: Path, entry: object, expectation: str) -> None:
        super().__init__(f"{path.name}: {entry}: expected {expectation}")


class Side(enum.Enum):
    """Whom a requirement binds; a proxy is a server in front and a client behind."""

    SERVER = "server"
    CLIENT = "client"
    BOTH = "both"


class Level(enum.Enum):
    """How much it binds (RFC 2119); an RFC before that counts as MUST where it makes a plain demand."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"

    @property
    def binds(self) -> bool:
        """Whether not to meet it is a failure."""
        return self in (Level.MUST, Level.MUST_NOT)


@attrs.frozen
class Requirement:
    """One demand.

    Attributes:
        id: `rfc<number>-<section>-<count within the section>`.
        side: whom it binds.
        level: how much.
        protocols: whose it is.
        text: what is demanded, in one sentence of our own.
        unmet: why we do not meet it, or nothing.
        elsewhere: who sees to it, where no test of ours can, or nothing.
    """

    id: str
    side: Side
    level: Level
    protocols: tuple[str, ...]
    text: str
    unmet: str = ""
    elsewhere: str = ""

    @property
    def rfc(self) -> int:
        """The number of the RFC."""
        return int(self.id.split("-")[0].removeprefix("rfc"))

    @property
    def section(self) -> str:
        """The section of the RFC."""
        return self.id.split("-")[1]


def parse(path: Path, text: str) -> list[Requirement]:
    """Read the text of a file.

    Raises:
        RequirementError: it does not keep to the format.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RequirementError(path, "the file", f"TOML ({error})") from None
    entries = table.get("requirement", [])
    if set(table) - {"requirement"} or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise RequirementError(path, "the file", "[[requirement]] and nothing else")
    found: dict[str, Requirement] = {}
    for number, entry in enumerate(entries, 1):
        requirement = read(path, number, entry)
        if requirement.id in found:
            raise RequirementError(path, requirement.id, "each id once")
        found[requirement.id] = requirement
    return list(found.values())


def read(path: Path, number: int, entry: Mapping[str, Any]) -> Requirement:
    """Read one entry."""
    what = entry.get("id", f"number {number}")
    for key in NEEDED:
        if key not in entry:
            raise RequirementError(path, what, f"{key} = ...")
    for key, value in entry.items():
        if key not in KEYS:
            raise RequirementError(path, what, f"the keys {', '.join(KEYS)}, not {key}")
        if key != "protocols" and (not isinstance(value, str) or not value or value != " ".join(value.split())):
            raise RequirementError(path, what, f"{key} to be text, in one line")
    if REQUIREMENT.fullmatch(entry["id"]) is None:
        raise RequirementError(path, what, "an id like rfc9051-6.2.1-3")
    if not is_choice(Side, entry["side"]) or not is_choice(Level, entry["level"]):
        raise RequirementError(path, what, "side server, client or both; level MUST, MUST NOT, SHOULD or SHOULD NOT")
    protocols = entry["protocols"]
    if (
        not isinstance(protocols, list)
        or not protocols
        or protocols != [name for name in PROTOCOLS if name in protocols]
    ):
        raise RequirementError(path, what, f"protocols, a list in this order: {', '.join(PROTOCOLS)}")
    if "unmet" in entry and "elsewhere" in entry:
        raise RequirementError(path, what, "unmet or elsewhere, not both")
    return Requirement(
        entry["id"],
        Side(entry["side"]),
        Level(entry["level"]),
        tuple(protocols),
        entry["text"],
        entry.get("unmet", ""),
        entry.get("elsewhere", ""),
    )


def is_choice(choices: type[enum.Enum], word: str) -> bool:
    """Tell whether a word is one of the choices."""
    return word in [choice.value for choice in choices]


def load(path: Path) -> list[Requirement]:
    """Read a file.

    Raises:
        RequirementError: it does not keep to the format.
        NoSpecError: it cannot be read.
    """
    try:
        return parse(path, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise RequirementError(path, "the file", "UTF-8") from None
    except OSError as error:
        raise NoSpecError(f"{path}: {error.strerror}") from None


def all_requirements() -> dict[str, Requirement]:
    """Give every requirement that there is, by its id, ordered by RFC, section and count.

    Raises:
        RequirementError: the file does not keep to the format.
    """
    found = load(spec_folder() / "requirements.toml")
    return {requirement.id: requirement for requirement in sorted(found, key=place)}


def place(requirement: Requirement) -> tuple[int, list[tuple[int, str]], int]:
    """Give where a requirement stands in the RFCs."""
    section = [(int(part) if part.isdigit() else 0, part) for part in requirement.section.split(".")]
    return requirement.rfc, section, int(requirement.id.rsplit("-", 1)[1])
