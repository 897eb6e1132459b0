"""What the live player makes of servers that do and do not do what a transcript says."""

import re
from pathlib import Path
from typing import Final

import attrs
import pytest

from perdition.conformance.acts import (
    Account,
    Answer,
    Failed,
    HalfClose,
    Hear,
    Heard,
    NotOffered,
    NotTested,
    Passed,
    Say,
    Silence,
    StartTls,
    Tls,
    TlsFailed,
    TlsStarted,
    Verdict,
)
from perdition.conformance.live import Dialogue
from perdition.conformance.places import begins_in_clear, why_not_live, why_not_with
from perdition.conformance.run import is_played
from perdition.conformance.transcript import Transcript, all_transcripts, parse
from perdition.protocol.secret import Secret
from tests.conformance.players import name

ACCOUNT: Final = Account(b"joe", Secret(b"hunter2"))
POP3: Final = "# rfc: 1939 4\n# protocol: pop3\n# requires: rfc2449-5-1\n# login: mrose tanstaaf\n"
IMAP4: Final = "# rfc: 9051 6\n# protocol: imap4\n# requires: rfc9051-7.2.2-1\n# login: mrose tanstaaf\n"
SIEVE: Final = "# rfc: 5804 2\n# protocol: managesieve\n# requires: rfc5804-1.7-1\n# login: mrose tanstaaf\n"


@attrs.define
class Told:
    """What came of a dialogue.

    Attributes:
        verdict: the end.
        said: octets of the client, in pieces.
        shown: the dialogue for people.
    """

    verdict: Verdict
    said: list[bytes]
    shown: str


def load(text: str) -> Transcript:
    return parse(Path("x.txt"), text.encode())


def play(text: str, *server: bytes | Answer, tls: Tls = Tls.NONE) -> Told:
    """Play a transcript: the server says these things in turn, whenever it is listened to, and then closes."""
    dialogue = Dialogue(load(text), ACCOUNT, tls)
    run, answer, turns, said = dialogue.run(), None, list(server), list[bytes]()
    try:
        while True:
            match run.send(answer):
                case Say(data):
                    said.append(data)
                    answer = None
                case HalfClose():
                    said.append(b"")
                    answer = None
                case Hear():
                    turn = turns.pop(0) if turns else Heard(b"")
                    answer = Heard(turn) if isinstance(turn, bytes) else turn
                case StartTls():
                    turn = turns.pop(0)
                    assert not isinstance(turn, bytes)
                    answer = turn
    except StopIteration as stop:
        return Told(stop.value, said, "\n".join(f"{speaker}: {line}" for speaker, line in dialogue.said))


POP3_LOG_IN: Final = POP3 + "S: +OK hi\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nS: +OK\n"
WRONG_USER: Final = POP3 + "S: +OK hi\nC: USER frated\nS: -ERR no\n"
REFUSED: Final = POP3 + "S: +OK hi\n?C: STAT\nS: -ERR ...\n"
CAPA: Final = POP3 + "S: +OK hi\nC: CAPA\nS: +OK\nS: STLS\nS: .\n"
SASL: Final = POP3 + "S: +OK hi\nC: AUTH PLAIN\nS| + \\r\\n\nC: AG1yb3NlAHRhbnN0YWFm\nS: +OK\n".replace(
    "+ \\r", "+\\x20\\r"
)
IMAP_SASL: Final = IMAP4 + "S: * OK hi\nC: a AUTHENTICATE PLAIN\nS| +\\x20\\r\\n\nC: AG1yb3NlAHRhbnN0YWFm\nS: a OK\n"
STLS: Final = POP3 + "S: +OK hi\nC: STLS\nS: +OK\n*: tls\nC: QUIT\nS: +OK\n*: eof\n"
INJECTED: Final = POP3 + "S: +OK hi\n!C| STLS\\r\\nUSER eve\\r\\n\n"
BARE_LF: Final = POP3 + "S: +OK hi\n!C| USER eve\\nPASS x\\r\\n\n"
AWAY: Final = POP3 + "S: +OK hi\n*: eof\n"
IMAP_LOG_IN: Final = IMAP4 + 'S: * OK hi\nC: a LOGIN "mrose" "tanstaaf"\nS: a OK in\n'
IMAP_REFUSED: Final = IMAP4 + "S: * OK hi\n?C: a XYZZY {5}\nS: a BAD ...\n"
IMAP_CAPABILITY: Final = IMAP4 + "S: * OK hi\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: a OK x\n"
IMAP_PIPELINED: Final = IMAP4 + "S: * OK hi\nC: a NOOP\nC: b NOOP\nS: a OK x\nS: b OK x\n"
IMAP_LOGOUT: Final = IMAP4 + "S: * OK hi\nC: a LOGOUT\nS: * BYE x\nS: a OK x\n*: eof\n"
IMAP_LITERAL: Final = IMAP4 + "S: * OK hi\n~C: a LOGIN {5}\nS: + go\n~C: mrose {8}\nS: + go\n~C: tanstaaf\nS: a OK x\n"
IMAP_INJECTED: Final = IMAP4 + "S: * OK hi\n!C| a STARTTLS\\r\\nb NOOP\\r\\n\n"
SIEVE_LISTED: Final = SIEVE + 'S: "SASL" "PLAIN"\nS: OK\nC: NOOP "x"\nS: OK (TAG "x") "done"\n'
LINES: Final = b'"IMPLEMENTATION" "x"\r\n"SASL" "PLAIN"\r\n"SIEVE" ""\r\n"VERSION" "1.0"\r\n'


