"""Every transcript holds on each machine alone and on both wired together, however cut; and a wrong one does not."""

import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perdition.conformance.folder import PROTOCOLS
from perdition.conformance.transcript import Transcript, all_transcripts, parse, transcript_folder
from tests.conformance.client_alone import ClientAlone
from tests.conformance.players import CUTS, FEW, Cut, Mismatch, Player, by_lengths, name, whole
from tests.conformance.server_alone import ServerAlone
from tests.conformance.wired import Wired

TRANSCRIPTS: Final = all_transcripts()
PLAYERS: Final = (ServerAlone, ClientAlone, Wired)
every_transcript = pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=name)
every_player = pytest.mark.parametrize("player", PLAYERS)


@every_transcript
@every_player
@pytest.mark.parametrize("cut", CUTS)
def test_transcript_holds(transcript: Transcript, player: type[Player], cut: Cut) -> None:
    player(transcript, cut).play()


@every_transcript
@every_player
def test_transcript_holds_in_random_cuts(transcript: Transcript, player: type[Player]) -> None:
    @settings(max_examples=FEW)
    @given(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    def holds(lengths: list[int]) -> None:
        player(transcript, by_lengths(lengths)).play()

    holds()


def test_transcripts_are_there() -> None:
    assert {transcript.protocol for transcript in TRANSCRIPTS} == set(PROTOCOLS)
    assert all(transcript.path.parent.name == transcript.protocol for transcript in TRANSCRIPTS)
    files = [path for protocol in PROTOCOLS for path in (transcript_folder() / protocol).iterdir()]
    assert sorted(files) == sorted(transcript.path for transcript in TRANSCRIPTS)


POP3: Final = "# rfc: 1939 4\n# protocol: pop3\n# requires: rfc1939-4-1\n"
PATH: Final = Path("x.txt")


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        ("S: +OK\n=: TRANSACTION\n", "5: expected TRANSACTION"),
        ("S: +ok\n", "4: the SERVER machine writes b'+OK\\r\\n', expected b'+ok\\r\\n'"),
        ("S: OK\n", "4: RemoteProtocolError"),
        ("S: +OK\nC: user u\n", "5: the CLIENT machine writes b'USER u"),
        ("S: +OK\nC: USER u\nS: +OK\nC: STAT\nS: -ERR no\n", "7: bad commands"),
        ("S: +OK\n?C: QUIT\nS: -ERR ...\n", "5: bad commands"),
        ("S: +OK\n?C: STAT\nS: +OK ...\n", "6: the answer to a bad command is b'-ERR not now"),
        ("S: +OK\n!C: QUIT\n", "5: expected a RemoteProtocolError"),
        ("S: +OK\nC: CAPA\nS: +OK\nS: USER\n", "7: no machine has said all that the SERVER says"),
        ("S: +OK\nC| CAPA\n", "5: no machine has said all that the CLIENT says"),
    ],
)
def test_wrong_transcript_does_not_hold(text: str, expectation: str) -> None:
    transcript = parse(PATH, (POP3 + text).encode())

    with pytest.raises(Mismatch, match=re.escape(f"x.txt:{expectation}")):
        Wired(transcript, whole).play()
