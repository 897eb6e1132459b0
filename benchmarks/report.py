"""What a run says: figures, ratios to perdition and nginx, and the goals, as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.cases import Case
from benchmarks.figures import Figures
from benchmarks.goals import SUBJECT, Goal, Verdict, judge
from benchmarks.measure import Sample


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


def shown(metric: str, value: float | None) -> str:
    """Write a figure."""
    if value is None:
        return "-"
    how = METRICS[metric]
    return f"{value * how.shown_as:,.{how.digits}f}"


def ratio(times: float | None) -> str:
    """Write how many times one figure is the other."""
    return "-" if times is None else f"{times:.2f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table of Markdown: words to the left, figures to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def verdicts_of(goals: Sequence[Goal], figures: Figures) -> list[Verdict]:
    """Judge all goals."""
    return [
        verdict
        for goal in goals
        for verdict in judge(goal, figures, more_is_better=METRICS[goal.metric].more_is_better)
    ]


def goals_table(goals: Sequence[Goal], figures: Figures) -> str:
    """Write the table of the goals."""
    words = {True: "yes", False: "NO", None: "-"}
    rows = []
    for verdict in verdicts_of(goals, figures):
        goal, case = verdict.goal, verdict.case
        ours, others = (case, SUBJECT), [(case, name) for name in REFERENCES]
        rows.append(
            [
                f"{goal.work} ({METRICS[goal.metric].title}; {case})",
                *(shown(goal.metric, figures.median(other, goal.metric)) for other in others),
                f"**{shown(goal.metric, verdict.ours)}**",
                *(ratio(figures.times(ours, other, goal.metric)) for other in others),
                str(goal.must),
                words[verdict.must],
                str(goal.aim),
                words[verdict.aim],
            ]
        )
    head = ["work", *REFERENCES, "ours", *(f"x {name}" for name in REFERENCES), "must", "met", "aim", "met"]
    return table(head, rows)


def case_table(case: Case, targets: Sequence[str], samples: Sequence[Sample], figures: Figures) -> str:
    """Write what all targets did in one case."""
    there = [name for name in targets if figures.metrics((case.name, name))]
    found = {name for target in there for name in figures.metrics((case.name, target))}
    names = [name for name in METRICS if name in found]
    leading = names[0] if names else ""
    head = ["target", *(METRICS[name].title for name in names[:1])]
    head += [f"x {name}" for name in REFERENCES] + [METRICS[name].title for name in names[1:]] + ["others' cores"]
    rows = []
    for target in there:
        place = case.name, target
        row = [f"**{target}**" if target == SUBJECT else target, shown(leading, figures.median(place, leading))]
        row += [ratio(figures.times(place, (case.name, name), leading)) for name in REFERENCES]
        row += [shown(name, figures.median(place, name)) for name in names[1:]] + [f"{figures.others(place):.2f}"]
        rows.append(row)
    failures = sorted(
        {f"{sample.target}: {sample.failed}" for sample in samples if sample.case == case.name and sample.failed}
    )
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
    figures = Figures(samples)
    picture = "![Each goal, with a bar for ours and for each peer](performance.svg)\n"
    detailed = [case for case in cases if case.name in IN_DETAIL]
    tables = [case_table(case, targets, samples, figures) for case in detailed]
    return "\n".join([about, goals_table(goals, figures), picture, *tables])


def report(
    cases: Sequence[Case], targets: Sequence[str], samples: Sequence[Sample], goals: Sequence[Goal], about: str
) -> str:
    """Write everything."""
    figures = Figures(samples)
    parts = [about, goals_table(goals, figures)]
    parts += [case_table(case, targets, samples, figures) for case in cases]
    return "\n".join(parts)
