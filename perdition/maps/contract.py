"""What every kind of map offers, and where its lookup has to run."""

import enum
from typing import Protocol

from perdition.maps.outcome import Outcome, Query


class Runs(enum.Enum):
    """Where a lookup may run; the map says so, the I/O layer obeys."""

    INLINE = "inline"  # short and local: called on the loop, cheaper than a hop to a thread
    THREAD = "thread"  # blocks: called in a bounded pool of threads
    NATIVE = "native"  # a coroutine function of the loop


class MapError(Exception):
    """A map cannot be opened or parsed.

    The message is one line that names the file, the line where there is one, and what was expected.
    """


class Map(Protocol):
    """A map whose lookup is a plain function (INLINE or THREAD)."""

    @property
    def runs(self) -> Runs:
        """INLINE or THREAD."""

    @property
    def by_address(self) -> bool:
        """Whether the answer depends on the connection's addresses as well: then it is good for no other one."""

    def lookup(self, query: Query) -> Outcome:
        """Answer one question.  Trouble is an outcome, never an exception."""

    def reload(self) -> None:
        """Read the source again (perdition-mapd's SIGHUP; the daemon opens maps anew).

        Raises:
            MapError: it cannot be read; the old content stays in force.
        """

    def close(self) -> None:
        """Let go of files and memory.  No lookup follows."""


class NativeMap(Protocol):
    """A map whose lookup waits on the loop (NATIVE).  The rest is as in Map."""

    @property
    def runs(self) -> Runs:
        """NATIVE."""

    @property
    def by_address(self) -> bool:
        """Whether the answer depends on the connection's addresses as well."""

    async def lookup(self, query: Query) -> Outcome:
        """Answer one question.  Trouble is an outcome, never an exception."""

    def reload(self) -> None:
        """Read the source again; MapError leaves the old content in force."""

    def close(self) -> None:
        """Let go of files and connections.  No lookup follows."""
