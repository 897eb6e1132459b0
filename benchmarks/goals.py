"""Goals and guards: the tables beside this file, and what a run says to them."""

import math
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figures import Figures, Place

FOLDER: Final = Path(__file__).parent
SUBJECT: Final = "ours"


@dataclass(frozen=True, slots=True)
class Bound:
    """`times` what a target has, in the same case if none is named; or a value."""

    times: float = math.nan
    of: str = ""
    case: str = ""
    value: float = math.nan

    def limit(self, case: str, metric: str, figures: Figures) -> float | None:
        """Give the value not to miss, if what it hangs on was measured."""
        if not self.of:
            return self.value
        other = figures.median(self._place(case), metric)
        return None if other is None else other * self.times

    def reached(self, case: str, metric: str, figures: Figures) -> float | None:
        """Give how many times what is not to be missed ours is, if that was measured."""
        if self.of:
            times = figures.times((case, SUBJECT), self._place(case), metric)
            return None if times is None else times / self.times
        ours = figures.median((case, SUBJECT), metric)
        return None if ours is None else ours / self.value

    def _place(self, case: str) -> Place:
        return self.case or case, self.of

    def __str__(self) -> str:
        if not self.of:
            return f"{self.value:g}"
        return f"{self.times:g} x {self.of}" + (f" ({self.case})" if self.case else "")


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of goals.toml."""

    work: str
    cases: Sequence[str]
    metric: str
    must: Bound
    aim: Bound
    noise: float = 0.0


@dataclass(frozen=True, slots=True)
class Guard:
    """One row of guard.toml."""

    case: str
    metric: str
    times: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run says to a goal; `None` where it does not say it."""

    goal: Goal
    case: str
    ours: float
    must: bool | None
    aim: bool | None


def read_goals(file: Path = FOLDER / "goals.toml") -> list[Goal]:
    """Read goals.toml."""
    rows = tomllib.loads(file.read_text())["goal"]
    return [Goal(**{**row, "must": Bound(**row["must"]), "aim": Bound(**row["aim"])}) for row in rows]


def read_guards(file: Path = FOLDER / "guard.toml") -> list[Guard]:
    """Read guard.toml."""
    return [Guard(**row) for row in tomllib.loads(file.read_text())["guard"]]


def judge(goal: Goal, figures: Figures, *, more_is_better: bool) -> list[Verdict]:
    """Judge each case of a goal that was run."""
    verdicts = []
    for case in goal.cases:
        ours = figures.median((case, SUBJECT), goal.metric)
        if ours is None:
            continue

        def met(bound: Bound, case: str = case) -> bool | None:
            reached = bound.reached(case, goal.metric, figures)
            if reached is None:
                return None
            return reached >= 1 - goal.noise if more_is_better else reached <= 1 + goal.noise

        verdicts.append(Verdict(goal, case, ours, met(goal.must), met(goal.aim)))
    return verdicts


def applicable(guards: Sequence[Guard], cases: Collection[str]) -> list[Guard]:
    """Give the guards about cases that were to be run."""
    return [guard for guard in guards if guard.case in cases]


def broken(guard: Guard, figures: Figures, *, more_is_better: bool) -> str:
    """Say how a guard is broken; nothing if it holds."""
    times = figures.times((guard.case, SUBJECT), (guard.case, "perdition"), guard.metric)
    if not times:
        return f"{guard.case} {guard.metric}: expected figures of ours and of perdition"
    ratio = 1 / times if more_is_better else times
    if ratio <= guard.times:
        return ""
    return f"{guard.case} {guard.metric}: {ratio:.2f} times as dear as perdition's, expected at most {guard.times:g}"
