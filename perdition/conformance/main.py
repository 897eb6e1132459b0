"""The command `perdition-conformance`: asks a server, and tells what came of it."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from perdition.conformance import report
from perdition.conformance.acts import Tls
from perdition.conformance.choice import chosen, listed
from perdition.conformance.connection import NoConnection
from perdition.conformance.folder import NoSpecError
from perdition.conformance.handshakes import handshakes
from perdition.conformance.lines import TranscriptError
from perdition.conformance.options import PROGRAM, arguments, server_and_account
from perdition.conformance.probe import Unusable, probe
from perdition.conformance.progress import ProgressLine
from perdition.conformance.requirement import Requirement, RequirementError, all_requirements
from perdition.conformance.run import Runner
from perdition.conformance.script import check
from perdition.conformance.transcript import Transcript, all_transcripts
from perdition.conformance.usage import UsageError
from perdition.conformance.verdicts import is_bad, rows, was_played, why_not_all


def write_junit(file: str, text: str) -> None:
    """Write the results for CI.

    Raises:
        UsageError: they cannot be written, though it looked so before the run.
    """
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--junit {file}: {error.strerror}") from None


def examine(
    options: argparse.Namespace, transcripts: Sequence[Transcript], requirements: Mapping[str, Requirement]
) -> int:
    """Test a server; give the exit status.

    Raises:
        UsageError: the options cannot be.
        NoConnection, Unusable: the server cannot be tested, or not to the end.
    """
    server, account = server_and_account(options)
    protocol, tls = options.protocol, Tls(options.tls)
    progress = ProgressLine(len(transcripts))
    try:
        progress.show("looking at the server")
        probed = probe(protocol, server, account, tls)
        outcomes = Runner(server, account, tls, probed).run(transcripts, progress)
    finally:
        progress.clear()
    found = rows(requirements, protocol, outcomes)
    if options.only is not None:
        touched = {name for transcript in transcripts for name in transcript.requires}
        found = [row for row in found if row.requirement.id in touched]
    for line in (*report.table(found), *report.dialogues(outcomes), "", report.summary(found, outcomes)):
        sys.stdout.write(f"{line}\n")
    if options.junit is not None:
        write_junit(options.junit, report.junit(protocol, outcomes))
    if why := why_not_all(outcomes):
        raise Unusable(why)
    if not was_played(outcomes):
        raise Unusable("no dialogue could be played: the table says why")
    return 1 if is_bad(requirements, protocol, outcomes) else 0


def main() -> None:
    """Run the command."""
    try:
        options = arguments().parse_args()
        requirements, all_of_them = all_requirements(), [*all_transcripts(), *handshakes()]
        for transcript in all_of_them:
            check(transcript)
        if options.list:
            for line in listed(options.protocol, requirements, all_of_them):
                sys.stdout.write(f"{line}\n")
            sys.exit(0)
        transcripts = chosen(options.protocol, options.only, requirements, all_of_them)
        sys.exit(examine(options, transcripts, requirements))
    except (UsageError, NoConnection, Unusable, NoSpecError, RequirementError, TranscriptError) as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
