"""`./dev bench [--quick] [--check] [TARGET ...]`: run, report, judge."""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, NoReturn

from benchmarks import scale
from benchmarks.about import about
from benchmarks.cases import FULL, QUICK, Case
from benchmarks.figures import Figures
from benchmarks.goals import applicable, broken, read_goals, read_guards
from benchmarks.launch import Target
from benchmarks.maps import main as maps
from benchmarks.marks import Marks
from benchmarks.measure import Sample
from benchmarks.processes import RunError
from benchmarks.progress import Progress
from benchmarks.report import METRICS, page, report
from benchmarks.run import Run, this_machine
from benchmarks.scale import PAGE
from benchmarks.svg import picture
from benchmarks.targets import FULL_TARGETS, LOAD_PACKAGES, QUICK_TARGETS, TARGETS

MARKS: Final = Marks()
PICTURE: Final = PAGE.with_suffix(".svg")


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description="The project side by side with its peers.",
        epilog="./dev bench maps: what lookups in maps cost; ./dev bench scale: what idle sessions cost, up to as many "
        "as there can be.  Each has a --help of its own.",
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; default: all but other")
    parser.add_argument("--quick", action="store_true", help="fewer cases, shorter, and of the peers only perdition")
    parser.add_argument("--brief", action="store_true", help="measure each once, for half a second: about a minute")
    parser.add_argument("--check", action="store_true", help="fail if ours is worse than guard.toml allows")
    parser.add_argument("--case", action="append", metavar="NAME", help="only this case; may be repeated")
    parser.add_argument("--repeats", type=int, metavar="N", help="measure each N times")
    parser.add_argument("--seconds", type=float, metavar="S", help="for S seconds each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all measurements")
    parser.add_argument("--read", type=Path, metavar="FILE", help="report on measurements kept before; run nothing")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the picture of the docs")
    parser.add_argument(
        "--write", action="store_true", help=f"put the goals and the picture into docs/{PAGE.name}, too"
    )
    parser.add_argument("--packages", action="store_true", help="print the Debian packages that this run needs")
    found = parser.parse_args(arguments)
    unknown = [name for name in found.targets if name not in TARGETS]
    if unknown:
        parser.error(f"unknown target {unknown[0]}: expected one of {', '.join(TARGETS)}")
    known = [case.name for case in (QUICK if found.quick else FULL)]
    unknown = [name for name in found.case or () if name not in known]
    if unknown:
        parser.error(f"unknown case {unknown[0]}: expected one of {', '.join(known)}")
    return found


def chosen_targets(names: Sequence[str], *, quick: bool) -> list[Target]:
    """Give the targets in the order of the table."""
    wanted = names or (QUICK_TARGETS if quick else FULL_TARGETS)
    return [target for name, target in TARGETS.items() if name in wanted]


def chosen_cases(found: argparse.Namespace) -> list[Case]:
    """Give the cases as the options want them."""
    cases: list[Case] = [case for case in (QUICK if found.quick else FULL) if not found.case or case.name in found.case]
    if found.brief:
        cases = [dataclasses.replace(case, repeats=1, seconds=0.5) for case in cases]
    if found.repeats:
        cases = [dataclasses.replace(case, repeats=found.repeats) for case in cases]
    if found.seconds:
        cases = [dataclasses.replace(case, seconds=found.seconds) for case in cases]
    return cases


def installed(targets: Sequence[Target]) -> list[Target]:
    """Leave out, with a word, those whose program is not there."""
    there = []
    for target in targets:
        if target.program and shutil.which(target.program) is None:
            packages = " ".join(target.packages)
            sys.stderr.write(f"bench: no {target.program} here, left out (Debian: apt-get install {packages})\n")
        else:
            there.append(target)
    return there


def on_term(number: int, frame: object) -> NoReturn:
    """End as with Ctrl-C: everything that was started is ended."""
    raise KeyboardInterrupt


def measured(cases: Sequence[Case], targets: Sequence[Target], *, again: int) -> tuple[list[Sample], bool]:
    """Run; what was measured before Ctrl-C is still worth a report.  Tell, too, whether the run is whole."""
    samples: list[Sample] = []
    progress, machine = Progress(cases, targets), this_machine()
    os.sched_setaffinity(0, machine.load)  # we too leave the proxy's core alone
    try:
        for sample in Run(targets, cases, progress, machine, again=again).samples():
            samples.append(sample)  # noqa: PERF402  # an interrupted run keeps what it has
    except KeyboardInterrupt:
        progress.end()
        sys.stderr.write("bench: interrupted\n")
        return samples, False
    progress.end()
    return samples, True


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; give the exit status."""
    if "maps" in arguments:
        return maps.main([word for word in arguments if word != "maps"])
    if "scale" in arguments:
        return scale.main([word for word in arguments if word != "scale"])
    found = options(arguments)
    targets = chosen_targets(found.targets, quick=found.quick)
    if found.packages:
        if not found.read:
            print(*LOAD_PACKAGES, *(package for target in targets for package in target.packages))
        return 0
    signal.signal(signal.SIGTERM, on_term)
    cases = chosen_cases(found)
    if found.read:
        kept = json.loads(found.read.read_text())
        samples, is_whole = [Sample(**row) for row in kept["samples"]], True
        where = kept["about"]
    else:
        targets = installed(targets)
        where = about(targets)
        try:
            samples, is_whole = measured(cases, targets, again=0 if found.quick else 1)
        except RunError as error:
            sys.stderr.write(f"bench: {error}\n")
            return 2
    if found.json:
        rows = [dataclasses.asdict(sample) for sample in samples]
        found.json.write_text(json.dumps({"about": where, "samples": rows}, indent=1) + "\n")
    goals = read_goals()
    seen = {sample.case for sample in samples}
    cases = [case for case in (*FULL, *QUICK) if case.name in seen and case in cases] or cases
    text = report(cases, list(TARGETS), samples, goals, where)
    print(text)
    figures = Figures(samples)
    if found.svg:
        found.svg.write_text(picture(goals, figures))
    if not is_whole:
        return 130
    if found.write:
        PAGE.write_text(MARKS.put(PAGE.read_text(), page(cases, list(TARGETS), samples, goals, where)))
        PICTURE.write_text(picture(goals, figures))
    return check(figures, {case.name for case in cases}) if found.check else 0


def check(figures: Figures, cases: Collection[str]) -> int:
    """Say which guards are broken; give the exit status."""
    guards = applicable(read_guards(), cases)
    if not guards:
        print("check: none of these cases has a guard")
        return 2
    found = (broken(guard, figures, more_is_better=METRICS[guard.metric].more_is_better) for guard in guards)
    problems = [problem for problem in found if problem]
    for problem in problems:
        print(f"check: {problem}")
    print(f"check: {len(guards) - len(problems)} of {len(guards)} guards hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
