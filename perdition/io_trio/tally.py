"""How many connections each listener and each worker has (perdition option connection_limit).

A table in memory that the workers share: a row a worker, a column a listener.  Each worker writes its own row and
reads all.  Nothing is locked: of two workers that accept at the same time both may see the last free connection.
"""

import mmap
from collections.abc import Iterable
from typing import Final, Protocol

ROWS: Final = 256
"""Workers at a time, those included that wait for their last session; the first row is the supervisor's."""
COLUMNS: Final = 1024
"""Two more than listeners in the life of the supervisor.  What nobody counts in takes no memory."""
CELL: Final = "I"
OCTETS: Final = 4
ALL: Final = 0
"""The column of the connections of all listeners; the supervisor's cell there has the last row that is used."""
ACCEPTS: Final = ROWS
"""Where the column begins that says whether a worker accepts connections: 1, or 0."""
FIRST: Final = 2
"""The column of the first listener."""
MARGIN: Final = 4
SHARE: Final = 8
MOST: Final = 64
"""A worker leaves connections to one that has fewer than it by more than a margin and an eighth, or MOST."""


class Counting(Protocol):
    """What counts connections."""

    connections: int

    @property
    def total(self) -> int:
        """How many there are in all processes."""

    @property
    def has_turn(self) -> bool:
        """Whether this process is to accept the next connection; else another has fewer of them."""


class Counted(Protocol):
    """What has its connections counted."""

    count: Counting


class SharedCount:
    """A column of the table: how many connections one listener has."""

    def __init__(self, tally: "Tally", column: int) -> None:
        self._tally = tally
        self._first = column * ROWS

    @property
    def connections(self) -> int:
        """How many this process has."""
        return self._tally.cells[self._first + self._tally.row]

    @connections.setter
    def connections(self, number: int) -> None:
        tally = self._tally
        tally.cells[ALL + tally.row] += number - tally.cells[self._first + tally.row]
        tally.cells[self._first + tally.row] = number

    @property
    def total(self) -> int:
        """How many there are in all processes."""
        return sum(self._tally.cells[self._first : self._first + self._tally.rows])

    @property
    def has_turn(self) -> bool:
        """Whether this process is to accept the next connection; else another has fewer of them."""
        return self._tally.has_turn()


class Tally:
    """The table.

    Attributes:
        cells: column after column.
        row: that of this process.
    """

    def __init__(self) -> None:
        self.cells = memoryview(mmap.mmap(-1, COLUMNS * ROWS * OCTETS)).cast(CELL)
        self.row = 0
        self._rows: dict[int, int] = {}  # by pid
        self._columns = FIRST

    @property
    def rows(self) -> int:
        """How many rows have ever been used."""
        return self.cells[ALL] + 1

    def accept(self, *, now: bool) -> None:
        """Note whether this process accepts connections."""
        self.cells[ACCEPTS + self.row] = now

    def has_turn(self) -> bool:
        """Whether this process is to accept the next connection; else another has fewer of them."""
        rows, mine = self.rows, self.cells[ALL + self.row]
        loads = zip(self.cells[ALL + 1 : ALL + rows], self.cells[ACCEPTS + 1 : ACCEPTS + rows], strict=True)
        fewest = min((load for load, accepts in loads if accepts), default=mine)
        return mine <= fewest + min(fewest // SHARE, MOST) + MARGIN

    def share(self, counted: Iterable[Counted]) -> None:
        """Have their connections counted here, if they are not yet; before the fork of those who do."""
        for one in counted:
            if not isinstance(one.count, SharedCount) and self._columns < COLUMNS:
                one.count = SharedCount(self, self._columns)
                self._columns += 1

    def free_row(self) -> int | None:
        """Give a row that no worker has."""
        taken = set(self._rows.values())
        return next((row for row in range(1, ROWS) if row not in taken), None)

    def take(self, row: int, pid: int) -> None:
        """Note whose row that is."""
        self._rows[pid] = row
        self.cells[ALL] = max(self.cells[ALL], row)

    def free(self, pid: int) -> None:
        """Forget the connections of a worker that has ended."""
        row = self._rows.pop(pid)
        for column in range(self._columns):
            self.cells[column * ROWS + row] = 0
