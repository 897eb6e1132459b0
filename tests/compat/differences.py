"""Where we differ from perdition 2.2, case by case: differences.toml.

A difference that is not there is a failure, and so is one that is there and nowhere else any more.
"""

import enum
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from tests.compat.case import Observed

FILE: Final = Path(__file__).with_name("differences.toml")


class Tag(enum.Enum):
    """Why we differ."""

    BUG = "bug"
    BETTER = "better"


@attrs.frozen
class Difference:
    """One way in which we differ, and the cases that show it.

    Attributes:
        tag: `bug`, one of the C program's, or `better`, on purpose.
        theirs: what the C program does, in one sentence.
        ours: what we do instead, in one sentence.
        places: for each case the places where something else is seen of ours than of the C program.
        seen: for each case what is seen of ours at the places that matter most.
    """

    tag: Tag
    theirs: str
    ours: str
    places: Mapping[str, frozenset[str]]
    seen: Mapping[str, Mapping[str, str]]


def read() -> tuple[Difference, ...]:
    """Read the file."""
    tables = tomllib.loads(FILE.read_text())["difference"]
    return tuple(
        Difference(
            Tag(table["tag"]),
            table["theirs"],
            table["ours"],
            {case: frozenset(shown["places"]) for case, shown in table["case"].items()},
            {case: shown["seen"] for case, shown in table["case"].items()},
        )
        for table in tables
    )


def differing(theirs: Observed, ours: Observed) -> frozenset[str]:
    """Give the places at which something else is seen of ours; where only one has started, nothing else counts."""
    if theirs.get("started") != ours.get("started"):
        return frozenset({"started"})
    return frozenset(place for place in {*theirs, *ours} if theirs.get(place) != ours.get(place))


DIFFERENCES: Final = read()
