"""Tables."""

from benchmarks.cases import Case
from benchmarks.figures import Figures
from benchmarks.goals import Bound, Goal
from benchmarks.measure import Sample
from benchmarks.report import case_table, goals_table, page, ratio, shown

CASE = Case("a", "words", "group", sessions=1)


def sample(target: str, cost: float, failed: str = "") -> Sample:
    return Sample("a", target, {} if failed else {"session_ms": cost}, failed=failed)


def test_what_failed_has_no_median_and_is_said() -> None:
    samples = [sample("ours", 0, failed="it did not start"), sample("perdition", 1)]

    text = case_table(CASE, ["perdition", "ours"], samples, Figures(samples))

    assert "failed: ours: it did not start" in text
    assert "| perdition | 1.000 | 1.00 | - | 0.00 |" in text


def test_the_table_of_goals_says_how_far_ours_is() -> None:
    goal = Goal("work", ["a"], "session_ms", Bound(0.6, "perdition"), Bound(0.4, "perdition"))
    samples = [sample("ours", 1), sample("perdition", 2), sample("nginx", 0.5)]

    row = goals_table([goal], Figures(samples)).splitlines()[-1]

    assert row == (
        "| work (CPU ms/session; a) | 2.000 | 0.500 | **1.000** | 0.50 | 2.00 "
        "| 0.6 x perdition | yes | 0.4 x perdition | NO |"
    )


def test_the_page_has_the_goals_the_picture_and_what_is_no_goal() -> None:
    cases = [CASE, Case("fairness-plain", "NOOP beside bulk", "bulk", fetches=8, round_trips=4)]
    samples = [sample("ours", 1), Sample("fairness-plain", "ours", {"gb_per_second": 1.0, "round_trip_p99_us": 512.0})]

    text = page(cases, ["ours"], samples, [Goal("w", ["a"], "session_ms", Bound(value=2.0), Bound(value=1.0))], "where")

    assert text.startswith("where")
    assert "| w (CPU ms/session; a) |" in text
    assert "](performance.svg)" in text
    assert "| **ours** | 1.00 | - | - | 512 |" in text
    assert "**words**" not in text


def test_figures_are_shown_in_their_unit() -> None:
    assert shown("log_in_p50_us", 1234.0) == "1.23"
    assert shown("sessions_per_second", 12345.6) == "12,346"
    assert shown("session_ms", None) == "-"
    assert ratio(None) == "-"
