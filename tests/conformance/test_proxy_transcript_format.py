"""What a dialogue of the proxy may hold; and one that is wrong does not hold."""

import re
from pathlib import Path
from typing import Final

import pytest

from perdition.conformance.lines import TranscriptError
from perdition.conformance.proxy_transcript import Event, Row, Step, Verdict, Voice, parse
from tests.conformance.proxy_player import Mismatch, Player

PATH: Final = Path("x.txt")
HEAD: Final = "# rfc: 1939 4\n# protocol: pop3\n"
MAP: Final = HEAD + "# popmap: joe -> {real}\n"
GREETING: Final = "S: +OK ...\n"
ASKED: Final = MAP + GREETING + "C: USER joe\n&C: PASS pw\nS: +OK ...\n"


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        ("", "x.txt:1: expected lines of printable ASCII"),
        (HEAD + "S: +OK", "x.txt:3: expected lines of printable ASCII"),
        (HEAD + "S: +OK\r\n", "x.txt:4: expected lines of printable ASCII"),
        (HEAD + "S: +\xfc\n", "x.txt:4: expected lines of printable ASCII"),
        (HEAD, "x.txt:3: expected what is said behind the headers"),
        ("S: +OK\n", "x.txt:1: expected the header `# rfc: ...`"),
        ("# rfc: 1939 4\nS: +OK\n", "x.txt:2: expected the header `# protocol: ...`"),
        ("# rfc: the first\nS: +OK\n", "x.txt:1: expected RFC numbers, each with its section"),
        ("# protocol: smtp\nS: +OK\n", "x.txt:1: expected pop3 or imap4 or managesieve"),
        (HEAD + "# rfc: 1939 4\nS: +OK\n", "x.txt:3: expected one header rfc"),
        (HEAD + "# login: joe pw\nS: +OK\n", "x.txt:3: expected the headers rfc, protocol, requires, options, popmap"),
        (HEAD + "# requires: 1939\nS: +OK\n", "x.txt:3: expected ids like rfc1939-4-2"),
        (HEAD + "# requires: rfc1939-4-1, rfc1939-4-1\nS: +OK\n", "x.txt:3: expected ids like rfc1939-4-2"),
        (HEAD + "# options: -x\nS: +OK\n", "x.txt:3: expected options like ssl_mode=tls_all"),
        (HEAD + "# options: a='b\nS: +OK\n", "x.txt:3: expected options like ssl_mode=tls_all"),
        (HEAD + "# options: a=1 a=2\nS: +OK\n", "x.txt:3: expected options like ssl_mode=tls_all"),
        (HEAD + "# popmap: joe\nS: +OK\n", "x.txt:3: expected `KEY -> RESULT` or `KEY is absent|unavailable|broken`"),
        (HEAD + "# popmap: joe is lost\nS: +OK\n", "x.txt:3: expected `KEY -> RESULT` or"),
        (HEAD + "# popmap: j\\qe is absent\nS: +OK\n", "x.txt:3: expected one of"),
        (HEAD + "S:+OK\n", "x.txt:3: expected `C: `, `S: `, `P: `, `R: `, `L: `"),
        (HEAD + "S: +OK \n", "x.txt:3: expected `C: `"),
        (HEAD + "\n", "x.txt:3: expected `C: `"),
        (HEAD + "X: +OK\n", "x.txt:3: expected `C: `"),
        (HEAD + "C| \\q\n", "x.txt:3: expected one of"),
        (HEAD + "*: sleep\n", "x.txt:3: expected one of connect, refused, tls, real tls, real tls fails, eof"),
        (HEAD + "L| words\n", "x.txt:3: expected `L: ` and words of a log line"),
        (HEAD + "S: a\n&S: b\n", "x.txt:4: expected `&` before a line of the client or the real server"),
        (HEAD + "&C: a\n", "x.txt:3: expected `&` behind a line of the same peer"),
        (HEAD + "*: connect\nC: a\n&R: b\n", "x.txt:5: expected `&` behind a line of the same peer"),
        (HEAD + "P: a\n", "x.txt:3: expected `*: connect` before it"),
        (HEAD + "*: real tls\n", "x.txt:3: expected `*: connect` before it"),
        (HEAD + "*: connect\n*: real close\nR: a\n", "x.txt:5: expected `*: connect` before it"),
        (HEAD + "*: close\nL: words\nC: a\n", "x.txt:5: expected nothing but `L: ` behind `*: close`"),
    ],
)
def test_file_that_does_not_keep_to_the_format(text: str, expectation: str) -> None:
    with pytest.raises(TranscriptError, match=re.escape(expectation)):
        parse(PATH, text.encode("latin-1"))


