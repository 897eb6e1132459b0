"""What people and CI read: the table, the dialogues of failures, the summary, and JUnit's XML."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from perdition.conformance.acts import Failed, NotOffered, NotPlayed, NotTested, Passed, Verdict
from perdition.conformance.run import Outcome
from perdition.conformance.verdicts import Row, failures, unmet


def word(verdict: Verdict) -> str:
    """Give the word of the table."""
    match verdict:
        case Passed():
            return "pass"
        case Failed():
            return "FAIL"
        case NotOffered(what):
            return f"not offered: {what}"
        case NotTested(why):
            return f"not tested: {why}"
        case NotPlayed(why):
            return f"not played: {why}"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Give the table: requirement, level, verdict."""
    width = max((len(row.requirement.id) for row in rows), default=0)
    for row in rows:
        yield f"{row.requirement.id:{width}}  {row.requirement.level.value:10}  {word(row.verdict)}"


def dialogues(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Give the dialogue of each failure."""
    for outcome in failures(outcomes):
        assert isinstance(outcome.verdict, Failed)  # noqa: S101  # for the type checker
        transcript = outcome.transcript
        yield ""
        line = f".txt, line {outcome.verdict.number}" if transcript.steps else ""
        yield f"FAIL {transcript.protocol}/{transcript.name}{line}"
        yield f"    {printable(outcome.verdict.why)}"
        yield f"    not met: {', '.join(unmet(outcome)) or 'RFC ' + transcript.rfc}"
        yield from (f"    {speaker}: {printable(line)}" for speaker, line in outcome.said)


def summary(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> str:
    """Give the last line."""
    counts = dict.fromkeys(("pass", "FAIL", "not offered", "not tested", "not played"), 0)
    for row in rows:
        counts[word(row.verdict).partition(":")[0]] += 1
    played = [outcome for outcome in outcomes if isinstance(outcome.verdict, Passed | Failed)]
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count or name != "not played")
    failed = f", {len(failures(outcomes))} of them failed" if failures(outcomes) else ""
    return f"{len(rows)} requirements: {said}; {len(played)} dialogues played{failed}"


def printable(text: str) -> str:
    """Write what no line of text can hold as escapes."""
    return "".join(sign if sign.isprintable() and sign.isascii() else f"\\x{ord(sign):02x}" for sign in text)


def junit(protocol: str, outcomes: Sequence[Outcome]) -> str:
    """Give JUnit's XML: one test case a transcript."""
    failed = len(failures(outcomes))
    errors = sum(isinstance(outcome.verdict, NotPlayed) for outcome in outcomes)
    skipped = sum(isinstance(outcome.verdict, NotOffered | NotTested) for outcome in outcomes)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="perdition-conformance {protocol}" tests="{len(outcomes)}" failures="{failed}"'
        f' errors="{errors}" skipped="{skipped}">',
    ]
    for outcome in outcomes:
        name = quoteattr(outcome.transcript.name)
        lines.append(f'<testcase classname="{protocol}" name={name} time="{outcome.seconds:.3f}">')
        requires = quoteattr(", ".join(outcome.transcript.requires))
        properties = f'<property name="requires" value={requires}/>'
        if fails := unmet(outcome):
            properties += f'<property name="fails" value={quoteattr(", ".join(fails))}/>'
        lines.append(f"<properties>{properties}</properties>")
        match outcome.verdict:
            case Failed(number, why, _):
                said = "\n".join(f"{speaker}: {printable(line)}" for speaker, line in outcome.said)
                message = quoteattr(f"line {number}: {printable(why)}")
                lines.append(f"<failure message={message}>{escape(said)}</failure>")
            case NotPlayed(why):
                lines.append(f"<error message={quoteattr(printable(why))}/>")
            case NotOffered() | NotTested():
                lines.append(f"<skipped message={quoteattr(printable(word(outcome.verdict)))}/>")
        lines.append("</testcase>")
    return "\n".join([*lines, "</testsuite>", ""])
