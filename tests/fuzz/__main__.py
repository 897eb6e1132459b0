"""`./dev fuzz`: throw octets at one part of the program until the time is over."""

import argparse
import sys
from collections.abc import Sequence

from tests.fuzz.campaign import CACHE, NoAtherisError, Result, campaign
from tests.fuzz.targets import NAMES, kept, load

NO_ATHERIS = """\
fuzz: atheris is not installed here: pip install -e '.[fuzz]', with a Python that it has a wheel for (see its page).
fuzz: without it, pytest runs every target on seeds and on what Hypothesis draws: ./dev test tests/fuzz
"""


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description="Fuzz one target, or several in turn.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="see --list")
    parser.add_argument("--all", action="store_true", help="every target in turn")
    parser.add_argument("--list", action="store_true", help="say which targets there are")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="how long each (default: 60)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that share a corpus (default: 1)")
    parser.add_argument(
        "--grammar", action="store_true", help="let Hypothesis make the inputs, by the target's grammar"
    )
    found = parser.parse_args(arguments)
    unknown = [name for name in found.targets if name not in NAMES]
    if unknown:
        parser.error(f"unknown target {unknown[0]}: expected one of {', '.join(NAMES)}")
    if not found.targets and not found.all and not found.list:
        parser.error("expected a target, --all or --list")
    if found.seconds < 1 or found.jobs < 1:
        parser.error("expected one second and one process at least")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 1: something was found or has died, 2: it cannot be run."""
    found = options(sys.argv[1:] if arguments is None else arguments)
    if found.list:
        for name in NAMES:
            target = load(name)
            seeds, files = sum(1 for _ in target.seeds()), sum(1 for _ in kept(name))
            print(f"{name:20} {seeds:4} seeds, {files:3} files: {target.title}")
        return 0
    results: dict[str, Result] = {}
    for name in NAMES if found.all else found.targets:
        try:
            results[name] = campaign(
                name, load(name), seconds=found.seconds, jobs=found.jobs, grammar=found.grammar, say=say
            )
        except NoAtherisError:
            sys.stderr.write(NO_ATHERIS)
            return 2
        for path in results[name].finds:
            say(f"found: {path}")
    for name, result in results.items():
        print(result.line(name))
    if any(result.finds for result in results.values()):
        print(
            f"What was found is in {CACHE}; copy a file to tests/fuzz/regressions/TARGET/NAME: ./dev test replays it."
        )
    return 1 if any(result.finds or result.died for result in results.values()) else 0


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
