"""`./dev bench scale [--quick] [--write]`: what more and more idle sessions cost, on one worker and on two."""

import argparse
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from benchmarks.about import about
from benchmarks.cases import SCALE, Case
from benchmarks.curves import Curve, curves
from benchmarks.figures import Figures
from benchmarks.goals import SUBJECT
from benchmarks.marks import Marks
from benchmarks.measure import Sample
from benchmarks.processes import RunError
from benchmarks.progress import Progress
from benchmarks.report import METRICS, shown, table
from benchmarks.run import Run, this_machine
from benchmarks.targets import LOAD_PACKAGES, ROOT, TARGETS

PAGE: Final = ROOT / "docs" / "performance.md"
PICTURE: Final = ROOT / "docs" / "scale.svg"
MARKS: Final = Marks("scale")
SHOWN: Final = ("opened_per_second", "private_kb", "rest_wake_ups", "rest_ms", "round_trip_p50_us", "errors")
DRAWN: Final = ("opened_per_second", "private_kb", "rest_wake_ups")
QUICK_HELD: Final = 1000


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./dev bench scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"up to {QUICK_HELD:,} sessions a worker: half a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all measurements")
    parser.add_argument("--read", type=Path, metavar="FILE", help="report on measurements kept before; run nothing")
    parser.add_argument(
        "--write", action="store_true", help=f"put the table into {PAGE.name} and the curves into {PICTURE.name}, too"
    )
    parser.add_argument("--packages", action="store_true", help="print the Debian packages that this run needs")
    return parser.parse_args(arguments)


def scale_table(cases: Sequence[Case], figures: Figures) -> str:
    """Write a row a case."""
    head = ["sessions", "workers", "client's leg", *(METRICS[name].title for name in SHOWN)]
    rows = []
    for case in cases:
        place = case.name, SUBJECT
        if figures.metrics(place):
            words = [f"{case.held:,}", str(case.workers), case.transport.value]
            rows.append([*words, *(shown(name, figures.median(place, name)) for name in SHOWN)])
    return table(head, rows)


def drawn(cases: Sequence[Case], figures: Figures) -> list[Curve]:
    """Give the curves: a metric, and a line for each number of workers and each kind of leg."""
    found = []
    for name in DRAWN:
        lines: dict[str, list[tuple[float, float]]] = {}
        for case in cases:
            value = figures.median((case.name, SUBJECT), name)
            if value is not None:
                label = f"{case.transport.value}, {case.workers} worker{'s' * (case.workers > 1)}"
                lines.setdefault(label, []).append((case.held, value))
        found.append(Curve(METRICS[name].title, "sessions", lines))
    return found


def on_term(number: int, frame: object) -> NoReturn:
    """End as with Ctrl-C: everything that was started is ended."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; give the exit status."""
    found = options(arguments)
    if found.packages:
        print(*LOAD_PACKAGES)
        return 0
    signal.signal(signal.SIGTERM, on_term)
    cases = [case for case in SCALE if not found.quick or case.held <= QUICK_HELD * case.workers]
    targets = [TARGETS[SUBJECT]]
    samples: list[Sample] = []
    status = 0
    if found.read:
        kept = json.loads(found.read.read_text())
        samples, where = [Sample(**row) for row in kept["samples"]], kept["about"]
    else:
        where = about(targets)
        machine, progress = this_machine(), Progress(cases, targets)
        os.sched_setaffinity(0, machine.load)
        try:
            for sample in Run(targets, cases, progress, machine).samples():
                samples.append(sample)  # an interrupted run keeps what it has
        except KeyboardInterrupt:
            status = 130
        except RunError as error:
            sys.stderr.write(f"bench: {error}\n")
            status = 2
        progress.end()
    if found.json:
        rows = [dataclasses.asdict(sample) for sample in samples]
        found.json.write_text(json.dumps({"about": where, "samples": rows}, indent=1) + "\n")
    figures = Figures(samples)
    failed = "".join(f"\nfailed: {sample.case}: {sample.failed}\n" for sample in samples if sample.failed)
    text = f"{where}\n{scale_table(cases, figures)}{failed}"
    print(text)
    if found.write and not status:
        PAGE.write_text(MARKS.put(PAGE.read_text(), f"{text}\n![The same as curves]({PICTURE.name})\n"))
        PICTURE.write_text(curves(drawn(cases, figures)))
    return status
