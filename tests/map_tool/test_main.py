"""The command line of perdition-map, and its progress on a terminal."""

import io
from pathlib import Path

import pytest

from perdition.map_tool import progress
from perdition.map_tool.build import build
from perdition.map_tool.errors import ToolError
from perdition.map_tool.progress import Progress
from tests.map_tool.command import perdition_map


@pytest.mark.parametrize("words", [["--help"], ["build", "--help"], ["lookup", "--help"]])
def test_help(words: list[str]) -> None:
    done = perdition_map(*words)

    assert done.status == 0
    assert done.out.startswith(b"usage: perdition-map")


@pytest.mark.parametrize("words", [[], ["bild"], ["build", "ldap", "x"], ["dump", "cdb"], ["dump", "--fo", "cdb", "x"]])
def test_wrong_usage(words: list[str]) -> None:
    done = perdition_map(*words)

    assert done.status == 2
    assert done.err.startswith("usage: perdition-map")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_for_terminals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    lines = [b"user%d:h\n" % number for number in range(20_000)]
    terminal, file = Terminal(), io.StringIO()
    build("cdb", f"{tmp_path}/m", lines, Progress(terminal))
    build("cdb", f"{tmp_path}/m", lines, Progress(file))

    assert file.getvalue() == ""
    assert "m: lines read: 20,000" in terminal.getvalue()
    assert "m: writing 20,000 entries" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_progress_leaves_the_line_before_a_complaint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    terminal = Terminal()
    with pytest.raises(ToolError):
        build("cdb", f"{tmp_path}/m", [b"bad\n"] * 20_000, Progress(terminal))

    assert terminal.getvalue().endswith("\r\x1b[K")
