"""The store in a SQLite file: what a statement does, without a loop.

The file is in WAL mode: who asks never waits for who writes.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from perdition.pbs.store import StoreTrouble

SCHEMA: Final = """\
CREATE TABLE IF NOT EXISTS pbs (address TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pbs_until ON pbs (until);
"""
PUT: Final = "INSERT INTO pbs (address, until) VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET until = excluded.until"
UNTIL: Final = "SELECT until FROM pbs WHERE address = ? AND until > ?"
REMOVE: Final = "DELETE FROM pbs WHERE address = ?"
CLEAR: Final = "DELETE FROM pbs"
ENTRIES: Final = "SELECT address, until FROM pbs WHERE until > ? ORDER BY until"
EXPIRE: Final = "DELETE FROM pbs WHERE until <= ?"

SECONDS_FOR_LOCKS: Final = 1.0
"""How long one who writes waits for another."""


class SqliteFile:
    """An open file.  Only one thread at a time may use it.

    Args:
        path: its name.
        writable: whether it may be written; then it is made if it is not there.

    Raises:
        StoreTrouble: it cannot be opened, here or in any method below.
    """

    def __init__(self, path: str, *, writable: bool) -> None:
        self._path = path
        with self._in_words():
            self._connection = sqlite3.connect(
                f"file:{quote(path)}?mode={'rwc' if writable else 'ro'}",
                uri=True,
                timeout=SECONDS_FOR_LOCKS,
                check_same_thread=False,
                isolation_level=None,
            )
            try:
                if writable:
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._connection.execute("PRAGMA synchronous = NORMAL")
                    self._connection.executescript(SCHEMA)
                else:
                    self._connection.execute(UNTIL, ("", 0))
            except BaseException:
                self._connection.close()
                raise

    def put(self, until: Mapping[str, float]) -> None:
        """Keep addresses, each until its time: all or none."""
        with self._in_words():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(PUT, until.items())
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def until(self, address: str, now: float) -> float | None:
        """Say until when an address is known."""
        with self._in_words():
            row = self._connection.execute(UNTIL, (address, now)).fetchone()
        return float(row[0]) if row else None

    def remove(self, address: str) -> bool:
        """Forget an address."""
        with self._in_words():
            return self._connection.execute(REMOVE, (address,)).rowcount > 0

    def clear(self) -> int:
        """Forget all; give how many there were."""
        with self._in_words():
            return self._connection.execute(CLEAR).rowcount

    def entries(self, now: float) -> dict[str, float]:
        """Give all that are known."""
        with self._in_words():
            return dict(self._connection.execute(ENTRIES, (now,)).fetchall())

    def expire(self, now: float) -> None:
        """Let go of those whose time is over."""
        with self._in_words():
            self._connection.execute(EXPIRE, (now,))

    def close(self) -> None:
        """Close it."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreTrouble(f"{self._path}: {error}") from None