@pytest.mark.parametrize(
    ("text", "server"),
    [
        (POP3_LOG_IN, [b"+OK\r\n", b"+OK\r\n", b"+O", b"K welcome\r\n"]),
        (WRONG_USER, [b"+OK hi\r\n", b"+OK who knows\r\n"]),
        (WRONG_USER, [b"+OK hi\r\n", b"-ERR unknown\r\n"]),
        (REFUSED, [b"+OK hi\r\n", b"-ERR [X] no\r\n"]),
        (CAPA, [b"+OK\r\n", b"+OK list\r\nSTLS\r\n.\r\n"]),
        (SASL, [b"+OK\r\n", b"+\r\n", b"+OK\r\n"]),
        (STLS, [b"+OK\r\n", b"+OK\r\n", TlsStarted(), b"+OK\r\n"]),
        (INJECTED, [b"+OK\r\n"]),
        (INJECTED, [b"+OK\r\n", b"-ERR no pipelining\r\n", b"-ERR closing\r\n"]),
        (INJECTED, [b"+OK\r\n", b"+OK\r\n", TlsFailed("alert", ended=True)]),
        (INJECTED, [b"+OK\r\n", b"+OK\r\n", TlsStarted(), b"+OK bye\r\n"]),
        (BARE_LF, [b"+OK\r\n", b"-ERR what\r\n"]),
        (AWAY, [b"+OK\r\n", b"-ERR closing\r\n"]),
        (
            IMAP_LOG_IN,
            [b"* OK\r\n", b"* OK [ALERT] x\r\n* X {3}\r\n", b"a O\r\na OK [X] in\r\n"],
        ),
        (IMAP_REFUSED, [b"* OK\r\n", b"* OK still here\r\na NO x\r\n"]),
        (IMAP_REFUSED, [b"* OK\r\n", b"+ go on\r\n", b"a BAD x\r\n"]),
        (IMAP_CAPABILITY, [b"* OK\r\n", b"* CAPABILITY IMAP4rev1 X\r\na OK x\r\n"]),
        (IMAP_PIPELINED, [b"* OK\r\n", b"b OK x\r\na OK x\r\n"]),
        (IMAP_LOGOUT, [b"* OK\r\n", b"* BYE x\r\na OK x\r\n"]),
        (IMAP_LITERAL, [b"* OK\r\n", b"* OK x\r\n+ a\r\n", b"+ b\r\n", b"a OK x\r\n"]),
        (IMAP_INJECTED, [b"* OK\r\n", b"a OK x\r\n", TlsStarted(), b"* BYE x\r\nbye1 OK x\r\n"]),
        (SIEVE_LISTED, [LINES + b"OK\r\n", b'OK (TAG {1}\r\nx) "done"\r\n']),
    ],
)
def test_server_that_does_what_it_must(text: str, server: list[bytes | Answer]) -> None:
    assert play(text, *server).verdict == Passed()


