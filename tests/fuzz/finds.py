"""Keeps what a campaign finds, once for each place that raises."""

import hashlib
import sys
import traceback
from pathlib import Path
from types import TracebackType


def place(error: BaseException) -> str:
    """Say where an exception was raised: the last line of ours."""
    ours = "?"
    step: TracebackType | None = error.__traceback__
    while step is not None:
        path = Path(step.tb_frame.f_code.co_filename)
        if "perdition" in path.parts or "tests" in path.parts:
            ours = f"{path.stem}-{step.tb_lineno}"
        step = step.tb_next
    return f"{type(error).__name__}-{ours}"


class Finds:
    """Keeps what was found.

    Args:
        folder: for files `PLACE-HASH`, and `.txt` with the traceback beside each.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: set[str] = set()

    def add(self, data: bytes, error: Exception) -> None:
        """Keep the octets that raised, if nothing else has raised there."""
        where = place(error)
        if where in self._places:
            return
        self._places.add(where)
        path = self._folder / f"{where}-{hashlib.sha256(data).hexdigest()[:8]}"
        path.write_bytes(data)
        path.with_suffix(path.suffix + ".txt").write_text("".join(traceback.format_exception(error)))
        sys.stderr.write(f"FOUND {path}\n{traceback.format_exception_only(error)[-1]}")
