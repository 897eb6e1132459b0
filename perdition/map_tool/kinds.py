"""The kinds of maps that are files, and how each is read and written as a whole."""

import contextlib
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

from perdition.map_tool.errors import ToolError, naming
from perdition.map_tool.popmap import BadLine, Row, read_entries, write_line
from perdition.maps import MapError, bdb, cdb, gdbm, sqlite
from perdition.maps._bdb_write import write_bdb
from perdition.maps._cdb_file import write_cdb
from perdition.maps._file_map import Format, open_file
from perdition.maps._gdbm_file import write_gdbm
from perdition.maps._octets import FormatError
from perdition.maps._replace import replaced

STANDARD: Final = "-"
"""As the name of a text file: standard input or output."""


@attrs.frozen
class Kind:
    """How a file is read and written; ToolError or OSError if it cannot be."""

    read: Callable[[str], Iterator[Row]]
    write: Callable[[str, Sequence[Row]], None]


def _reader(form: Format) -> Callable[[str], Iterator[Row]]:
    def read(path: str) -> Iterator[Row]:
        try:
            state = open_file(path, form)
            with contextlib.closing(state.octets):
                yield from state.table.rows()
        except BlockingIOError:
            raise ToolError(f"{path}: locked by somebody who is writing it") from None
        except FormatError as error:
            raise ToolError(f"{path}: {error}") from None

    return read


def _writer(write: Callable[[str, Sequence[Row]], None]) -> Callable[[str, Sequence[Row]], None]:
    def write_all(path: str, rows: Sequence[Row]) -> None:
        try:
            with replaced(path) as temporary:
                write(temporary, rows)
        except FormatError as error:
            raise ToolError(f"{path}: {error}") from None

    return write_all


def _read_sqlite(path: str) -> Iterator[Row]:
    try:
        yield from sqlite.rows(path)
    except MapError as error:
        raise ToolError(str(error)) from None


def _write_sqlite(path: str, rows: Sequence[Row]) -> None:
    def texts() -> Iterator[tuple[str, str]]:
        for key, value in rows:
            try:
                yield key.decode(), value.decode()
            except UnicodeDecodeError:
                raise ToolError(f"{path}: expected UTF-8, found {write_line((key, value))!r}") from None

    try:
        sqlite.create(path, texts())
    except sqlite3.Error as error:
        raise ToolError(f"{path}: {error}") from None


def lines_of(path: str) -> Iterator[bytes]:
    """Read the lines of a text file."""
    if path == STANDARD:
        with naming("standard input"):
            yield from sys.stdin.buffer
        return
    with open(path, "rb") as file:
        yield from file


def _read_text(path: str) -> Iterator[Row]:
    for entry in read_entries(lines_of(path)):
        if isinstance(entry, BadLine):
            raise ToolError(f"{path}:{entry.line}: expected {entry.expected}")
        yield entry.key, entry.value


def _write_text(path: str, rows: Sequence[Row]) -> None:
    try:
        lines = [write_line(row) for row in rows]
    except ValueError as error:
        raise ToolError(f"{path}: {error}") from None
    if path == STANDARD:
        with naming("standard output"):
            sys.stdout.buffer.writelines(lines)
            sys.stdout.buffer.flush()
        return
    with replaced(path) as temporary, open(temporary, "wb") as file:
        file.writelines(lines)


KINDS: Final = {
    "gdbm": Kind(_reader(gdbm.FORMAT), _writer(write_gdbm)),
    "bdb": Kind(_reader(bdb.FORMAT), _writer(write_bdb)),
    "cdb": Kind(_reader(cdb.FORMAT), _writer(write_cdb)),
    "sqlite": Kind(_read_sqlite, _write_sqlite),
    "text": Kind(_read_text, _write_text),
}
DATABASES: Final = tuple(kind for kind in KINDS if kind != "text")
