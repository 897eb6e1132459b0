"""Which rows of the state tables the transcripts walk.

python -m tests.conformance.rows    print the rows that no transcript walks
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from perdition.conformance.folder import PROTOCOLS
from perdition.conformance.transcript import Transcript, all_transcripts
from tests.conformance.players import Mismatch, whole
from tests.conformance.wired import Wired
from tests.protocol.helpers import spec

Row: TypeAlias = tuple[str, str, str]
"""State, command (empty: the greeting), and the status of an answer that leads elsewhere (empty: any)."""

GREETING: Final = ""


def rows(protocol: str) -> set[Row]:
    """Give all rows of `spec/<protocol>.toml`: each command in each state, and each answer that its `after` names."""
    found: set[Row] = set()
    for row in spec(protocol)["row"]:
        for command in [row["command"]] if isinstance(row["command"], str) else row["command"]:
            for state in row["state"]:
                found |= {(state, command, status) for status in ("", *row.get("after", ()))}
    return {row for row in found if row[1:] != (GREETING, "")}


def walked(transcripts: Iterable[Transcript]) -> set[Row]:
    """Give the rows that the machines walk in these transcripts; one that does not hold walks none."""
    found: set[Row] = set()
    for transcript in transcripts:
        player = Wired(transcript, whole)
        try:
            player.play()
        except Mismatch:
            continue
        found |= player.walked
    return found


def shown(row: Row) -> str:
    """Write a row for people."""
    state, command, status = row
    return f"{state}: {command or 'the greeting'}" + (f", answered {status}" if status else "")


def not_walked(protocol: str) -> list[str]:
    """Give the rows that no transcript walks."""
    own = [transcript for transcript in all_transcripts() if transcript.protocol == protocol]
    return sorted(map(shown, rows(protocol) - walked(own)))


if __name__ == "__main__":
    for name in PROTOCOLS:
        print(f"{name}:", *not_walked(name), sep="\n    ")  # noqa: T201  # that is what it is for
