"""The format of transcripts: what is read, and what each mistake is told."""

import re
from pathlib import Path
from typing import Final

import pytest

from perdition.conformance.lines import TranscriptError
from perdition.conformance.transcript import Login, Reach, parse

HEAD: Final = "# rfc: 1939 4\n# protocol: pop3\n"
POP3: Final = HEAD + "# requires: rfc1939-4-1\n"
PATH: Final = Path("x.txt")


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        ("", "x.txt:1: expected lines"),
        (POP3 + "S: +OK", "x.txt:4: expected lines"),
        (POP3 + "S: +OK\r\n", "x.txt:5: expected lines"),
        (POP3 + "S: +\xfc\n", "x.txt:5: expected lines"),
        (POP3, "x.txt:4: expected what is said"),
        ("S: +OK\n", "x.txt:1: expected the header `# rfc: ...`"),
        ("# rfc: 1939 4\n# rfc: 1939 4\nS: +OK\n", "x.txt:2: expected one header rfc"),
        (POP3 + "# side: server\nS: +OK\n", "x.txt:4: expected the headers rfc, protocol,"),
        ("# protocol: pop3\n# rfc: the first\n# requires: rfc1939-4-1\nS: +OK\n", "x.txt:2: expected RFC numbers"),
        ("# rfc: 1939 4\n# protocol: smtp\n# requires: rfc1939-4-1\nS: +OK\n", "x.txt:2: expected pop3 or"),
        (HEAD + "# requires: rfc1939-4\nS: +OK\n", "x.txt:3: expected ids like rfc1939-4-2"),
        (HEAD + "S: +OK\n", "x.txt:3: expected the header `# requires: ...`"),
        (HEAD + "# requires: rfc1939-4-2, rfc1939-4-2\nS: +OK\n", "x.txt:3: expected ids like rfc1939-4-2"),
        (POP3 + "# needs: STLS,SASL PLAIN\nS: +OK\n", "x.txt:4: expected capabilities"),
        (POP3 + "# login: mrose\nS: +OK\n", "x.txt:4: expected a user name and a password"),
        (POP3 + "# login: mrose \\q\nS: +OK\n", "x.txt:4: expected one of"),
        (POP3 + "# only: machines\nS: +OK\n", "x.txt:4: expected `machines; REASON`"),
        (POP3 + "# only: session; why\nS: +OK\n", "x.txt:4: expected `machines; REASON`"),
        (POP3 + "#: rfc1939-4-2\nS: +OK\n", "x.txt:4: expected `#: IDS` right behind"),
        (POP3 + "S: +OK\nC: QUIT\n#: rfc1939-4-2\n", "x.txt:6: expected `#: IDS` right behind"),
        (POP3 + "S: +OK\n#: rfc1939-4-2\n#: rfc1939-4-3\n", "x.txt:6: expected `#: IDS` right behind"),
        (POP3 + "S: +OK\n#: rfc1939-4\n", "x.txt:5: expected ids like rfc1939-4-2"),
        (POP3 + "S: +OK\n#: rfc1939-4-1\n", "x.txt:5: expected ids that the header `# requires` does not have"),
        (POP3 + "S:+OK\n", "x.txt:4: expected `C: `"),
        (POP3 + "S: +OK \n", "x.txt:4: expected `C: `"),
        (POP3 + "\n", "x.txt:4: expected `C: `"),
        (POP3 + "X: +OK\n", "x.txt:4: expected `C: `"),
        (POP3 + "*: rest\n", "x.txt:4: expected `C: `"),
        (POP3 + "?S: +OK\n", "x.txt:4: expected `?` before a line of the client"),
        (POP3 + "S| +OK\\q\n", "x.txt:4: expected one of"),
        (POP3 + "S| +OK\\x0\n", "x.txt:4: expected one of"),
        (POP3 + "S| +OK\\\n", "x.txt:4: expected one of"),
        (POP3 + "=: SELECTED\n", "x.txt:4: expected a state: GREETING"),
        (POP3 + "S: +OK\n?C: X\n", "x.txt:6: expected `S: STATUS ...`"),
        (POP3 + "S: +OK\n?C: X\nS: -ERR no\n", "x.txt:6: expected `S: STATUS ...`"),
        (POP3 + "S: +OK\n?C: X\nC: -ERR ...\n", "x.txt:6: expected `S: STATUS ...`"),
        (POP3 + "S: +OK\nC: X\nS: -ERR ...\n", "x.txt:6: expected `S: STATUS ...`"),
        (POP3 + "S: +OK ...\n", "x.txt:4: expected `S: STATUS ...`"),
        (POP3 + "S: +OK\n!C: X\nC: X\n", "x.txt:6: expected nothing"),
    ],
)
def test_file_that_does_not_keep_to_the_format(text: str, expectation: str) -> None:
    with pytest.raises(TranscriptError, match=re.escape(expectation)):
        parse(PATH, text.encode("latin-1"))


def test_escapes() -> None:
    transcript = parse(PATH, (POP3 + r"S| +OK\x20\\\r\n" + "\nC:\nC| \\0\\t\\xff\n").encode())

    assert [step.octets for step in transcript.steps] == [b"+OK \\\r\n", b"\r\n", b"\0\t\xff"]


def test_headers() -> None:
    transcript = parse(
        PATH,
        b"# only: machines, session; our own limits\n# needs: STLS, SASL PLAIN\n# login: m\\x20rose \\xfc\n"
        b"# requires: rfc1939-4-2, rfc9051-A.1-12\n" + HEAD.encode() + b"S: +OK\n",
    )

    assert transcript.name == "x"
    assert transcript.requires == ("rfc1939-4-2", "rfc9051-A.1-12")
    assert transcript.login == Login(b"m rose", b"\xfc")
    assert transcript.needs == ("STLS", "SASL PLAIN")
    assert transcript.reach is Reach.OURS
    assert transcript.reason == "our own limits"


def test_ids_of_single_lines() -> None:
    transcript = parse(PATH, (POP3 + "S: +OK\n#: rfc1939-4-2, rfc1939-4-3\n*: eof\n#: rfc1939-4-3\n").encode())

    assert transcript.requires == ("rfc1939-4-1", "rfc1939-4-2", "rfc1939-4-3")
    assert transcript.of_the_whole == ("rfc1939-4-1",)
    assert transcript.shows == {4: ("rfc1939-4-2", "rfc1939-4-3"), 6: ("rfc1939-4-3",)}
    assert [step.number for step in transcript.steps] == [4, 6]


def test_header_requires_may_be_left_out_if_single_lines_show_all() -> None:
    assert parse(PATH, (HEAD + "S: +OK\n#: rfc1939-4-2\n").encode()).requires == ("rfc1939-4-2",)


def test_headers_that_may_be_left_out() -> None:
    transcript = parse(PATH, (POP3 + "S: +OK\n").encode())

    assert (transcript.login, transcript.needs) == (None, ())
    assert transcript.reach is Reach.EVERYONE
