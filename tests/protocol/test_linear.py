"""Time is linear in the input: four times as many octets are four times the work, however they are cut.

Work is counted, not timed: calls, of Python and of C, and the octets that the buffer looks at and moves.  The cases
are those of the benchmark (./dev bench linear), which shows the same on a clock up to 1 MB.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

import pytest

from benchmarks.linear import CASES, Case, cut, feed
from perdition.protocol import machine as machines
from perdition.protocol.buffer import ReceiveBuffer

SMALL: Final = 8_192
TIMES: Final = 4
SLACK: Final = 1.1
"""Four times the octets may be so much more than four times the work: a size has more digits."""


class CountingBuffer(ReceiveBuffer):
    """A buffer that counts the octets that it looks at or moves."""

    __slots__ = ()
    touched = 0

    @classmethod
    def touch(cls, count: int) -> None:
        """Add some octets."""
        CountingBuffer.touched += count

    def feed(self, data: bytes) -> None:
        self.touch(len(data))
        super().feed(data)

    def startswith(self, prefix: bytes, at: int = 0) -> bool:
        self.touch(len(prefix))
        return super().startswith(prefix, at)

    def find(self, octet: bytes, within: int) -> int:
        self.touch(min(within, len(self)))
        return super().find(octet, within)

    def take_line(self, limit: int) -> bytes | None:
        unseen = len(self) - self._searched
        line = super().take_line(limit)
        # Found: what stands before the end was looked at, and no octet behind it.
        self.touch(unseen if line is None else len(line) + 2)
        return line

    def take(self, count: int) -> bytes:
        self.touch(min(count, len(self)))
        return super().take(count)


class ForgetfulBuffer(CountingBuffer):
    """A buffer that searches everything again each time: what this file is to find."""

    __slots__ = ()

    def take_line(self, limit: int) -> bytes | None:
        self._searched = 0
        return super().take_line(limit)


def calls_of(run: Callable[[], Any]) -> int:
    """Count the calls that something makes, of functions in Python and in C."""
    count = 0

    def profile(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count


def work(case: Case, size: int) -> int:
    """Count what octets of a size cost: calls, and octets looked at."""
    pieces = cut(case.data(size), case.piece)
    machine, answer = case.make()
    CountingBuffer.touched = 0
    calls = calls_of(lambda: feed(machine, answer, pieces))
    return calls + CountingBuffer.touched


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every machine count."""
    monkeypatch.setattr(machines, "ReceiveBuffer", CountingBuffer)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_four_times_the_octets_are_four_times_the_work(case: Case) -> None:
    small, large = work(case, SMALL), work(case, SMALL * TIMES)

    assert small >= SMALL
    assert large <= small * TIMES * SLACK


def test_work_that_is_not_linear_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "ReceiveBuffer", ForgetfulBuffer)
    case = next(case for case in CASES if case.name == "POP3 server, line, by 16")

    assert work(case, SMALL * TIMES) > work(case, SMALL) * TIMES * 2


def test_ten_thousand_pipelined_commands_cost_what_a_hundred_do_each() -> None:
    for case in CASES:
        if "commands" in case.name:
            unit = len(case.data(1))

            assert work(case, unit * 10_000) <= work(case, unit * 100) * 100 * SLACK
