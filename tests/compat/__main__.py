"""`./dev compat`: compare our daemon with perdition 2.2."""

import argparse
import fnmatch
import sys

from tests.compat import page
from tests.compat.cases import CASES
from tests.compat.compare import NoCProgram, Verdict, compare, playable


def main() -> int:
    """Run what the command line asks for; give the exit status."""
    parser = argparse.ArgumentParser(prog="./dev compat", description=__doc__)
    parser.add_argument("cases", metavar="CASE", nargs="*", help="ids of cases, with * and ?; default: all")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("--show", action="store_true", help="show everything that was seen of both")
    parser.add_argument(
        "--page", action="store_true", help="write the differences into docs/switching-from-perdition.md"
    )
    options = parser.parse_args()
    if options.page:
        page.write()
        return 0
    chosen = [case for case in CASES.values() if any(fnmatch.fnmatch(case.id, one) for one in options.cases or ["*"])]
    if not chosen:
        parser.error("expected ids of cases; --list shows them")
    if options.list:
        print("\n".join(f"{case.id:28} {case.title}" for case in chosen))
        return 0

    def tell(verdict: Verdict) -> None:
        expected = f" ({verdict.expected.tag.value})" if verdict.expected else ""
        if verdict.wrong:
            print(verdict.explanation(), flush=True)
        if options.show:
            for place in dict.fromkeys([*verdict.theirs, *verdict.ours]):
                print(f"  {place}\n    - {verdict.theirs.get(place)!r}\n    + {verdict.ours.get(place)!r}")
        print(f"{verdict.case.id}: {'FAILED' if verdict.wrong else 'as expected' + expected}", flush=True)

    can = playable(chosen)
    for case in chosen:
        if case not in can:
            print(f"{case.id}: skipped, it needs the right to have mount name spaces (CAP_SYS_ADMIN)")
    try:
        verdicts = compare(can, tell)
    except NoCProgram as error:
        parser.error(str(error))
    failed = [case_id for case_id, verdict in verdicts.items() if verdict.wrong]
    print(f"{len(verdicts)} cases, {len(failed)} failed" + (f": {' '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
