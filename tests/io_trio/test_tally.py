"""Connections counted over processes."""

import os

import attrs

from perdition.io_trio.tally import COLUMNS, FIRST, ROWS, Counting, Tally


@attrs.define
class Alone:
    connections: int = 0
    total: int = 0
    has_turn: bool = True


@attrs.define
class Listener:
    count: Counting = attrs.field(factory=Alone)


def in_a_child(tally: Tally, row: int, count: Counting, number: int) -> int:
    """Count in another process; give its pid, which is over."""
    pid = os.fork()
    if not pid:
        tally.row = row
        count.connections += number
        os._exit(0)
    tally.take(row, pid)
    os.waitpid(pid, 0)
    return pid


def test_a_total_is_that_of_all_processes_until_they_are_forgotten() -> None:
    tally, pop, imap = Tally(), Listener(), Listener()
    tally.share([pop, imap])
    first = in_a_child(tally, 1, pop.count, 3)
    second = in_a_child(tally, 2, pop.count, 4)
    in_a_child(tally, 3, imap.count, 100)

    assert (pop.count.connections, pop.count.total, imap.count.total) == (0, 7, 100)

    tally.free(first)

    assert (pop.count.total, imap.count.total) == (4, 100)
    assert tally.free_row() == 1

    tally.free(second)

    assert (pop.count.total, imap.count.total) == (0, 100)


def test_what_is_shared_stays_as_it_is() -> None:
    tally, old = Tally(), Listener()
    tally.share([old])
    shared = old.count
    tally.share([old, Listener()])

    assert old.count is shared


def test_there_is_an_end_to_rows_and_columns() -> None:
    tally, listeners = Tally(), [Listener() for _ in range(COLUMNS - FIRST + 1)]
    tally.share(listeners)
    for row in range(1, ROWS):
        tally.take(row, row)

    assert isinstance(listeners[-1].count, Alone)
    assert not isinstance(listeners[-2].count, Alone)
    assert tally.free_row() is None


def test_a_worker_leaves_connections_to_one_that_has_fewer() -> None:
    tally, pop, imap = Tally(), Listener(), Listener()
    tally.share([pop, imap])
    for row in (1, 2, 3):
        tally.take(row, row)
        tally.row = row
        tally.accept(now=True)

    def turns(mine: int, others: int, idle: int = 1000) -> bool:
        tally.row = 3
        imap.count.connections = idle
        tally.row = 2
        pop.count.connections = others
        tally.row = 1
        imap.count.connections = mine - mine // 2
        pop.count.connections = mine // 2
        return pop.count.has_turn

    assert turns(0, 0)
    assert turns(4, 0)
    assert not turns(5, 0)
    assert turns(94, 80)
    assert not turns(95, 80)
    assert not turns(95, 1000, 80)
    assert turns(1000, 2000)

    tally.row = 2
    tally.accept(now=False)

    assert turns(95, 0)  # it takes none

    tally.row = 3
    tally.accept(now=False)

    assert turns(100_000, 0, 0)

    tally.row = 2
    tally.accept(now=True)

    assert not turns(95, 0)

    tally.free(2)

    assert turns(95, 0)
