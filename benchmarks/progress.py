"""One line that says what is measured now, and how long it will go on."""

import sys
import time
from collections.abc import Sequence
from typing import TextIO

from benchmarks.cases import Case
from benchmarks.launch import Target
from benchmarks.measure import Sample


class Progress:
    """Writes to a terminal one line again and again, elsewhere a line a measurement."""

    def __init__(self, cases: Sequence[Case], targets: Sequence[Target], stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._weights = {case.name: weight(case) for case in cases}
        self._total = sum(weight(case) * case.repeats for case in cases for target in targets if target.can(case))
        self._count = sum(case.repeats for case in cases for target in targets if target.can(case))
        self._began = time.monotonic()
        self._past = 0.0
        self._number = 0

    def say(self, text: str) -> None:
        """Say something else."""
        self._write(text)

    def now(self, case: Case, target: Target, repeat: int) -> None:
        """Say what comes."""
        self._number += 1
        text = f"[{self._number}/{self._count}] {case.name} {target.name} {repeat + 1}/{case.repeats}"
        if self._is_terminal:
            self._write(text + self._left())

    def done(self, sample: Sample) -> None:
        """Say what came of it."""
        self._past += self._weights[sample.case]
        if self._is_terminal and not sample.failed:
            return
        what = f"FAILED: {sample.failed}" if sample.failed else self._left().strip(", ")
        if self._is_terminal:
            self.end()
        self._write(f"[{self._number}/{self._count}] {sample.case} {sample.target}: {what}")
        if self._is_terminal:
            self._stream.write("\n")

    def end(self) -> None:
        """Leave the terminal clean."""
        if self._is_terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _left(self) -> str:
        if not self._past:
            return ""
        seconds = (self._total - self._past) * (time.monotonic() - self._began) / self._past
        return f", about {seconds / 60:.1f} min left"

    def _write(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}" if self._is_terminal else f"bench: {text}\n")
        self._stream.flush()


def weight(case: Case) -> float:
    """Guess how many seconds one measurement takes."""
    if case.is_idle:
        return 6.0 + case.held / 400
    return 0.5 + case.warm + case.seconds + case.held / 1000
