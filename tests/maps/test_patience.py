"""How long a lookup in a thread may still take."""

import math

import trio

from perdition.maps.patience import remaining, within


def test_nothing_bounds_it_by_default() -> None:
    assert remaining() == math.inf


def test_the_narrower_bound_holds() -> None:
    with within(100):
        with within(200):
            inner = remaining()
        with within(10):
            narrower = remaining()
        after = remaining()

    assert 90 < inner <= 100
    assert 5 < narrower <= 10
    assert narrower < after <= 100
    assert remaining() == math.inf


def test_no_time_is_not_less_than_none() -> None:
    with within(-1):
        assert remaining() == 0


async def test_a_thread_knows_it() -> None:
    with within(100):
        heard = await trio.to_thread.run_sync(remaining)

    assert 90 < heard <= 100
