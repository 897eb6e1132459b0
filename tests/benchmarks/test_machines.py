"""A log-in without a socket."""

import pytest

from benchmarks.machines import ANSWERS, fastest, log_in, main, policy
from perdition.session import Proto
from perdition.session.effects import Received


@pytest.mark.parametrize("proto", Proto)
def test_the_log_in_that_is_measured_works(proto: Proto) -> None:
    log_in(policy(proto), ANSWERS[proto])  # or it raises


def test_a_log_in_that_does_not_work_is_no_measurement() -> None:
    refused = [*ANSWERS[Proto.IMAP4][:-1], Received(b"p1 NO go away\r\n")]

    with pytest.raises(RuntimeError, match="IMAP4: expected the hand-over"):
        log_in(policy(Proto.IMAP4), refused)


def test_the_fastest_repetition_counts() -> None:
    calls: list[int] = []

    seconds = fastest(lambda: calls.append(1), count=10, repeats=3)

    assert len(calls) == 30
    assert 0 < seconds < 1


def test_a_line_a_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--repeats", "1"])
    lines = capsys.readouterr().out.splitlines()

    assert status == 0
    assert [line.split()[0] for line in lines[1:]] == [proto.name for proto in ANSWERS]
