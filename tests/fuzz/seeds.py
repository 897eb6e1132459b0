"""Inputs to begin with, from the transcripts."""

from functools import cache

from perdition.conformance.transcript import Transcript, all_transcripts


@cache
def transcripts_of(protocol: str) -> tuple[Transcript, ...]:
    """Give the transcripts of one protocol."""
    return tuple(transcript for transcript in all_transcripts() if transcript.protocol == protocol)