@pytest.mark.parametrize(
    ("text", "server", "number", "why"),
    [
        (POP3_LOG_IN, [b"-ERR busy\r\n"], 5, "expected +OK, not -ERR"),
        (POP3_LOG_IN, [b"hello\r\n"], 5, "expected +OK or -ERR"),
        (POP3_LOG_IN, [b"+OK\r\n", b"-ERR who\r\n"], 7, "expected +OK, not -ERR"),
        (POP3_LOG_IN, [b"+OK\r\n", b"+OK\r\n", b"-ERR no\r\n"], 9, "expected +OK, not -ERR"),
        (POP3_LOG_IN, [b"+OK\r\n", b"+OK\r\n"], 9, "expected +OK, the server has closed the connection"),
        (POP3_LOG_IN, [b"+OK\r\n", Silence()], 7, "expected +OK, nothing came in time"),
        (REFUSED, [b"+OK\r\n", b"+OK\r\n"], 7, "expected -ERR, not +OK"),
        (SASL, [b"+OK\r\n", b"+ eA==\r\n"], 7, "expected an empty challenge, not a challenge"),
        (SASL, [b"+OK\r\n", b"+ ???\r\n"], 7, "expected a challenge in base64"),
        (SASL, [b"+OK\r\n", b"-ERR no\r\n"], 7, "expected an empty challenge, not -ERR"),
        (STLS, [b"+OK\r\n", b"+OK\r\n+OK\r\n"], 8, "expected nothing in clear behind"),
        (STLS, [b"+OK\r\n", b"+OK\r\n", TlsFailed("bad", ended=False)], 8, "expected a TLS handshake: bad"),
        (STLS, [b"+OK\r\n", b"+OK\r\n", TlsStarted(), b"+OK\r\n", Silence()], 11, "expected the end of the connection"),
        (INJECTED, [b"+OK\r\n", b"+OK\r\n+OK\r\n"], 6, "expected one answer in clear"),
        (
            INJECTED,
            [b"+OK\r\n", b"-ERR\r\n", b"+OK\r\n"],
            6,
            "or the end of the connection, not '+OK'",
        ),
        (INJECTED, [b"+OK\r\n", b"+OK\r\n", TlsStarted(), b"+OK\r\n", b"+OK\r\n"], 6, "expected no answer under TLS"),
        (INJECTED, [b"+OK\r\n", b"+OK\r\n", TlsFailed("x", ended=False)], 6, "expected a handshake, or the end"),
        (BARE_LF, [b"+OK\r\n", b"+OK\r\n-ERR\r\n"], 6, "or the end of the connection, not '+OK'"),
        (BARE_LF, [b"+OK\r\n", Silence()], 6, "expected a refusal, or the end of the connection, nothing came"),
        (IMAP_LOG_IN, [b"* PREAUTH\r\n"], 5, "expected * OK, not * PREAUTH"),
        (IMAP_LOG_IN, [b"* OK\r\n", b"a NO x\r\n"], 7, "expected a OK, not a NO"),
        (IMAP_LOG_IN, [b"* OK\r\n", b"b OK x\r\n"], 7, "expected a OK, not b OK"),
        (IMAP_LOG_IN, [b"* OK\r\n", b"* BAD x\r\n"], 7, "expected a OK, not * BAD"),
        (IMAP_LOG_IN, [b"* OK\r\n", b"+ x\r\n"], 7, "expected a OK, not `+`"),
        (IMAP_REFUSED, [b"* OK\r\n", b"a OK x\r\n"], 7, "expected a BAD, not a OK"),
        (IMAP_REFUSED.replace("{5}", "{70000}"), [b"* OK\r\n", b"+ x\r\n"], 7, "not the wish for 70000 octets"),
        (IMAP_CAPABILITY, [b"* OK\r\n", b"a OK x\r\n"], 8, "expected * CAPABILITY before the answer"),
        (IMAP_CAPABILITY, [b"* OK\r\n", b"* CAPABILITY X\r\na OK x\r\n"], 8, "expected IMAP4rev1 or IMAP4rev2"),
        (IMAP_LOGOUT, [b"* OK\r\n", b"a OK x\r\n"], 8, "expected * BYE before the answer"),
        (IMAP_LITERAL, [b"* OK\r\n", b"a BAD x\r\n"], 7, "expected `+`, not a BAD"),
        (
            IMAP_INJECTED,
            [b"* OK\r\n", b"a OK x\r\n", TlsStarted(), b"b OK x\r\nbye1 OK x\r\n"],
            6,
            "expected no answer",
        ),
        (SIEVE_LISTED, [b"OK\r\n"], 6, "expected IMPLEMENTATION and SIEVE and VERSION among"),
        (SIEVE_LISTED, [LINES + LINES + b"OK\r\n"], 6, "expected no capability twice"),
        (SIEVE_LISTED, [LINES.replace(b"PLAIN", b"") + b"OK\r\n"], 6, "expected SASL mechanisms where STARTTLS is not"),
        (SIEVE_LISTED, [LINES + b"OK\r\n", b'OK (TAG "y")\r\n'], 8, "expected OK, not OK"),
    ],
)
def test_server_that_does_not(text: str, server: list[bytes | Answer], number: int, why: str) -> None:
    verdict = play(text, *server).verdict

    assert isinstance(verdict, Failed)
    assert re.search(re.escape(why), verdict.why)
    assert verdict.number == number


