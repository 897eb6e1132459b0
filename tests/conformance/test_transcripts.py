"""Every transcript holds, whole lines, one octet at a time and in threes; and a wrong one does not."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.conformance.replay import Cut, Mismatch, Player
from tests.conformance.transcripts import FOLDER, Transcript, TranscriptError, all_transcripts, parse
from tests.protocol.helpers import PROTOCOLS, drip

TRANSCRIPTS: Final = all_transcripts()


def whole(octets: bytes) -> list[bytes]:
    """Cut nothing."""
    return [octets]


def threes(octets: bytes) -> list[bytes]:
    """Cut behind every third octet."""
    return [octets[at : at + 3] for at in range(0, len(octets), 3)]


@pytest.mark.parametrize("cut", [whole, drip, threes])
@pytest.mark.parametrize(
    "transcript", TRANSCRIPTS, ids=lambda transcript: f"{transcript.protocol}/{transcript.path.stem}"
)
def test_transcript_holds(transcript: Transcript, cut: Cut) -> None:
    Player(transcript, cut).play()


def test_transcripts_are_there() -> None:
    assert {transcript.protocol for transcript in TRANSCRIPTS} == set(PROTOCOLS)
    assert all(transcript.path.parent.name == transcript.protocol for transcript in TRANSCRIPTS)
    assert sorted(FOLDER.glob("*/*")) == sorted(transcript.path for transcript in TRANSCRIPTS)


POP3: Final = "# rfc: 1939 4\n# protocol: pop3\n"
PATH: Final = Path("x.txt")


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        ("", "x.txt:1: expected lines"),
        (POP3 + "S: +OK", "x.txt:3: expected lines"),
        (POP3 + "S: +OK\r\n", "x.txt:4: expected lines"),
        (POP3 + "S: +\xfc\n", "x.txt:4: expected lines"),
        (POP3, "x.txt:3: expected what is said"),
        ("S: +OK\n", "x.txt:1: expected the headers"),
        ("# rfc: 1939 4\n# rfc: 1939 4\nS: +OK\n", "x.txt:2: expected one header rfc"),
        (POP3 + "# side: server\nS: +OK\n", "x.txt:4: expected the headers"),
        ("# protocol: pop3\n# rfc: the first\nS: +OK\n", "x.txt:2: expected RFC numbers"),
        ("# rfc: 1939 4\n# protocol: smtp\nS: +OK\n", "x.txt:2: expected pop3 or"),
        (POP3 + "S:+OK\n", "x.txt:3: expected `C: `"),
        (POP3 + "S: +OK \n", "x.txt:3: expected `C: `"),
        (POP3 + "\n", "x.txt:3: expected `C: `"),
        (POP3 + "X: +OK\n", "x.txt:3: expected `C: `"),
        (POP3 + "*: rest\n", "x.txt:3: expected `C: `"),
        (POP3 + "?S: +OK\n", "x.txt:3: expected `?` before a line of the client"),
        (POP3 + "S| +OK\\q\n", "x.txt:3: expected one of"),
        (POP3 + "S| +OK\\x0\n", "x.txt:3: expected one of"),
        (POP3 + "S| +OK\\\n", "x.txt:3: expected one of"),
        (POP3 + "=: SELECTED\n", "x.txt:3: expected a state: GREETING"),
        (POP3 + "S: +OK\n?C: X\n", "x.txt:5: expected `S: STATUS ...`"),
        (POP3 + "S: +OK\n?C: X\nS: -ERR no\n", "x.txt:5: expected `S: STATUS ...`"),
        (POP3 + "S: +OK\n?C: X\nC: -ERR ...\n", "x.txt:5: expected `S: STATUS ...`"),
        (POP3 + "S: +OK\nC: X\nS: -ERR ...\n", "x.txt:5: expected `S: STATUS ...`"),
        (POP3 + "S: +OK ...\n", "x.txt:3: expected `S: STATUS ...`"),
        (POP3 + "S: +OK\n!C: X\nC: X\n", "x.txt:5: expected nothing"),
    ],
)
def test_file_that_does_not_keep_to_the_format(text: str, expectation: str) -> None:
    with pytest.raises(TranscriptError, match=re.escape(expectation)):
        parse(PATH, text.encode("latin-1"))


def test_escapes() -> None:
    transcript = parse(PATH, (POP3 + r"S| +OK\x20\\\r\n" + "\nC:\nC| \\0\\t\\xff\n").encode())

    assert [step.octets for step in transcript.steps] == [b"+OK \\\r\n", b"\r\n", b"\0\t\xff"]


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        ("S: +OK\n=: TRANSACTION\n", "4: expected TRANSACTION"),
        ("S: +ok\n", "3: the SERVER machine writes b'+OK\\r\\n', expected b'+ok\\r\\n'"),
        ("S: OK\n", "3: RemoteProtocolError"),
        ("S: +OK\nC: user u\n", "4: the CLIENT machine writes b'USER u"),
        ("S: +OK\nC: USER u\nS: +OK\nC: STAT\nS: -ERR no\n", "6: bad commands"),
        ("S: +OK\n?C: QUIT\nS: -ERR ...\n", "4: bad commands"),
        ("S: +OK\n?C: STAT\nS: +OK ...\n", "5: the answer to a bad command is b'-ERR not now"),
        ("S: +OK\n!C: QUIT\n", "4: expected a RemoteProtocolError"),
        ("S: +OK\nC: CAPA\nS: +OK\nS: USER\n", "6: no machine has said all that the SERVER says"),
        ("S: +OK\nC| CAPA\n", "4: no machine has said all that the CLIENT says"),
    ],
)
def test_wrong_transcript_does_not_hold(text: str, expectation: str) -> None:
    transcript = parse(PATH, (POP3 + text).encode())

    with pytest.raises(Mismatch, match=re.escape(f"x.txt:{expectation}")):
        Player(transcript, whole).play()
