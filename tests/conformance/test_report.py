"""The table, the summary, JUnit's XML and the exit status, from outcomes that are made up."""

import io
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from perdition.conformance import report
from perdition.conformance.acts import Failed, NotOffered, NotPlayed, NotTested, Passed, Verdict
from perdition.conformance.lines import Speaker, Step
from perdition.conformance.needs import from_lines, from_pairs, from_words, missing
from perdition.conformance.progress import ProgressLine
from perdition.conformance.requirement import Level, Requirement, Side
from perdition.conformance.run import Outcome
from perdition.conformance.transcript import Transcript
from perdition.conformance.verdicts import NO_DIALOGUE, is_bad, rows

MUST, SHOULD = "rfc1-1-1", "rfc1-1-2"
CLIENTS, SILENT = "rfc1-1-3", "rfc1-1-4"


def requirement(name: str, level: Level, side: Side) -> Requirement:
    return Requirement(name, side, level, ("pop3",), "x")


REQUIREMENTS = {
    MUST: requirement(MUST, Level.MUST, Side.SERVER),
    SHOULD: requirement(SHOULD, Level.SHOULD, Side.BOTH),
    CLIENTS: requirement(CLIENTS, Level.MUST, Side.CLIENT),
    SILENT: requirement(SILENT, Level.MUST_NOT, Side.SERVER),
}
GREETING = Step(7, Speaker.SERVER, b"+OK\r\n")
FAILED = Failed(7, "expected -ERR, not +OK")


def outcome(verdict: Verdict, *requires: str, needs: tuple[str, ...] = ()) -> Outcome:
    transcript = Transcript(Path("a-<name>.txt"), "pop3", "1939 4", (GREETING,), requires, needs=needs)
    return Outcome(transcript, verdict, [("S", "+OK \x07 ]]>"), ("C", "PASS ****")])


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        ([Passed(), FAILED], "FAIL"),
        ([NotOffered("STLS"), Passed()], "pass"),
        ([NotTested("why"), NotOffered("STLS")], "not offered: STLS"),
        ([NotTested("why")], "not tested: why"),
        ([NotOffered("STLS"), NotPlayed("why")], "not played: why"),
        ([], f"not tested: {NO_DIALOGUE}"),
    ],
)
def test_what_counts_for_a_requirement(verdicts: list[Verdict], word: str) -> None:
    found = rows(REQUIREMENTS, "pop3", [outcome(verdict, MUST) for verdict in verdicts])

    assert [row.requirement.id for row in found] == [MUST, SHOULD, SILENT]
    assert next(iter(report.table(found))) == f"rfc1-1-1  MUST        {word}"


@pytest.mark.parametrize(
    ("outcomes", "bad"),
    [
        ([outcome(Passed(), MUST), outcome(NotOffered("X"), MUST)], False),
        ([outcome(FAILED, MUST, SHOULD)], True),
        ([outcome(FAILED, SHOULD)], False),
        ([outcome(FAILED, SHOULD, CLIENTS)], False),
        ([outcome(FAILED, CLIENTS)], True),
        ([outcome(FAILED, "rfc9-9-9")], True),
    ],
)
def test_only_a_must_is_bad(outcomes: list[Outcome], bad: bool) -> None:
    assert is_bad(REQUIREMENTS, "pop3", outcomes) is bad


def test_dialogues_and_summary() -> None:
    outcomes = [outcome(FAILED, MUST), outcome(Passed(), SHOULD), outcome(NotTested("x"))]

    assert list(report.dialogues(outcomes)) == [
        "",
        "FAIL pop3/a-<name>.txt, line 7",
        "    expected -ERR, not +OK",
        "    not met: rfc1-1-1",
        "    S: +OK \\x07 ]]>",
        "    C: PASS ****",
    ]
    assert report.summary(rows(REQUIREMENTS, "pop3", outcomes), outcomes) == (
        "3 requirements: 1 pass, 1 FAIL, 0 not offered, 1 not tested; 2 dialogues played, 1 of them failed"
    )


def test_junit() -> None:
    outcomes = [outcome(FAILED, MUST), outcome(Passed()), outcome(NotOffered('"\x00')), outcome(NotPlayed("gone"))]
    suite = ET.fromstring(report.junit("pop3", outcomes))  # noqa: S314  # we have written it

    assert dict(suite.attrib) == {
        "name": "perdition-conformance pop3",
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    failure, skipped = suite.find("testcase/failure"), suite.find("testcase/skipped")
    assert failure is not None
    assert failure.attrib["message"] == "line 7: expected -ERR, not +OK"
    assert failure.text == "S: +OK \\x07 ]]>\nC: PASS ****"
    error = suite.find("testcase/error")
    assert error is not None
    assert error.attrib["message"] == "gone"
    assert skipped is not None
    assert skipped.attrib["message"] == 'not offered: "\\x00'


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "shown"), [(io.StringIO(), ""), (Terminal(), "\r2 of 9: a-<name>\x1b[K\r\x1b[K")], ids=["file", "tty"]
)
def test_progress_line(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, shown: str) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    progress = ProgressLine(9)
    progress(1, outcome(Passed()).transcript)
    progress.clear()

    assert stream.getvalue() == shown


@pytest.mark.parametrize(
    ("needs", "what"),
    [
        ((), ""),
        (("STLS", "SASL PLAIN", "AUTH=PLAIN", "starttls"), ""),
        (("SASL LOGIN",), "SASL LOGIN"),
        (("STLS", "PIPELINING"), "PIPELINING"),
        (("LOGINDISABLED",), ""),
    ],
)
def test_needs(needs: tuple[str, ...], what: str) -> None:
    in_clear = from_words([b"STARTTLS", b"LOGINDISABLED"])

    assert missing(outcome(Passed(), needs=needs).transcript, in_clear, from_lines([b"SASL PLAIN"])) == what


def test_the_three_ways_of_announcing() -> None:
    assert from_words([b"AUTH=PLAIN", b"literal+"]).words == {"SASL PLAIN", "LITERAL+"}
    assert from_lines([b"STLS", b"SASL PLAIN LOGIN", b""]).words == {"STARTTLS", "SASL", "SASL PLAIN", "SASL LOGIN", ""}
    assert from_pairs({b"STARTTLS": None, b"SASL": b"PLAIN"}).words == {"STARTTLS", "SASL", "SASL PLAIN"}
