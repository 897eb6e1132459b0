"""A dialogue that fails fails what it shows not to hold, and nothing else."""

from pathlib import Path
from typing import Final

import pytest

from perdition.conformance.acts import Failed, NotTested, Passed, Verdict
from perdition.conformance.run import Outcome
from perdition.conformance.transcript import parse
from perdition.conformance.verdicts import WENT_WRONG, unmet, verdict_for

WHOLE, FIRST, LAST, OTHER = (f"rfc9051-1-{count}" for count in range(1, 5))
TEXT: Final = f"""\
# rfc: 9051 7.6
# protocol: imap4
# requires: {WHOLE}
S: * OK ready
?C: a NOOP {{5}}
S: a BAD ...
#: {FIRST}
C: b NOOP
S: b OK done
#: {LAST}
"""
LEFT: Final = NotTested(WENT_WRONG)


@pytest.mark.parametrize(
    ("failed", "of_the_whole", "of_the_first", "of_the_last", "of_another"),
    [
        (Failed(4, "x"), "FAIL", LEFT, LEFT, None),  # the greeting
        (Failed(6, "x"), LEFT, "FAIL", LEFT, None),
        (Failed(9, "x"), LEFT, Passed(), "FAIL", None),
        (Failed(9, "x", (OTHER,)), LEFT, Passed(), LEFT, "FAIL"),
    ],
)
def test_a_line_fails_what_it_shows(
    failed: Failed,
    of_the_whole: Verdict | str,
    of_the_first: Verdict | str,
    of_the_last: Verdict | str,
    of_another: Verdict | str | None,
) -> None:
    outcome = Outcome(parse(Path("x.txt"), TEXT.encode()), failed)
    found = [verdict_for(name, outcome) for name in (WHOLE, FIRST, LAST, OTHER)]

    assert ["FAIL" if verdict == failed else verdict for verdict in found] == [
        of_the_whole,
        of_the_first,
        of_the_last,
        of_another,
    ]


def test_what_passes_fails_nothing() -> None:
    outcome = Outcome(parse(Path("x.txt"), TEXT.encode()), Passed())

    assert unmet(outcome) == ()
    assert verdict_for(LAST, outcome) == Passed()
    assert verdict_for(OTHER, outcome) is None
