"""The tables of goals and guards, and what is said of a run."""

import pytest

from benchmarks.cases import FULL, QUICK
from benchmarks.figures import Figures
from benchmarks.goals import Bound, Goal, Guard, applicable, broken, judge, read_goals, read_guards
from benchmarks.measure import Sample
from benchmarks.report import METRICS
from benchmarks.targets import TARGETS

NAMES = {case.name for case in (*FULL, *QUICK)}
SPEED = Goal("speed", ["a", "b"], "cost", Bound(0.5, "perdition"), Bound(value=2.0))


def figures(*rows: tuple[str, str, float]) -> Figures:
    return Figures(Sample(case, target, {"cost": cost}) for case, target, cost in rows)


@pytest.mark.parametrize("goal", read_goals(), ids=lambda goal: goal.cases[0])
def test_a_goal_speaks_of_what_is_measured(goal: Goal) -> None:
    assert set(goal.cases) <= NAMES
    assert goal.metric in METRICS
    for bound in (goal.must, goal.aim):
        assert bool(bound.of) == (bound.times == bound.times)
        assert not bound.of or bound.of in TARGETS
        assert not bound.case or bound.case in NAMES


def test_all_rows_of_the_table_are_there() -> None:
    assert len(read_goals()) == 11


@pytest.mark.parametrize("guard", read_guards(), ids=lambda guard: guard.case)
def test_a_guard_speaks_of_the_quick_run(guard: Guard) -> None:
    assert guard.case in {case.name for case in QUICK}
    assert guard.metric in METRICS


def test_a_goal_is_judged_in_each_case_that_was_run() -> None:
    found = figures(("a", "ours", 4.0), ("a", "perdition", 8.0), ("b", "ours", 1.0))

    first, second = judge(SPEED, found, more_is_better=False)

    assert (first.case, first.must, first.aim) == ("a", True, False)
    assert (second.case, second.must, second.aim) == ("b", None, True)


def test_more_may_be_better() -> None:
    found = figures(("a", "ours", 4.0), ("a", "perdition", 9.0))

    [verdict] = judge(SPEED, found, more_is_better=True)

    assert (verdict.must, verdict.aim) == (False, True)


def test_a_bound_may_hang_on_another_case() -> None:
    bound = Bound(1.1, "ours", "none held")
    found = figures(("none held", "ours", 10.0), ("held", "ours", 12.1))

    assert bound.limit("held", "cost", found) == pytest.approx(11)
    assert bound.reached("held", "cost", found) == pytest.approx(1.1)
    assert bound.limit("held", "cost", figures(("held", "ours", 10.0))) is None
    assert bound.reached("held", "cost", figures(("held", "ours", 10.0))) is None


def test_noise_is_allowed_for() -> None:
    goal = Goal("same", ["a"], "cost", Bound(value=1.0), Bound(value=0.9), noise=0.03)

    [verdict] = judge(goal, figures(("a", "ours", 1.02)), more_is_better=False)

    assert (verdict.must, verdict.aim) == (True, False)


@pytest.mark.parametrize(("ours", "holds"), [(5.0, True), (5.1, False)])
def test_a_guard_breaks_beyond_its_ratio(ours: float, holds: bool) -> None:
    found = figures(("a", "ours", ours), ("a", "perdition", 10.0))

    assert (not broken(Guard("a", "cost", 0.5), found, more_is_better=False)) == holds


def test_a_guard_without_figures_is_broken() -> None:
    assert "expected figures" in broken(Guard("a", "cost", 0.5), figures(), more_is_better=False)


def test_guards_of_cases_that_were_not_asked_for_do_not_apply() -> None:
    guards = [Guard("a", "cost", 1), Guard("b", "cost", 1)]

    assert applicable(guards, {"b", "c"}) == guards[1:]
