"""Plays cases with both programs, many at a time, and compares what was seen."""

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import attrs

from tests.compat.case import Case, Observed
from tests.compat.differences import DIFFERENCES, Difference, differing
from tests.compat.programs import Program, c_program, can_mount, ours
from tests.compat.stage import Stage
from tests.interop.certificates import Certificates, make

AT_ONCE: Final = 12
"""How many programs run at the same time: most of them wait."""
NOT_PLAYED: Final = "could not be played"
RESET: Final = "Fatal error piping data"
"""What perdition 2.2 logs instead of `Closing session` if a side has closed before it has written to it: a matter of
microseconds, which is not compared."""
AGAIN: Final = 5
"""How often a case is played again for it."""
EXPECTED: Final = {case: difference for difference in DIFFERENCES for case in difference.places}


class NoCProgram(Exception):
    """perdition 2.2 is not installed."""


@attrs.frozen
class Verdict:
    """What came of one case.

    Attributes:
        case: the case.
        theirs: what was seen of the C program.
        ours: what was seen of ours.
    """

    case: Case
    theirs: Observed
    ours: Observed

    @property
    def expected(self) -> Difference | None:
        """How they are to differ, if they are."""
        return EXPECTED.get(self.case.id)

    @property
    def wrong(self) -> list[str]:
        """The places where they differ otherwise than they are expected to; none: all is well."""
        expected = self.expected.places[self.case.id] if self.expected else frozenset()
        seen = self.expected.seen[self.case.id] if self.expected else {}
        other = {place for place, text in seen.items() if self.ours.get(place) != text}
        not_played = {NOT_PLAYED} & {*self.theirs, *self.ours}
        return sorted(expected ^ differing(self.theirs, self.ours) | other | not_played)

    def explanation(self) -> str:
        """Write what is wrong."""
        seen = self.expected.seen[self.case.id] if self.expected else {}
        lines = [f"{self.case.id}: {self.case.title}"]
        for place in self.wrong:
            lines += [
                f"  {place}",
                f"    perdition 2.2: {self.theirs.get(place)!r}",
                f"    ours:          {self.ours.get(place)!r}",
            ]
            if place in seen:
                lines.append(f"    expected:      {seen[place]!r}")
        return "\n".join(lines)


def playable(cases: Iterable[Case]) -> list[Case]:
    """Give the cases that can be played on this machine."""
    mounts = can_mount()
    return [case for case in cases if mounts or not case.mounts]


def compare(cases: Iterable[Case], tell: Callable[[Verdict], None] = lambda verdict: None) -> dict[str, Verdict]:
    """Play cases with both programs; what differs is played once more, with nothing else under way.

    Args:
        cases: which.
        tell: is told of each verdict as soon as it is there: in the order of the cases, last those of a second try.

    Raises:
        NoCProgram: there is nothing to compare with.
    """
    theirs = c_program()
    if theirs is None:
        raise NoCProgram("perdition 2.2 is not installed (Debian package perdition)")
    verdicts: dict[str, Verdict] = {}
    with tempfile.TemporaryDirectory(prefix="perdition-") as name, ThreadPoolExecutor(AT_ONCE) as pool:
        folder = Path(name)
        folder.chmod(0o755)
        certificates = make(folder)
        for file in folder.iterdir():
            file.chmod(0o644)  # the C program reads CAs as whoever it has become
        both = [
            (case, [pool.submit(play, case, program, certificates) for program in (theirs, ours())]) for case in cases
        ]
        for case, (first, second) in both:
            verdicts[case.id] = Verdict(case, first.result(), second.result())
            if not verdicts[case.id].wrong:
                tell(verdicts[case.id])
        for verdict in [each for each in verdicts.values() if each.wrong]:
            case = verdict.case
            verdicts[case.id] = Verdict(case, play(case, theirs, certificates), play(case, ours(), certificates))
            tell(verdicts[case.id])
    return verdicts


def play(case: Case, program: Program, certificates: Certificates) -> Observed:
    """Play one case with one program; again if a race of the C program's own has spoilt it."""
    seen = play_once(case, program, certificates)
    for _ in range(AGAIN):
        if not any(RESET in text for text in seen.values()):
            break
        seen = play_once(case, program, certificates)
    return seen


def play_once(case: Case, program: Program, certificates: Certificates) -> Observed:
    """Play it."""
    try:
        with Stage(case, program, certificates) as stage:
            return stage.play()
    except Exception as error:  # one case must not end the others
        return {NOT_PLAYED: f"{type(error).__name__}: {error}"}