def test_capabilities_under_tls() -> None:
    told = play(CAPA, TlsStarted(), b"+OK\r\n", b"+OK\r\nSTLS\r\n.\r\n", tls=Tls.IMPLICIT)

    why = "expected no word of STARTTLS where TLS is active already (RFC 2595 4)"
    assert told.verdict == Failed(9, why, ("rfc2595-4-2",))


def test_list_of_capabilities_fails_what_speaks_of_it_and_not_what_the_dialogue_is_for() -> None:
    lines = LINES.replace(b'"VERSION" "1.0"\r\n', b"")

    assert play(SIEVE_LISTED, lines + b"OK\r\n").verdict == Failed(
        6, "expected VERSION among the capabilities (RFC 5804 1.7)", ("rfc5804-1.7-16",)
    )


@pytest.mark.parametrize(
    ("text", "server", "why", "fails"),
    [
        (CAPA, [b"+OK " + b"x" * 509 + b"\r\n"], "at most 512 octets (RFC 2449 4)", ("rfc1939-3-8", "rfc2449-4-3")),
        (CAPA, [b"+OK [A] " + b"x" * 503 + b"\r\n"], "at most 512 octets", ("rfc1939-3-8", "rfc2449-4-3")),
        (CAPA, [b"+OK\r\n", b"+OK\r\n" + b"x" * 511 + b"\r\n.\r\n"], "capabilities of at most 512", ("rfc2449-5-7",)),
        (CAPA, [b"+OK [X] y\r\n", b"+OK\r\nUSER\r\n.\r\n"], "expected RESP-CODES", ("rfc2449-8-3",)),
        (
            IMAP_CAPABILITY,
            [b"* OK\r\n", b"* CAPABILITY IMAP4rev1 LITERAL+ LITERAL-\r\na OK\r\n"],
            "expected LITERAL+ or LITERAL-, not both",
            ("rfc7888-5-6",),
        ),
    ],
)
def test_what_the_player_looks_at_by_itself(text: str, server: list[bytes], why: str, fails: tuple[str, ...]) -> None:
    verdict = play(text, *server).verdict

    assert isinstance(verdict, Failed)
    assert why in verdict.why
    assert verdict.fails == fails


def test_lines_of_512_octets() -> None:
    longest = b"+OK " + b"x" * 506 + b"\r\n", b"+OK\r\n" + b"x" * 510 + b"\r\n.\r\n"

    assert play(CAPA, *longest).verdict == Passed()


def test_server_without_capa() -> None:
    assert play(CAPA, b"+OK\r\n", b"-ERR what\r\n").verdict == NotOffered("CAPA")


def test_what_is_said_and_shown() -> None:
    told = play(SASL, b"+OK hi\r\n", b"+ \r\n", b"+OK hunter2 aHVudGVyMg==\r\n")

    assert told.said == [b"AUTH PLAIN\r\n", b"AGpvZQBodW50ZXIy\r\n"]
    assert told.shown == "S: +OK hi\nC: AUTH PLAIN\nS: + \nC: ****\nS: +OK **** ****"


def test_pieces_of_octets_show_no_password() -> None:
    assert "hunter2" not in play(POP3_LOG_IN, b"+OK\r\n", b"+OK\r\n", b"-ERR hun", b"ter2\r\n").shown


