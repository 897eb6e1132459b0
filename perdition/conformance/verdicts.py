"""What the outcomes of dialogues say of each requirement, and of the whole."""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from perdition.conformance.acts import Failed, NotOffered, NotPlayed, NotTested, Passed, Verdict
from perdition.conformance.requirement import Requirement, Side
from perdition.conformance.run import Outcome

NO_DIALOGUE: Final = "no dialogue here shows it"
WENT_WRONG: Final = "the dialogue that shows it went wrong somewhere else"


@attrs.frozen
class Row:
    """A requirement and what came of it."""

    requirement: Requirement
    verdict: Verdict


def rows(requirements: Mapping[str, Requirement], protocol: str, outcomes: Sequence[Outcome]) -> list[Row]:
    """Give what came of each requirement that binds a server of the protocol."""
    found = []
    for requirement in requirements.values():
        if binds(requirement, protocol):
            verdicts = [verdict_for(requirement.id, outcome) for outcome in outcomes]
            found.append(Row(requirement, worst([verdict for verdict in verdicts if verdict is not None])))
    return found


def binds(requirement: Requirement, protocol: str) -> bool:
    """Tell whether a requirement is for servers of the protocol."""
    return protocol in requirement.protocols and requirement.side is not Side.CLIENT


def verdict_for(name: str, outcome: Outcome) -> Verdict | None:
    """Give what a dialogue says of a requirement; None: nothing."""
    failed, transcript = outcome.verdict, outcome.transcript
    if isinstance(failed, Failed) and name in unmet(outcome):
        return failed
    if name not in transcript.requires:
        return None
    if not isinstance(failed, Failed):
        return failed
    lines = [number for number, names in transcript.shows.items() if name in names]
    return Passed() if lines and max(lines) < failed.number else NotTested(WENT_WRONG)


def unmet(outcome: Outcome) -> tuple[str, ...]:
    """Give the requirements that a dialogue shows not to be met: those of the line, else those of the whole."""
    if not isinstance(outcome.verdict, Failed):
        return ()
    of_the_line = outcome.verdict.fails or outcome.transcript.shows.get(outcome.verdict.number)
    return of_the_line or outcome.transcript.of_the_whole


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Give what counts for a requirement: a failure, else that it was shown to hold, else why it was not tested."""
    for kind in (Failed, Passed, NotPlayed, NotOffered, NotTested):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return NotTested(NO_DIALOGUE)


def was_played(outcomes: Sequence[Outcome]) -> bool:
    """Tell whether anything was tested."""
    return any(isinstance(outcome.verdict, Passed | Failed) for outcome in outcomes)


def why_not_all(outcomes: Sequence[Outcome]) -> str:
    """Say why some transcripts were not played that could be, or nothing."""
    left = [outcome.verdict for outcome in outcomes if isinstance(outcome.verdict, NotPlayed)]
    return f"{len(left)} dialogues were not played: {left[0].why}" if left else ""


def failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Give the transcripts that failed."""
    return [outcome for outcome in outcomes if isinstance(outcome.verdict, Failed)]


def is_bad(requirements: Mapping[str, Requirement], protocol: str, outcomes: Sequence[Outcome]) -> bool:
    """Tell whether a MUST fails; a dialogue that names no requirement of a server counts as one."""
    for outcome in failures(outcomes):
        bound = [requirements[name] for name in unmet(outcome) if name in requirements]
        bound = [one for one in bound if binds(one, protocol)]
        if not bound or any(one.level.binds for one in bound):
            return True
    return False
