"""makegdbm and makebdb: the commands of perdition 2.2, with their options, messages and exit statuses.

What is wrong with a line is said and the line left out; of a key that is there twice the first value counts
(`perdition-map build` is stricter).  Different from perdition 2.2: the file is replaced all at once, a last line
without newline is taken as it is, and --undo writes no NUL octets.
"""

import sys
from collections.abc import Sequence
from typing import Final, TextIO

import attrs

from perdition.map_tool.errors import ToolError, naming
from perdition.map_tool.kinds import KINDS, STANDARD, lines_of
from perdition.map_tool.popmap import BadLine, Row, read_entries, write_line
from perdition.map_tool.progress import Progress
from perdition.map_tool.signals import clean_ends

FAILED: Final = 255
HELP: Final = ("-h", "--help")
UNDO: Final = ("-u", "--undo")


@attrs.frozen
class Tool:
    """One of the two.

    Args:
        name: of the command.
        kind: of the file.
        argument: how its help calls the file.
        duplicate: what it says of a key that was there already.
        takes_empty: whether keys and values may be empty.
        nothing: what --undo says of a file without entries.
    """

    name: str
    kind: str
    argument: str
    duplicate: str
    takes_empty: bool
    nothing: str

    @property
    def usage(self) -> str:
        """The text of --help."""
        return (
            f"Usage: {self.name} [options] {self.argument}\n"
            "   options: -h, --help: print this message\n"
            "            -u, --undo: print content of database file, one entry a line\n"
        )


MAKEGDBM: Final = Tool(
    name="makegdbm",
    kind="gdbm",
    argument="gdbmname",
    duplicate="dupicate key: {key}",  # so perdition 2.2 spells it
    takes_empty=False,
    nothing="makegdbm_undo: no first key",
)
MAKEBDB: Final = Tool(
    name="makebdb",
    kind="bdb",
    argument="bdbname",
    duplicate="BDB0067 DB_KEYEXIST: Key/data pair already exists (key: {key})",
    takes_empty=True,
    nothing="",
)


def makegdbm() -> None:
    """Run makegdbm."""
    sys.exit(run(MAKEGDBM, sys.argv[1:]))


def makebdb() -> None:
    """Run makebdb."""
    sys.exit(run(MAKEBDB, sys.argv[1:]))


def run(tool: Tool, words: Sequence[str]) -> int:
    """Do what the words say; give the exit status."""
    files = [word for word in words if not word.startswith("-") or word == "-"]
    options = [word for word in words if word not in files]
    if any(option in HELP for option in options):
        sys.stdout.write(tool.usage)
        return 0
    unknown = [option for option in options if option not in UNDO]
    if unknown:
        sys.stderr.write(f"options: {unknown[0]}: unknown option\n")
    if unknown or len(files) != 1:
        sys.stderr.write(tool.usage)
        return FAILED
    try:
        if options:
            _undo(tool, files[0])
        else:
            with clean_ends():
                _make(tool, files[0], sys.stderr)
    except ToolError as error:
        return _fail(tool, str(error))
    except OSError as error:
        return _fail(tool, f"{error.filename or files[0]}: {error.strerror}")
    except KeyboardInterrupt:
        return 130
    return 0


def _fail(tool: Tool, text: str) -> int:
    sys.stderr.write(f"{tool.name}: {text}\n")
    return FAILED


def _make(tool: Tool, path: str, complaints: TextIO) -> None:
    progress = Progress(complaints)
    rows: dict[bytes, bytes] = {}
    for entry in read_entries(progress.counted(f"{path}: lines read:", lines_of(STANDARD))):
        if isinstance(entry, BadLine) or not (tool.takes_empty or (entry.key and entry.value)):
            progress.end()
            complaints.write(f"{tool.name}: invalid input on line: {entry.line} \n")
        elif entry.key in rows:
            progress.end()
            said = tool.duplicate.format(key=entry.key.decode("utf-8", "backslashreplace"))
            complaints.write(f"{tool.name}: {said}\n")
        else:
            rows[entry.key] = entry.value
    progress.say(f"{path}: writing {len(rows):,} entries")
    KINDS[tool.kind].write(path, list(rows.items()))
    progress.end()


def _undo(tool: Tool, path: str) -> None:
    rows: list[Row] = list(KINDS[tool.kind].read(path))
    if not rows and tool.nothing:
        sys.stderr.write(f"{tool.name}: {tool.nothing}\n")
    for row in rows:
        try:
            with naming("standard output"):
                sys.stdout.buffer.write(write_line(row))
        except ValueError as error:
            sys.stderr.write(f"{tool.name}: {error}\n")
    with naming("standard output"):
        sys.stdout.buffer.flush()
