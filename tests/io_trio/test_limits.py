"""Limits: when they come, that moving them back costs nothing, and that nothing outlives its owner."""

import gc
import math

import attrs
from hypothesis import given
from hypothesis import strategies as st

from perdition.io_trio.limits import FEW, Limit, Limits


@attrs.define(eq=False)
class Someone:
    """An owner; `at` is when it was told."""

    at: list[float] = attrs.field(factory=list)

    def late(self, now: float) -> None:
        self.at.append(now)


def tell(limits: Limits, now: float) -> None:
    for owner in limits.late(now):
        owner.late(now)


def nothing() -> None:
    pass


def test_a_limit_comes_once_when_its_time_has_come() -> None:
    limits, someone = Limits(nothing), Someone()
    limit = limits.make(someone)
    limits.set(limit, 10)
    for now in (9, 10, 11):
        tell(limits, now)

    assert someone.at == [10]
    assert math.isinf(limit.at)
    assert math.isinf(limits.first)


def test_a_limit_that_is_moved_back_is_looked_at_when_it_was_due_and_comes_later() -> None:
    limits, someone = Limits(nothing), Someone()
    limit = limits.make(someone)
    limits.set(limit, 10)
    limit.at = 15
    limits.set(limit, 20)

    assert len(limits) == 1
    tell(limits, 10)
    assert someone.at == []
    assert limits.first == 20
    tell(limits, 20)
    assert someone.at == [20]


def test_a_limit_that_is_brought_forward_comes_once() -> None:
    called: list[float] = []
    limits, someone = Limits(lambda: called.append(limits.first)), Someone()
    limit = limits.make(someone)
    limits.set(limit, 20)
    limits.set(limit, 10)
    tell(limits, 10)
    tell(limits, 20)

    assert someone.at == [10]
    assert called == [20, 10]  # whoever waits must wait less long


def test_a_limit_may_be_set_again_when_it_has_come() -> None:
    limits, someone = Limits(nothing), Someone()
    limit = limits.make(someone)
    for at in (1, 2, 3):
        limits.set(limit, at)
        tell(limits, at)

    assert someone.at == [1, 2, 3]


def test_one_that_is_dropped_never_comes_and_its_owner_is_free() -> None:
    class Nobody:
        def late(self, now: float) -> None:
            raise AssertionError

    limits = Limits(nothing)
    limit = limits.make(Nobody())
    limits.set(limit, 10)
    limits.drop(limit)
    gc.collect()

    assert not any(isinstance(thing, Nobody) for thing in gc.get_objects())
    tell(limits, 20)
    assert len(limits) == 0


def test_nobody_waits_for_what_is_of_no_use() -> None:
    """Each log-in leaves a limit that was dropped: once each of them was a wake-up a minute later."""
    limits = Limits(nothing)
    logged_in, brought_forward, session = (limits.make(Someone()) for _ in range(3))
    limits.set(session, 1800)
    limits.set(logged_in, 60)
    limits.set(brought_forward, 70)
    limits.set(brought_forward, 50)

    limits.drop(logged_in)
    assert limits.first == 50
    tell(limits, 50)
    assert limits.first == 1800
    limits.drop(session)
    assert math.isinf(limits.first)
    assert len(limits) == 0


def test_entries_of_no_use_are_swept_away() -> None:
    limits = Limits(nothing)
    kept = limits.make(Someone())
    limits.set(kept, 1000)
    for number in range(10 * FEW):
        limit = limits.make(Someone())
        limits.set(limit, 2000 + number)
        limits.drop(limit)

        assert len(limits) <= FEW + 2

    assert limits.first == 1000


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50), st.booleans()), max_size=60))
def test_each_comes_exactly_when_it_was_last_set_to(steps: list[tuple[int, int, bool]]) -> None:
    """Whatever is set, dropped and made again in whatever order, by a clock that goes on one at a time."""
    limits = Limits(nothing)
    someone = [Someone() for _ in range(4)]
    held: list[Limit] = [limits.make(one) for one in someone]
    due: list[float] = [math.inf] * 4
    for now, (which, after, drop) in enumerate(steps):
        if drop:
            limits.drop(held[which])
            held[which], due[which] = limits.make(someone[which]), math.inf
        else:
            limits.set(held[which], now + after)
            due[which] = now + after
        before = [list(one.at) for one in someone]
        tell(limits, now)
        for index, one in enumerate(someone):
            told = one.at != before[index]

            assert told == (due[index] <= now)
            if told:
                due[index] = math.inf
