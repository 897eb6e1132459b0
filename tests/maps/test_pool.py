"""Idle connections, the last used first."""

from perdition.maps._pool import IDLE, OLD, Pool


def test_the_last_used_is_taken_first() -> None:
    pool: Pool[str] = Pool(lambda connection: None)

    assert pool.take(0) is None
    assert pool.give_back("a", pool.generation, 0)
    assert pool.give_back("b", pool.generation, 0)
    assert [pool.take(0), pool.take(0), pool.take(0)] == ["b", "a", None]


def test_no_more_are_kept_than_the_bound() -> None:
    pool: Pool[int] = Pool(lambda connection: None)
    kept = [pool.give_back(number, pool.generation, 0) for number in range(IDLE + 2)]

    assert kept == [True] * IDLE + [False] * 2


def test_what_was_made_before_all_had_to_be_made_anew_does_not_come_back() -> None:
    closed: list[str] = []
    pool: Pool[str] = Pool(closed.append)
    before = pool.generation
    pool.give_back("idle", before, 0)
    pool.renew()

    assert closed == ["idle"]
    assert not pool.give_back("in use", before, 0)
    assert pool.give_back("new", pool.generation, 0)


def test_one_that_was_idle_for_long_is_closed_and_not_used() -> None:
    """A firewall may have forgotten it, and would tell nobody."""
    closed: list[str] = []
    pool: Pool[str] = Pool(closed.append)
    pool.give_back("a", pool.generation, 0)
    pool.give_back("b", pool.generation, 10)

    assert pool.take(OLD + 5) == "b"
    assert closed == ["a"]
    assert pool.give_back("b", pool.generation, OLD + 5)
    assert pool.take(2 * OLD + 6) is None
    assert closed == ["a", "b"]


def test_those_below_grow_old_while_the_last_used_is_in_use() -> None:
    closed: list[str] = []
    pool: Pool[str] = Pool(closed.append)
    pool.give_back("a", pool.generation, 0)
    pool.give_back("b", pool.generation, OLD + 1)

    assert closed == ["a"]


def test_closing_what_is_idle_leaves_those_in_use() -> None:
    closed: list[str] = []
    pool: Pool[str] = Pool(closed.append)
    before = pool.generation
    pool.give_back("idle", before, 0)
    pool.close_idle()

    assert closed == ["idle"]
    assert pool.give_back("in use", before, 0)
