"""Every transcript of a server holds on the whole session of the proxy, over each kind of connection, however cut."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdition.conformance.acts import Account, Passed, Tls
from perdition.conformance.places import begins_in_clear, why_not_live, why_not_with
from perdition.conformance.transcript import Reach, Transcript, all_transcripts
from perdition.protocol.secret import Secret
from tests.conformance.in_memory import ACCOUNT, play
from tests.conformance.players import CUTS, FEW, Cut, by_lengths, name

OURS: Final = [
    transcript
    for transcript in all_transcripts()
    if transcript.reach is not Reach.MACHINES and not why_not_live(transcript)
]
WAYS: Final = [
    (transcript, tls)
    for transcript in OURS
    for tls in Tls
    if not why_not_with(transcript, tls) and not (begins_in_clear(transcript) and tls is Tls.NONE)
]

every_way = pytest.mark.parametrize(
    ("transcript", "tls"), WAYS, ids=[f"{name(transcript)}-{tls.value}" for transcript, tls in WAYS]
)


NOT_OFFERED: Final = frozenset(
    (
        ("managesieve", "SASL LOGIN"),  # the default list is that of the C program
        ("managesieve", "UNAUTHENTICATE"),  # behind the log-in the real server answers
    )
)
"""Capabilities that transcripts need and our proxy does not have."""


def holds(transcript: Transcript, tls: Tls, cut: Cut) -> None:
    """Assert that the proxy keeps to a transcript, unless it has not what that needs."""
    if any((transcript.protocol, need) in NOT_OFFERED for need in transcript.needs):
        return
    login = transcript.login
    for account in (ACCOUNT, *([Account(login.user, Secret(login.password))] if login else [])):
        verdict, dialogue = play(transcript, tls, cut, account)

        assert verdict == Passed(), f"{verdict}: {dialogue.said}"


@every_way
def test_session_keeps_to_the_transcript(transcript: Transcript, tls: Tls) -> None:
    for cut in CUTS:
        holds(transcript, tls, cut)


@every_way
def test_session_keeps_to_the_transcript_in_random_cuts(transcript: Transcript, tls: Tls) -> None:
    @settings(max_examples=FEW)
    @given(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    def in_cuts(lengths: list[int]) -> None:
        holds(transcript, tls, by_lengths(lengths))

    in_cuts()
