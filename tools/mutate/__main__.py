"""Change the code in small ways and see whether the tests notice.

    python -m tools.mutate [--again] [--write] [PATH...]

Prints each change that no test notices and that `justified.toml` does not list; the exit status is 0 if there is
none.  `docs/mutation.md` tells the rest.
"""

import argparse
import collections
import sys
from pathlib import Path
from typing import Final

from tools.mutate import report
from tools.mutate.mutants import ROOT, Mutant, mutants_of
from tools.mutate.report import NOTICED, Result
from tools.mutate.runner import Verdict, run_at_import, run_in_functions

FOLDERS: Final = ("perdition/protocol", "perdition/session")
LEFT_OUT: Final = "_tables.py"  # generated from spec/, and tested against it


def files(paths: list[str]) -> list[Path]:
    """Give the files to mutate, of the files and folders that were asked for."""
    found = [Path(path).resolve() for path in paths] or [ROOT / folder for folder in FOLDERS]
    sources = [file for path in found for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    return [file for file in sources if file.name != LEFT_OUT]


def run(mutants: list[Mutant]) -> None:
    """Try mutants; keep what becomes of each, and show how far that is."""
    counts: collections.Counter[str] = collections.Counter()

    def told(mutant: Mutant, verdict: Verdict) -> None:
        report.keep(mutant.place, verdict)
        counts[verdict.value] += 1
        so_far = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
        print(f"\r{counts.total()} of {len(mutants)}: {so_far}", end="", file=sys.stderr, flush=True)

    run_at_import([mutant for mutant in mutants if not mutant.function], told)
    run_in_functions([mutant for mutant in mutants if mutant.function], told)
    print(file=sys.stderr)


def main() -> int:
    """Give the exit status."""
    parser = argparse.ArgumentParser(prog="./dev mutate", description="See whether the tests notice changed code.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a file or folder; default: all that is mutated")
    parser.add_argument("--again", action="store_true", help="only what no test has noticed yet")
    parser.add_argument("--write", action="store_true", help="write the results into docs/mutation.md")
    arguments = parser.parse_args()
    if arguments.write and arguments.paths:
        parser.error("--write: expected no PATH, for the page tells of all files")

    chosen = files(arguments.paths)
    print(f"making mutants of {len(chosen)} files", file=sys.stderr)
    mutants = [mutant for file in chosen for mutant in mutants_of(file)]
    known = report.read_results() if arguments.again else {}
    run([mutant for mutant in mutants if known.get(mutant.place) not in NOTICED])
    known = report.read_results()
    results = [Result(mutant.path, mutant.place, known[mutant.place]) for mutant in mutants]
    if arguments.write:
        report.write_docs(results)
    return report.complain(results)


if __name__ == "__main__":
    sys.exit(main())
