"""What is kept of a run, what is said of it, and the page of the documentation about it."""

import collections
import datetime
import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from tools.mutate.mutants import ROOT
from tools.mutate.runner import Verdict

RESULTS: Final = ROOT / ".cache" / "mutation.jsonl"
JUSTIFIED: Final = Path(__file__).parent / "justified.toml"
PAGE: Final = ROOT / "docs" / "mutation.md"
GENERATED: Final = re.compile(r"(?<=<!-- generated: begin -->\n).*(?=<!-- generated: end -->)", re.DOTALL)


NOTICED: Final = (Verdict.KILLED, Verdict.TIMEOUT, Verdict.SAME)
"""Mutants that need no look: a test fails, or the change is none."""


@attrs.frozen
class Result:
    """What became of one mutant; `place` is its name."""

    path: str
    place: str
    verdict: Verdict

    @property
    def survived(self) -> bool:
        """Whether no test noticed it."""
        return self.verdict not in NOTICED


@attrs.frozen
class Justified:
    """Survivors that may stay, and why."""

    name: str
    why: str
    mutants: tuple[str, ...]


def read_justified() -> list[Justified]:
    """Read `justified.toml`."""
    kinds = tomllib.loads(JUSTIFIED.read_text("utf-8")).get("kind", [])
    return [Justified(kind["name"], kind["why"], tuple(kind["mutants"])) for kind in kinds]


def read_results() -> dict[str, Verdict]:
    """Read what became of each mutant the last time, by its place."""
    if not RESULTS.exists():
        return {}
    rows = map(json.loads, RESULTS.read_text("utf-8").splitlines())
    return {place: Verdict(verdict) for place, verdict in rows}


def keep(place: str, verdict: Verdict) -> None:
    """Keep what became of a mutant; an hour's run that is broken off is not lost."""
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as stream:
        stream.write(f"{json.dumps([place, verdict.value])}\n")


def complain(results: Sequence[Result]) -> int:
    """Print survivors that are not justified, and justifications of what does not survive; give the exit status."""
    justified = {place for kind in read_justified() for place in kind.mutants}
    survivors = {result.place: result.verdict for result in results if result.survived}
    paths = {result.path for result in results}
    status = 0
    for place, verdict in survivors.items():
        if place not in justified:
            print(f"{verdict.value}: {place}")
            status = 1
    for place in sorted(justified - survivors.keys()):
        if place.partition(":")[0] in paths:
            print(f"justified, but no survivor: {place}")
            status = 1
    return status


def write_docs(results: Sequence[Result]) -> None:
    """Write the generated part of the page."""
    text = PAGE.read_text("utf-8")
    PAGE.write_text(GENERATED.sub(lambda _: generated(results), text), "utf-8")


def generated(results: Sequence[Result]) -> str:
    """Give the counts and the list of justified survivors."""
    kinds = read_justified()
    justified = {place for kind in kinds for place in kind.mutants}
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for result in results:
        if result.verdict is Verdict.SAME:
            continue
        word = "justified" if result.survived and result.place in justified else result.verdict.value
        for name in (result.path, "all"):
            counts[name][word] += 1
    words = ["killed", "timeout", "justified", "survived", "uncovered"]
    lines = [
        f"Run on {datetime.date.today().isoformat()}.",
        "",
        f"| file | mutants | {' | '.join(words)} | noticed |",
        f"|---|{'---:|' * (len(words) + 2)}",
    ]
    for path in [*sorted(counts.keys() - {"all"}), "all"]:
        row = counts[path]
        noticed = (row["killed"] + row["timeout"]) / row.total()
        cells = [path, str(row.total()), *(str(row[word]) for word in words), f"{noticed:.1%}"]
        lines.append(f"| {' | '.join(cells)} |")
    for kind in kinds:
        lines += ["", f"### {kind.name}", "", kind.why, "", "```diff"]
        for place in kind.mutants:
            path, function, change = place.split(": ", 2)
            before, _, after = change.partition(" + ")
            lines += [f"# {path}, {function}", before, *([f"+ {after}"] if after else [])]
        lines.append("```")
    return "\n".join([*lines, ""])
