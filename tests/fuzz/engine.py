"""One process under atheris: `python -m tests.fuzz.engine TARGET FOLDER [--grammar] LIBFUZZER-ARGUMENTS`.

A find does not end the run: the octets are kept once for each place that raises, and the run goes on.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import atheris
from hypothesis import HealthCheck, given, settings

from tests.fuzz.finds import Finds

with atheris.instrument_imports(include=["perdition"]):
    from tests.fuzz.targets import load


def main(arguments: Sequence[str]) -> None:
    """Run until libFuzzer's arguments say that it is enough."""
    name, folder, *rest = arguments
    with atheris.instrument_imports(include=["perdition"]):
        target = load(name)
    finds = Finds(Path(folder))

    def one(data: bytes) -> None:
        try:
            target.fuzz(data)
        except Exception as error:
            finds.add(data, error)

    entry = one
    if "--grammar" in rest:
        rest.remove("--grammar")
        drawn = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))(
            given(target.grammar())(one)
        )
        fuzz_one_input = drawn.hypothesis.fuzz_one_input  # type: ignore[attr-defined]  # given() adds it

        def entry(data: bytes) -> None:
            fuzz_one_input(data)

    atheris.Setup([sys.argv[0], *rest], entry)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
