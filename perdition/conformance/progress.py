"""One line on standard error that tells where we are, if somebody sees it."""

import sys

from perdition.conformance.transcript import Transcript


class ProgressLine:
    """The line.

    Args:
        total: how many dialogues there are.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._visible = sys.stderr.isatty()

    def __call__(self, number: int, transcript: Transcript) -> None:
        self.show(f"{number + 1} of {self._total}: {transcript.name}")

    def clear(self) -> None:
        """Leave no trace."""
        self.show("")

    def show(self, text: str) -> None:
        """Say something else."""
        if self._visible:
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()
