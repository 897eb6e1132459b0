"""Every row of the state tables is walked by a transcript."""

from pathlib import Path

import pytest

from perdition.conformance.folder import PROTOCOLS
from perdition.conformance.transcript import parse
from tests.conformance import rows


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_row_is_walked(protocol: str) -> None:
    assert rows.not_walked(protocol) == []


def test_a_transcript_walks_what_it_says_and_nothing_else() -> None:
    head = b"# rfc: 1939 4\n# protocol: pop3\n# requires: rfc1939-4-1\n"
    text = head + b"S: +OK ready\n?C: STAT\nS: -ERR ...\nC: QUIT\nS: +OK\n"
    walked = rows.walked([parse(Path("x.txt"), text)])

    assert walked == {
        ("GREETING", "", "OK"),
        ("AUTHORIZATION", "QUIT", ""),
        ("AUTHORIZATION", "QUIT", "OK"),
    }


def test_rows_are_commands_in_states_and_the_answers_that_lead_elsewhere() -> None:
    found = rows.rows("managesieve")

    assert ("GREETING", "", "BYE") in found
    assert ("AUTHENTICATED", "CHECKSCRIPT", "") in found
    assert ("AUTHENTICATED", "UNAUTHENTICATE", "OK") in found
    assert ("NOT_AUTHENTICATED", "CHECKSCRIPT", "") not in found
