"""The sqlite map: users and servers in a SQLite file.  New; perdition 2.2 has no such map.

perdition option map_library_opt says where to look:

    /etc/perdition/popmap.sqlite
    /etc/perdition/popmap.sqlite?table=popmap&key=user&value=server
    /etc/perdition/popmap.sqlite?query=SELECT server FROM users WHERE name = ? AND active

The default table is the one that `create` makes, `popmap(user TEXT PRIMARY KEY, server TEXT NOT NULL)`.  A
query has one `?` or `:key` for the key, bound and never spliced.  The first column of the first row is the
answer, `[user<delimiter>]server[:port]`.  An empty text counts as absent, as in every map; NULL, a number or
a BLOB is a broken entry.  A key that is not UTF-8 is absent: SQLite's texts are UTF-8, so none can equal it.

The file is opened read-only.  One that is replaced by a rename is picked up at the next lookup, no restart
or SIGHUP needed.
"""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable
from typing import Final, TypeAlias
from urllib.parse import quote

from perdition.maps._sqlite_option import Source, read_option
from perdition.maps.contract import MapError, Runs
from perdition.maps.outcome import Absent, Broken, Found, Outcome, Query, Unavailable

SCHEMA: Final = "CREATE TABLE popmap (user TEXT PRIMARY KEY, server TEXT NOT NULL) WITHOUT ROWID"
INSERT: Final = "INSERT INTO popmap (user, server) VALUES (?, ?)"

# How long a lookup waits for a writer.  It waits on the loop, so every session waits with it.
SECONDS_FOR_LOCKS: Final = 0.05
READABLE_BY_ALL: Final = 0o644  # the map holds no secrets, and lookups run without privileges

# sqlite3.Warning, no sqlite3.Error before Python 3.12: two statements in one string.
TROUBLE: Final = (sqlite3.Error, sqlite3.Warning)

# Which file, in which state, opened by which process: a connection must not be used behind a fork.
Identity: TypeAlias = tuple[int, int, int, int, int]


class Text(bytes):
    """A TEXT value, octets as stored; a BLOB arrives as plain bytes."""


class Sqlite:
    """The map: one read-only connection, renewed when the file is another one."""

    runs: Final = Runs.INLINE

    def __init__(self, source: Source) -> None:
        self._source = source
        try:
            self._identity = identity(source.path)
            self._connection = connect(source)
        except (OSError, *TROUBLE) as error:
            raise MapError(f"{source.path}: {reason(error)}") from None

    def lookup(self, query: Query) -> Outcome:
        """Ask the database, opening it again if it has changed."""
        try:
            key = query.key.decode()
        except UnicodeDecodeError:
            return Absent()
        try:
            if identity(self._source.path) != self._identity:
                self._renew()
            row = self._connection.execute(self._source.sql, binding(self._source, key)).fetchone()
        except (OSError, *TROUBLE) as error:
            return Unavailable(f"{self._source.path}: {reason(error)}")
        match row:
            case None:
                return Absent()
            case (Text() as value, *_):
                return Found(bytes(value)) if value else Absent()
            case _:
                return Broken(f"{self._source.path}: expected a text in the first column")

    def reload(self) -> None:
        """Open the file anew; on MapError the old connection stays."""
        try:
            self._renew()
        except (OSError, *TROUBLE) as error:
            raise MapError(f"{self._source.path}: {reason(error)}") from None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _renew(self) -> None:
        # The identity is taken first: a change in between makes the next lookup open once more.
        now = identity(self._source.path)
        connection = connect(self._source)
        self._connection.close()
        self._connection, self._identity = connection, now


def open_map(option: str) -> Sqlite:
    """Open the map; `option` is perdition option map_library_opt."""
    return Sqlite(read_option(option))


def identity(path: str) -> Identity:
    """Say which file a path names now; writing to it changes the answer as well."""
    status = os.stat(path)
    return (os.getpid(), status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


def connect(source: Source) -> sqlite3.Connection:
    """Open the file and see that the lookup's SQL fits what is in it."""
    connection = sqlite3.connect(
        f"file:{quote(source.path)}?mode=ro",
        uri=True,
        timeout=SECONDS_FOR_LOCKS,
        isolation_level=None,
        check_same_thread=False,  # opened before the loop runs, used on it
    )
    try:
        connection.text_factory = Text
        cursor = connection.execute(source.sql, binding(source, ""))
        if cursor.description is None:
            raise sqlite3.ProgrammingError("expected a SELECT")
        cursor.close()
    except BaseException:
        connection.close()
        raise
    return connection


def binding(source: Source, key: str) -> dict[str, str] | tuple[str]:
    """Bind the key the way the SQL names it."""
    return {"key": key} if source.named else (key,)


def reason(error: Exception) -> str:
    """Say in one line what went wrong."""
    return (error.strerror or "") if isinstance(error, OSError) else " ".join(str(error).split())


def create(path: str, rows: Iterable[tuple[str, str]]) -> None:
    """Write a database of the default table, all at once: a reader sees the old file or the new one.

    Args:
        path: the file to make or replace.
        rows: pairs of user and `[user<delimiter>]server[:port]`.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path) or ".")
    os.close(handle)
    try:
        with contextlib.closing(sqlite3.connect(temporary)) as connection, connection:
            connection.execute(SCHEMA)
            connection.executemany(INSERT, rows)
        os.chmod(temporary, READABLE_BY_ALL)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
