"""What a run says: medians, ratios to perdition and nginx, and the goals, as Markdown."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.cases import Case
from benchmarks.goals import SUBJECT, Goal, Medians, Verdict, judge
from benchmarks.measure import Sample
from benchmarks.run import MUCH_NOISE


@dataclass(frozen=True, slots=True)
class Metric:
    """How a figure is shown."""

    title: str
    digits: int
    more_is_better: bool = False
    shown_as: float = 1.0


METRICS: Final[Mapping[str, Metric]] = {
    "session_ms": Metric("CPU ms/session", 3),
    "gb_per_cpu_second": Metric("GB/s on one core", 2, more_is_better=True),
    "round_trip_cpu_us": Metric("CPU us/round trip", 1),
    "private_kb": Metric("private KB/session", 1),
    "proportional_kb": Metric("PSS KB/session", 1),
    "sessions_per_second": Metric("sessions/s", 0, more_is_better=True),
    "sessions_at_most": Metric("sessions/s of CPU of the busiest worker", 0, more_is_better=True),
    "busiest_share": Metric("its share", 2),
    "gb_per_second": Metric("GB/s seen", 2, more_is_better=True),
    "round_trips_per_second": Metric("round trips/s", 0, more_is_better=True),
    "log_in_p50_us": Metric("log-in p50 ms", 2, shown_as=1e-3),
    "log_in_p99_us": Metric("log-in p99 ms", 2, shown_as=1e-3),
    "round_trip_p50_us": Metric("NOOP p50 us", 0),
    "round_trip_p99_us": Metric("NOOP p99 us", 0),
    "opened_per_second": Metric("opened/s", 0, more_is_better=True),
    "empty_mb": Metric("MB empty", 1),
    "processes": Metric("processes", 0),
    "rest_ms": Metric("CPU ms/s at rest", 2),
    "rest_wake_ups": Metric("wake-ups/s at rest", 1),
    "load": Metric("load's cores", 2),
    "errors": Metric("errors", 0),
}
REFERENCES: Final = ("perdition", "nginx")


def calm(samples: Sequence[Sample]) -> list[Sample]:
    """Leave out what failed, and what was disturbed, unless everything was."""
    good = [sample for sample in samples if not sample.failed]
    return [sample for sample in good if sample.others <= MUCH_NOISE] or good


def medians_of(samples: Iterable[Sample]) -> Medians:
    """Give the median of each metric, by case and target."""
    found: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        found.setdefault((sample.case, sample.target), []).append(sample)
    medians = {}
    for key, some in found.items():
        values: dict[str, list[float]] = {}
        for sample in calm(some):
            for name, value in sample.values.items():
                values.setdefault(name, []).append(value)
        medians[key] = {name: statistics.median(each) for name, each in values.items()}
    return medians


def shown(metric: str, value: float | None) -> str:
    """Write a figure."""
    if value is None:
        return "-"
    how = METRICS[metric]
    return f"{value * how.shown_as:,.{how.digits}f}"


def ratio(mine: float | None, theirs: float | None) -> str:
    """Write how many times one figure is the other."""
    return "-" if not mine or not theirs else f"{mine / theirs:.2f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table of Markdown: words to the left, figures to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def verdicts_of(goals: Sequence[Goal], medians: Medians) -> list[Verdict]:
    """Judge all goals."""
    return [
        verdict
        for goal in goals
        for verdict in judge(goal, medians, more_is_better=METRICS[goal.metric].more_is_better)
    ]


def goals_table(goals: Sequence[Goal], medians: Medians) -> str:
    """Write the table of the goals."""
    words = {True: "yes", False: "NO", None: "-"}
    rows = []
    for verdict in verdicts_of(goals, medians):
        goal, case = verdict.goal, verdict.case
        others = [medians.get((case, name), {}).get(goal.metric) for name in REFERENCES]
        rows.append(
            [
                f"{goal.work} ({METRICS[goal.metric].title}; {case})",
                *(shown(goal.metric, other) for other in others),
                f"**{shown(goal.metric, verdict.ours)}**",
                *(ratio(verdict.ours, other) for other in others),
                str(goal.must),
                words[verdict.must],
                str(goal.aim),
                words[verdict.aim],
            ]
        )
    head = ["work", *REFERENCES, "ours", *(f"x {name}" for name in REFERENCES), "must", "met", "aim", "met"]
    return table(head, rows)


def case_table(case: Case, targets: Sequence[str], samples: Sequence[Sample], medians: Medians) -> str:
    """Write what all targets did in one case."""
    mine = [sample for sample in samples if sample.case == case.name]
    there = [name for name in targets if medians.get((case.name, name))]
    names = [name for name in METRICS if any(name in medians[case.name, target] for target in there)]
    leading = names[0] if names else ""
    head = ["target", *(METRICS[name].title for name in names[:1])]
    head += [f"x {name}" for name in REFERENCES] + [METRICS[name].title for name in names[1:]] + ["others' cores"]
    rows = []
    for target in there:
        values = medians[case.name, target]
        others = [sample.others for sample in calm([sample for sample in mine if sample.target == target])]
        row = [f"**{target}**" if target == SUBJECT else target, shown(leading, values.get(leading))]
        row += [ratio(values.get(leading), medians.get((case.name, name), {}).get(leading)) for name in REFERENCES]
        row += [shown(name, values.get(name)) for name in names[1:]] + [f"{statistics.median(others):.2f}"]
        rows.append(row)
    failures = sorted({f"{sample.target}: {sample.failed}" for sample in mine if sample.failed})
    return (
        f"**{case.title}** (`{case.name}`, {case.repeats} times {case.seconds:g} s)\n\n"
        + table(head, rows)
        + "".join(f"\nfailed: {failure}\n" for failure in failures)
    )


IN_DETAIL: Final = ("fairness-plain", "fairness-tls", "workers-1", "workers-2")
"""The cases whose tables stand on the page of the docs, too."""


def page(
    cases: Sequence[Case], targets: Sequence[str], samples: Sequence[Sample], goals: Sequence[Goal], about: str
) -> str:
    """Write what the page of the docs shows."""
    medians = medians_of(samples)
    picture = "![Each goal, with a bar for ours and for each peer](performance.svg)\n"
    detailed = [case for case in cases if case.name in IN_DETAIL]
    tables = [case_table(case, targets, samples, medians) for case in detailed]
    return "\n".join([about, goals_table(goals, medians), picture, *tables])


def report(
    cases: Sequence[Case], targets: Sequence[str], samples: Sequence[Sample], goals: Sequence[Goal], about: str
) -> str:
    """Write everything."""
    medians = medians_of(samples)
    parts = [about, goals_table(goals, medians)]
    parts += [case_table(case, targets, samples, medians) for case in cases]
    return "\n".join(parts)
