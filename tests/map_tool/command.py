"""Calls the commands, with streams of our own."""

import contextlib
import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import attrs
import pytest

from perdition.map_tool.main import main
from perdition.map_tool.make import makebdb, makegdbm

ROOT: Final = Path(__file__).resolve().parent.parent.parent
ENTRIES: Final[Mapping[str, Callable[[], None]]] = {"perdition-map": main, "makegdbm": makegdbm, "makebdb": makebdb}


@attrs.frozen
class Done:
    """How it ended, and what it wrote."""

    status: int
    out: bytes
    err: str


def command(name: str, *words: str | Path, given: bytes = b"", folder: Path | None = None) -> Done:
    """Call a command as pip's script does."""
    out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        patch.setattr(sys, "argv", [name, *map(str, words)])
        if folder is not None:
            patch.chdir(folder)
        with pytest.raises(SystemExit) as caught:
            ENTRIES[name]()
    assert isinstance(caught.value.code, int)
    return Done(caught.value.code, _written(out), _written(err).decode())


def _written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


def perdition_map(*words: str | Path, given: bytes = b"", folder: Path | None = None) -> Done:
    """Run perdition-map."""
    return command("perdition-map", *words, given=given, folder=folder)