def test_why_it_failed_shows_no_password_that_the_server_took_for_a_tag() -> None:
    verdicts = [
        play(IMAP_LITERAL, b"* OK\r\n", b"+ go\r\n", b"+ go\r\n", b"hunter2 BAD what\r\n").verdict,
        play(IMAP_SASL, b"* OK\r\n", b"+ \r\n", b"AGpvZQBodW50ZXIy BAD what\r\n").verdict,
        play(IMAP_SASL, b"* OK\r\n", b"* BAD X\r\n* hunter2\r\n").verdict,
        play(REFUSED, b"+OK\r\n", b"+OK hunter2\r\n").verdict,
    ]

    assert verdicts == [
        Failed(11, "expected a OK, not **** BAD"),
        Failed(9, "expected a OK, not **** BAD"),
        Failed(7, "expected an empty challenge, not * BAD"),
        Failed(7, "expected -ERR, not +OK"),
    ]


def say_back(protocol: str, line: bytes) -> bytes:
    """Answer as a server that asks for more where it must, and takes what it then gets for a command."""
    if protocol == "managesieve":
        return b'""\r\n' if line.upper() == b'AUTHENTICATE "PLAIN"' else b"NO {%d}\r\n%b\r\n" % (len(line), line)
    if line.endswith((b"}", b"PLAIN", b"LOGIN")):
        return b"+ \r\n"
    if protocol == "pop3":
        return (b"+OK " if line.startswith(b"USER") else b"-ERR what is ") + line + b"\r\n"
    return line + b" BAD what is " + line + b"\r\n"


@pytest.mark.parametrize("transcript", [one for one in all_transcripts() if is_played(one)], ids=name)
def test_server_that_says_back_all_it_hears_gives_nothing_away(transcript: Transcript) -> None:
    greetings = {"pop3": b"+OK\r\n", "imap4": b"* OK\r\n", "managesieve": LINES + b"OK\r\n"}
    dialogue = Dialogue(transcript, ACCOUNT, Tls.NONE)
    answer: Answer = None
    run, due = dialogue.run(), [greetings[transcript.protocol]]
    try:
        while True:
            match run.send(answer):
                case Say(data):
                    due += [say_back(transcript.protocol, line) for line in data.splitlines()]
                    answer = None
                case Hear():
                    answer = Heard(b"".join(due))
                    due = []
                case _:
                    answer = TlsStarted()
    except StopIteration as stop:
        shown = f"{stop.value} {dialogue.said}"

    assert "hunter2" not in shown
    assert "aHVudGVyM" not in shown  # the three forms of its base64
    assert "h1bnRlcj" not in shown
    assert "odW50ZXIy" not in shown


def test_starttls_goes_before_a_dialogue_without_its_own() -> None:
    told = play(POP3_LOG_IN, b"+OK\r\n", b"+OK\r\n", TlsStarted(), b"+OK\r\n", b"+OK\r\n", tls=Tls.STARTTLS)

    assert told.verdict == Passed()
    assert told.said == [b"STLS\r\n", b"USER joe\r\n", b"PASS hunter2\r\n"]


def test_managesieve_greets_again_behind_that() -> None:
    tls = LINES + b"OK\r\n"
    told = play(SIEVE_LISTED, tls, b"OK\r\n", TlsStarted(), tls, b'OK (TAG "x")\r\n', tls=Tls.STARTTLS)

    assert told.verdict == Passed()


def test_starttls_that_is_refused() -> None:
    told = play(POP3_LOG_IN, b"+OK\r\n", b"-ERR\r\n", tls=Tls.STARTTLS)

    assert told.verdict == Failed(5, "expected STARTTLS to be allowed")


def test_password_that_cannot_be_said() -> None:
    dialogue = Dialogue(load(IMAP_LOG_IN), Account(b"joe", Secret(b"p\nw")), Tls.NONE)

    with pytest.raises(StopIteration) as stop:
        next(dialogue.run())
    assert isinstance(stop.value.value, NotTested)


def test_who_can_be_played_how() -> None:
    hostile = load(POP3 + "S: +OK hi\nC: CAPA\n!S: OK\n")

    assert why_not_live(hostile)
    assert not why_not_live(load(INJECTED))
    assert begins_in_clear(load(STLS))
    assert begins_in_clear(load(INJECTED))
    assert not begins_in_clear(load(POP3_LOG_IN))
    assert why_not_with(load(STLS), Tls.IMPLICIT)
    assert why_not_with(load(STLS), Tls.NONE)
    assert why_not_with(load(INJECTED), Tls.NONE)
    assert not why_not_with(load(STLS), Tls.STARTTLS)
    assert not why_not_with(load(POP3_LOG_IN), Tls.IMPLICIT)
