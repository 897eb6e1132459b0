"""A map that is one file, looked at before each lookup: what the gdbm, bdb and cdb maps have in common.

A file that is replaced is picked up at the next lookup, by a rename most surely.  perdition 2.2's tools write
theirs anew in place.  Meanwhile the file is not whole, and the one before answers, for a minute at most, if it
was small enough to be in memory (_octets.py); a larger map is unavailable for that time.  No user is absent for
it.  A bdb file does not tell when it is whole; it must have been left alone for a second, and have keys.

A file that is not there at the start is no reason not to start, as in perdition 2.2: the map is unavailable
until it comes.  Only of the default file it is different: nobody may have meant to have one, so all are absent.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol, TypeAlias

import attrs

from perdition.maps._octets import FormatError, Octets
from perdition.maps.contract import MapError, Runs
from perdition.maps.outcome import Absent, Found, Outcome, Query, Unavailable

PATIENCE: Final = 60.0
"""How many seconds the file before answers while the one that is there cannot be used."""
SETTLED: Final = 1_000_000_000
"""How many nanoseconds ago the last change must be: of two changes in one tick the times show one."""

Identity: TypeAlias = tuple[int, int, int, int, int]


class Table(Protocol):
    """A file that was found to be whole."""

    def get(self, key: bytes) -> bytes | None:
        """Give a key's value; FormatError: the file is damaged on the way to it."""

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Give all keys and values; FormatError: the file is damaged."""


@attrs.frozen
class Format:
    """A kind of file.

    Args:
        default: the file that is used when none is named.
        read: looks at the file; FormatError: it is of another kind, or not whole.
        locked: whether those who write in place lock it (flock).
        unmarked: whether they neither lock nor mark it: makebdb makes a sound file without keys, waits for its
            input, and then fills it in.
    """

    default: str
    read: Callable[[Octets], Table]
    locked: bool = False
    unmarked: bool = False


@attrs.frozen
class State:
    """A file as it was read; `settled`: a change of it cannot go unseen."""

    identity: Identity
    settled: bool
    octets: Octets
    table: Table


class FileMap:
    """The map.

    Args:
        form: the kind of file.
        path: the file.

    Raises:
        MapError: it is there and cannot be used.
    """

    runs: Final = Runs.INLINE
    by_address: Final = False

    def __init__(self, form: Format, path: str) -> None:
        self._form = form
        self._path = os.path.abspath(path)  # a daemon changes its folder
        self._optional = path == form.default
        self._state: State | None = None
        self._trouble_since: float | None = None
        try:
            self._renew()
        except (FileNotFoundError, BlockingIOError):
            pass  # it may be on its way
        except (OSError, FormatError) as error:
            raise MapError(self._reason(error)) from None

    def lookup(self, query: Query) -> Outcome:
        """Look for the key in the file that is there now."""
        try:
            state = self._current()
            value = state.table.get(query.key)
            if state.octets.has_changed():
                raise FormatError("the file is being written")  # the value may have come from anywhere in it
        except (OSError, FormatError) as error:
            return Absent() if self._is_nothing(error) else Unavailable(self._reason(error))
        return Found(value) if value else Absent()

    def reload(self) -> None:
        """Read the file again; on MapError the old one stays, for a minute at most."""
        try:
            self._renew()
        except (OSError, FormatError) as error:
            if not self._is_nothing(error):
                raise MapError(self._reason(error)) from None

    def close(self) -> None:
        """Close the file."""
        if self._state is not None:
            self._state.octets.close()
        self._state = None

    def _current(self) -> State:
        """Give the file that is there, or the one before while that may answer.

        Raises:
            OSError, FormatError: neither can be used.
        """
        old = self._state
        try:
            if old is None or not old.settled or identity(os.stat(self._path)) != old.identity:
                return self._renew(careful=self._is_patient())
        except (OSError, FormatError):
            if self._trouble_since is None:
                self._trouble_since = time.monotonic()
            if old is None or not self._is_patient() or old.octets.has_changed():
                raise
            return old
        self._trouble_since = None
        return old

    def _is_patient(self) -> bool:
        """Tell whether the file that is there may still become better."""
        return self._trouble_since is None or time.monotonic() - self._trouble_since <= PATIENCE

    def _renew(self, *, careful: bool = False) -> State:
        """Read the file that is there; the careful do not take one that looks unfinished, if they have another."""
        state = open_file(self._path, self._form)
        if careful and self._form.unmarked and self._is_unfinished(state):
            state.octets.close()
            raise FormatError("the file is being written")
        if self._state is not None:
            self._state.octets.close()
        self._state = state
        self._trouble_since = None
        return state

    def _is_unfinished(self, state: State) -> bool:
        """Tell whether a file has only just changed, or has lost all its keys."""
        if self._state is None or state.identity == self._state.identity:
            return False
        return not state.settled or (_is_empty(state.table) and not _is_empty(self._state.table))

    def _is_nothing(self, error: Exception) -> bool:
        """Tell whether nobody has made the default file yet."""
        return self._optional and self._state is None and isinstance(error, FileNotFoundError)

    def _reason(self, error: Exception) -> str:
        match error:
            case BlockingIOError():
                text = "locked by somebody who is writing it"
            case OSError():
                text = error.strerror or "cannot be read"
            case _:
                text = str(error)
        return f"{self._path}: {text}"


def _is_empty(table: Table) -> bool:
    return next(table.rows(), None) is None


def identity(status: os.stat_result) -> Identity:
    """Tell which file that is, in which state."""
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


def open_file(path: str, form: Format) -> State:
    """Open a file and see that it is whole.

    Raises:
        OSError: it cannot be read; BlockingIOError: somebody is writing it.
        FormatError: it is not of that kind, not whole, or being written.
    """
    octets = Octets(path)
    try:
        if form.locked:
            octets.see_that_nobody_writes()
        table = form.read(octets)
        octets.hold()
    except BaseException:
        octets.close()
        raise
    settled = abs(time.time_ns() - octets.status.st_mtime_ns) > SETTLED
    return State(identity(octets.status), settled, octets, table)
