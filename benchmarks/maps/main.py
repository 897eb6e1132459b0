"""`./dev bench maps [--quick] [KIND ...]`: what lookups cost, what building costs, and whether a slow map disturbs."""

import argparse
import dataclasses
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from benchmarks.about import circumstances
from benchmarks.maps import drive
from benchmarks.maps.loading import Built, builds
from benchmarks.maps.report import report
from benchmarks.maps.rows import DRAWN, draw
from benchmarks.maps.slow import cases, samples
from benchmarks.maps.sources import KINDS, Kind
from benchmarks.marks import Marks
from benchmarks.measure import Sample as Relayed
from benchmarks.processes import RunError
from benchmarks.run import Machine, this_machine
from benchmarks.targets import LOAD_PACKAGES, ROOT

T = TypeVar("T")

PAGE: Final = ROOT / "docs" / "performance.md"
MARKS: Final = Marks("maps")
AT_ONCE: Final = (1, 16, 256)
PARTS: Final = ("lookups", "build", "slow")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rows: Sequence[int]
    seconds: float
    built: int
    slow_seconds: float
    slow_repeats: int


FULL: Final = Size((1_000, 1_000_000), 2.0, 1_000_000, 5.0, 3)
QUICK: Final = Size((10_000,), 0.3, 100_000, 2.0, 1)


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./dev bench maps", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="fewer users, shorter: about two minutes")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--rows", type=int, metavar="N", help="so many users in each map")
    parser.add_argument("--seconds", type=float, metavar="S", help="for S seconds each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all measurements")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.relative_to(ROOT)}, too")
    parser.add_argument("--packages", action="store_true", help="print the Debian packages that this run needs")
    found = parser.parse_args(arguments)
    unknown = [name for name in found.kinds if name not in KINDS]
    if unknown:
        parser.error(f"unknown kind {unknown[0]}: expected one of {', '.join(KINDS)}")
    if found.rows is not None and found.rows < 1:
        parser.error("expected --rows of at least 1")
    return found


def chosen_size(found: argparse.Namespace) -> Size:
    """Give how much is measured."""
    size = QUICK if found.quick else FULL
    if found.rows:
        size = dataclasses.replace(size, rows=(found.rows,), built=found.rows)
    if found.seconds:
        size = dataclasses.replace(size, seconds=found.seconds, slow_seconds=found.seconds)
    return size


def say(text: str) -> None:
    """Say what is measured now."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


def lookups(kinds: dict[str, Kind], size: Size, machine: Machine, folder: Path) -> Iterator[drive.Sample]:
    """Measure the lookups of each kind; who cannot be started or asked is a sample that failed."""
    for name, kind in kinds.items():
        for rows in size.rows if kind.scales else size.rows[:1]:
            os.sched_setaffinity(0, machine.load)  # the server takes this over
            say(f"{name}: making {rows:,} users" if kind.scales else name)
            try:
                with kind.source(folder, rows) as source:
                    os.sched_setaffinity(0, machine.proxy)
                    keys = draw(rows, DRAWN)
                    for cached in (False, True):
                        for at_once in AT_ONCE:
                            shown = rows if kind.scales else 0
                            sample = drive.measure(source, shown, keys, at_once, size.seconds, cached=cached)
                            if cached and sample.inline:
                                break  # what answers on the loop is not cached
                            say(f"{name}, {at_once} at once{', cached' if cached else ''}: {sample.per_second:,.0f}/s")
                            yield sample
            except Exception as error:  # whatever a server or its driver lacks here: the others go on
                reason = " ".join(str(error).split()) or type(error).__name__
                say(f"{name}: left out: {reason}")
                yield drive.Sample(name, rows, 0, cached=False, failed=reason[:300])


def on_term(number: int, frame: object) -> NoReturn:
    """End as with Ctrl-C: everything that was started is ended."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; give the exit status."""
    found = options(arguments)
    kinds = {name: kind for name, kind in KINDS.items() if not found.kinds or name in found.kinds}
    parts = found.part or PARTS
    if found.packages:
        load = LOAD_PACKAGES if "slow" in parts else ()
        print(*dict.fromkeys([*load, *(package for kind in kinds.values() for package in kind.packages)]))
        return 0
    signal.signal(signal.SIGTERM, on_term)
    size, machine = chosen_size(found), this_machine()
    measured: list[drive.Sample] = []
    made: list[Built] = []
    relayed: list[Relayed] = []
    left_out = ["nis: it needs namespaces of its own"]
    status = 0
    with tempfile.TemporaryDirectory(prefix="perdition-bench-") as work:
        folder = Path(work)
        folder.chmod(0o755)  # servers and proxies become somebody else
        steps: dict[str, Callable[[], None]] = {
            "lookups": lambda: keep(lookups(kinds, size, machine, folder), measured),
            "build": lambda: keep(told(builds(folder, size.built)), made),
            "slow": lambda: keep(samples(size.slow_seconds, size.slow_repeats, machine, folder, say), relayed),
        }
        try:
            for part in PARTS:
                if part in parts:
                    os.sched_setaffinity(0, machine.load)
                    steps[part]()
        except KeyboardInterrupt:
            say("interrupted")
            status = 130
        except RunError as error:
            left_out.append(str(error))
            status = 2
    titles = [(case.name, case.title) for case in cases(size.slow_seconds)]
    where = f"{circumstances()}; the proxy's part on one core, servers on another.\n"
    text = report(where, measured, made, relayed, titles, left_out)
    if found.json:
        kept: dict[str, Sequence[drive.Sample | Built | Relayed]] = {
            "lookups": measured,
            "builds": made,
            "slow": relayed,
        }
        rows = {name: [dataclasses.asdict(each) for each in some] for name, some in kept.items()}
        found.json.write_text(json.dumps({"about": where, **rows}, indent=1) + "\n")
    if found.write and not status:
        PAGE.write_text(MARKS.put(PAGE.read_text(), text))
    print(text)
    return status


def keep(some: Iterator[T], where: list[T]) -> None:
    """Keep what comes as it comes: an interrupted run has what was measured before."""
    for each in some:
        where.append(each)  # noqa: PERF402  # an interrupted loop keeps what it has


def told(some: Iterator[Built]) -> Iterator[Built]:
    """Say what was built."""
    for each in some:
        say(f"{each.kind} by {each.by}: {each.seconds:.1f} s")
        yield each
