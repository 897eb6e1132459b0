"""`perdition-map build`, `dump` and `convert`: whole maps, from one form to another."""

from collections.abc import Iterable
from typing import Final

from perdition.map_tool.errors import ToolError
from perdition.map_tool.kinds import KINDS, STANDARD
from perdition.map_tool.popmap import BadLine, Row, judge, read_entries
from perdition.map_tool.progress import Progress

COMPLAINTS: Final = 100
"""How many bad lines are named; of more their number."""


def build(kind: str, path: str, lines: Iterable[bytes], progress: Progress) -> None:
    """Write a map from its text form; it takes the place of the old one all at once, or not at all.

    Raises:
        ToolError: lines are wrong, and nothing was written.
        OSError: the file cannot be written.
    """
    rows: list[Row] = []
    wrong: list[BadLine] = []
    for entry in judge(read_entries(progress.counted(f"{path}: lines read:", lines))):
        if isinstance(entry, BadLine):
            wrong.append(entry)
        elif not wrong:
            rows.append((entry.key, entry.value))
    if wrong:
        progress.end()
        named = [f"line {bad.line}: expected {bad.expected}" for bad in wrong[:COMPLAINTS]]
        more = len(wrong) - len(named)
        raise ToolError("\n".join([*named, *([f"and {more} more"] if more else []), f"{path}: nothing was written"]))
    progress.say(f"{path}: writing {len(rows):,} entries")
    KINDS[kind].write(path, rows)
    progress.end()


def dump(kind: str, path: str) -> None:
    """Write a map's text form to standard output.

    Raises:
        ToolError: it is damaged, or an entry has no text form; then nothing is written.
        OSError: it cannot be read.
    """
    KINDS["text"].write(STANDARD, list(KINDS[kind].read(path)))


def convert(source: str, target: str, progress: Progress) -> None:
    """Write a map of one kind anew as one of another kind; both are named KIND:FILE.

    Raises:
        ToolError: the source is damaged, has a key twice, or has what the target cannot hold.
        OSError: one of them cannot be read or written.
    """
    (kind, path), (new_kind, new_path) = named(source), named(target)
    rows = list(progress.counted(f"{path}: entries read:", KINDS[kind].read(path)))
    keys: set[bytes] = set()
    for key, value in rows:
        if not key or not value or key in keys:
            fault = "has a key twice" if key in keys else "has an entry without key or without value"
            progress.end()
            raise ToolError(f"{path}: {fault}: see `perdition-map check {kind} {path}`; nothing was written")
        keys.add(key)
    progress.say(f"{new_path}: writing {len(rows):,} entries")
    KINDS[new_kind].write(new_path, rows)
    progress.end()


def named(text: str) -> tuple[str, str]:
    """Part KIND:FILE.

    Raises:
        ToolError: it is of no known kind.
    """
    kind, colon, path = text.partition(":")
    if kind not in KINDS or not colon or not path:
        raise ToolError(f'expected KIND:FILE with one of {", ".join(KINDS)}, not "{text}"')
    return kind, path