def test_file_that_does() -> None:
    headers = "# options: ssl_mode=tls_all query_key='\\U, x' flag\n# requires: rfc1939-4-1\n"
    rows = "# popmap: j\\x20e -> {real}\n# popmap: jim is broken\n"
    transcript = parse(
        PATH, (HEAD + headers + rows + "S: +OK ...\nC| \\xff\n&C:\n*: connect\nP| a...\\r\nL: a ... b\n").encode()
    )

    assert transcript.options == {"ssl_mode": "tls_all", "query_key": "\\U, x", "flag": None}
    assert transcript.requires == ("rfc1939-4-1",)
    assert transcript.popmap == (Row(b"j e", "{real}"), Row(b"jim", Verdict.BROKEN))
    assert transcript.steps == (
        Step(7, Voice.TO_CLIENT, parts=(b"+OK ", b"\r\n")),
        Step(8, Voice.CLIENT, b"\xff"),
        Step(9, Voice.CLIENT, b"\r\n", joined=True),
        Step(10, Event.CONNECT),
        Step(11, Voice.TO_SERVER, b"a...\r", (b"a...\r",)),
        Step(12, Voice.LOG, parts=(b"a ", b" b")),
    )
    assert [len(write) for write in transcript.writes] == [1, 2, 1, 1, 1]
    assert transcript.steps[0].is_said(b"+OK at your service\r\n")
    assert not transcript.steps[0].is_said(b"+OK\r\n")
    assert not transcript.steps[0].is_said(b"+OK one\r\n+OK two\r\n")


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        (HEAD + "S: +OK hello\n", "x.txt:3: expected (b'+OK hello\\r\\n',), the proxy has said b'+OK POP3"),
        (HEAD + "C: QUIT\n", "x.txt:3: the proxy has also said b'+OK POP3"),
        (HEAD + GREETING + "C: QUIT\n", "x.txt:4: the proxy has also said b'+OK QUIT"),
        (HEAD + GREETING + "*: close\n", "x.txt:4: the client has not been left"),
        (HEAD + GREETING + "*: tls\n", "x.txt:4: the session does not wait for it"),
        (HEAD + GREETING + "*: refused\n", "x.txt:4: the session does not wait for it"),
        (HEAD + GREETING + "*: connect\n", "x.txt:4: the session does not wait for it"),
        (HEAD + GREETING + "L: nothing of the kind\n", "x.txt:4: no log line with"),
        (MAP + GREETING, "x.txt:4: looked up: []"),
        (HEAD + GREETING + "C: USER joe\n&C: PASS pw\n", "x.txt: no row of the popmap for b'joe'"),
        (ASKED + "*: connect\n*: real tls\n", "x.txt:9: the session does not wait for it"),
        (ASKED + "*: connect\n*: real close\n", "x.txt:9: the real server has not been left"),
        (ASKED + "*: connect\n*: real eof\n", "x.txt:9: the proxy has also said b'-ERR"),
        (ASKED + "*: connect\nR: -ERR\nS: -ERR ...\n", "x.txt:10: the proxy has left the real server"),
    ],
)
def test_wrong_dialogue_does_not_hold(text: str, expectation: str) -> None:
    transcript = parse(PATH, text.encode())

    with pytest.raises(Mismatch, match=re.escape(expectation)):
        Player(transcript, lambda octets: [octets]).play()
