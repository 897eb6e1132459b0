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

A query may take as long as it likes: it is asked in a thread, over a connection of its own, for 30 s at most.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias
from urllib.parse import quote

from perdition.maps._replace import replaced
from perdition.maps._sqlite_option import Source, read_option
from perdition.maps.contract import MapError, Runs
from perdition.maps.outcome import Absent, Broken, Found, Outcome, Query, Unavailable

SCHEMA: Final = "CREATE TABLE popmap (user TEXT PRIMARY KEY, server TEXT NOT NULL) WITHOUT ROWID"
ROWS: Final = "SELECT user, server FROM popmap ORDER BY user"
INSERT: Final = "INSERT INTO popmap (user, server) VALUES (?, ?)"

# How long a lookup waits for a writer.  It waits on the loop, so every session waits with it.
SECONDS_FOR_LOCKS: Final = 0.05

SECONDS_FOR_AN_ANSWER: Final = 30
"""How long a query may run: map_timeout ends the waiting for a thread, not the thread."""
STEPS: Final = 100_000
"""After so many steps of its machine SQLite asks whether to go on."""

# sqlite3.Warning, no sqlite3.Error before Python 3.12: two statements in one string.  UnicodeDecodeError: an error
# that quotes a damaged schema.
TROUBLE: Final = (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError)

# Which file, in which state, opened by which process: a connection must not be used behind a fork.
Identity: TypeAlias = tuple[int, int, int, int, int]


class Text(bytes):
    """A TEXT value, octets as stored; a BLOB arrives as plain bytes."""


class Sqlite:
    """The map: one read-only connection, renewed when the file is another one."""

    runs: Final = Runs.INLINE
    by_address: Final = False

    def __init__(self, source: Source) -> None:
        self._source = source
        try:
            self._identity, self._connection = self._opened()
        except (OSError, *TROUBLE) as error:
            raise MapError(f"{source.path}: {reason(error)}") from None

    def lookup(self, query: Query) -> Outcome:
        """Ask the database, opening it again if it has changed."""
        try:
            if identity(self._source.path) != self._identity:
                self._renew()
            return ask(self._connection, self._source, query)
        except (OSError, *TROUBLE) as error:
            return Unavailable(f"{self._source.path}: {reason(error)}")

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
        now, connection = self._opened()
        self._connection.close()
        self._identity, self._connection = now, connection

    def _opened(self) -> tuple[Identity, sqlite3.Connection]:
        # The identity is taken first: a change in between makes the next lookup open once more.
        now = identity(self._source.path)
        connection = connect(self._source.path)
        try:
            see_that_it_fits(connection, self._source)
        except BaseException:
            connection.close()
            raise
        return now, connection


class SqliteQuery:
    """The map with a query of the administrator: nobody knows what it takes."""

    runs: Final = Runs.THREAD
    by_address: Final = False

    def __init__(self, source: Source, patience: float = SECONDS_FOR_AN_ANSWER) -> None:
        self._source = source
        self._patience = patience
        self.reload()

    def lookup(self, query: Query) -> Outcome:
        """Open the file and ask; to open it costs less than to share a connection among threads."""
        try:
            with contextlib.closing(connect(self._source.path)) as connection, bounded(connection, self._patience):
                return ask(connection, self._source, query)
        except (OSError, *TROUBLE) as error:
            return Unavailable(f"{self._source.path}: {reason(error)}")

    def reload(self) -> None:
        """See that the file is there and the query fits."""
        try:
            identity(self._source.path)
            with contextlib.closing(connect(self._source.path)) as connection, bounded(connection, self._patience):
                see_that_it_fits(connection, self._source)
        except (OSError, *TROUBLE) as error:
            raise MapError(f"{self._source.path}: {reason(error)}") from None

    def close(self) -> None:
        """Nothing is kept that could be closed."""


def open_map(option: str) -> Sqlite | SqliteQuery:
    """Open the map; `option` is perdition option map_library_opt."""
    source = read_option(option)
    return SqliteQuery(source) if source.is_query else Sqlite(source)


def identity(path: str) -> Identity:
    """Say which file a path names now; writing to it changes the answer as well."""
    status = os.stat(path)
    return (os.getpid(), status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


def connect(path: str) -> sqlite3.Connection:
    """Open the file."""
    connection = sqlite3.connect(
        f"file:{quote(path)}?mode=ro",
        uri=True,
        timeout=SECONDS_FOR_LOCKS,
        isolation_level=None,
        check_same_thread=False,  # opened before the loop runs, used on it
    )
    connection.text_factory = Text
    return connection


def see_that_it_fits(connection: sqlite3.Connection, source: Source) -> None:
    """See that the lookup's SQL fits what is in the file; sqlite3.Error: it does not."""
    cursor = connection.execute(source.sql, binding(source, ""))
    if cursor.description is None:
        raise sqlite3.ProgrammingError("expected a SELECT")
    cursor.close()


@contextlib.contextmanager
def bounded(connection: sqlite3.Connection, patience: float) -> Iterator[None]:
    """End what lasts too long.

    Raises:
        sqlite3.OperationalError: it did.
    """
    end = time.monotonic() + patience
    connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        yield
    except sqlite3.OperationalError:
        if time.monotonic() > end:
            raise sqlite3.OperationalError(f"no answer within {patience:g} s") from None
        raise


def ask(connection: sqlite3.Connection, source: Source, query: Query) -> Outcome:
    """Look a key up."""
    try:
        key = query.key.decode()
    except UnicodeDecodeError:
        return Absent()
    match connection.execute(source.sql, binding(source, key)).fetchone():
        case None:
            return Absent()
        case (Text() as value, *_):
            return Found(bytes(value)) if value else Absent()
        case _:
            return Broken(f"{source.path}: expected a text in the first column")


def binding(source: Source, key: str) -> dict[str, str] | tuple[str]:
    """Bind the key the way the SQL names it."""
    return {"key": key} if source.named else (key,)


def reason(error: Exception) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, UnicodeDecodeError):
        return "expected a schema in UTF-8: the file is damaged"
    return (error.strerror or "") if isinstance(error, OSError) else " ".join(str(error).split())


def rows(path: str) -> Iterator[tuple[bytes, bytes]]:
    """Give all of a database of the default table.

    Raises:
        MapError: it cannot be read, or has something else than texts.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as connection:
            connection.text_factory = Text
            for row in connection.execute(ROWS):
                match row:
                    case (Text() as user, Text() as server):
                        yield bytes(user), bytes(server)
                    case _:
                        raise MapError(f"{path}: expected two texts in each row")
    except TROUBLE as error:
        raise MapError(f"{path}: {reason(error)}") from None


def create(path: str, rows: Iterable[tuple[str, str]]) -> None:
    """Write a database of the default table, all at once: a reader sees the old file or the new one.

    Args:
        path: the file to make or replace.
        rows: pairs of user and `[user<delimiter>]server[:port]`.
    """
    with (
        replaced(path) as temporary,
        contextlib.closing(sqlite3.connect(temporary)) as connection,
        connection,
    ):
        connection.execute(SCHEMA)
        connection.executemany(INSERT, rows)
