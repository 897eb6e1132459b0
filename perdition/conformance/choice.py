"""Which dialogues are played: those of --only, or all; and what --list shows."""

from collections.abc import Iterator, Mapping, Sequence

from perdition.conformance.places import why_not_live
from perdition.conformance.requirement import Requirement, Side
from perdition.conformance.run import is_played
from perdition.conformance.transcript import Transcript
from perdition.conformance.usage import UsageError
from perdition.conformance.verdicts import NO_DIALOGUE


def chosen(
    protocol: str,
    only: Sequence[str] | None,
    requirements: Mapping[str, Requirement],
    transcripts: Sequence[Transcript],
) -> list[Transcript]:
    """Give the transcripts to be played.

    Raises:
        UsageError: a name of --only is neither a requirement nor a transcript, or none that a client can test.
    """
    here = [transcript for transcript in transcripts if transcript.protocol == protocol]
    if only is None:
        return here
    for name in only:
        if why := why_not(protocol, name, requirements, transcripts):
            raise UsageError(f"--only {name}: {why}")
    return [one for one in here if one.name in only or not set(only).isdisjoint(one.requires)]


def why_not(
    protocol: str, name: str, requirements: Mapping[str, Requirement], transcripts: Sequence[Transcript]
) -> str:
    """Say why a name of --only cannot be tested, or nothing."""
    if name in requirements:
        return why_not_requirement(protocol, requirements[name], transcripts)
    named = [transcript for transcript in transcripts if transcript.name == name]
    if not named:
        return "expected a requirement or a transcript; --list shows them"
    here = [transcript for transcript in named if transcript.protocol == protocol]
    if not here:
        return f"expected a dialogue of {protocol}, not of {' and '.join(one.protocol for one in named)}"
    return "" if is_played(here[0]) else f"no client can play it: {why_not_live(here[0]) or here[0].reason}"


def why_not_requirement(protocol: str, requirement: Requirement, transcripts: Sequence[Transcript]) -> str:
    """Say why a requirement cannot be tested, or nothing."""
    if protocol not in requirement.protocols:
        return f"expected a requirement of {protocol}, not of {' and '.join(requirement.protocols)}"
    if requirement.side is Side.CLIENT:
        return "it binds clients, and a server is tested here"
    if not is_shown(protocol, requirement, transcripts):
        return NO_DIALOGUE
    return ""


def is_shown(protocol: str, requirement: Requirement, transcripts: Sequence[Transcript]) -> bool:
    """Tell whether a client can play a dialogue that shows a requirement."""
    return any(one.protocol == protocol and requirement.id in one.requires and is_played(one) for one in transcripts)


def listed(protocol: str, requirements: Mapping[str, Requirement], transcripts: Sequence[Transcript]) -> Iterator[str]:
    """Give what there is to choose from, line by line: all of it can be tested."""
    for transcript in transcripts:
        if transcript.protocol == protocol and is_played(transcript):
            yield f"{transcript.name}  {', '.join(transcript.requires)}"
    for requirement in requirements.values():
        if not why_not_requirement(protocol, requirement, transcripts):
            yield f"{requirement.id}  {requirement.level.value}  {requirement.text}"
