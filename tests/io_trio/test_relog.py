"""connect_relog: the line of a log-in comes again while its session lasts."""

import pytest
import trio
import trio.lowlevel
import trio.testing

from perdition.io_trio.relog import Relog
from perdition.session.effects import Level


class Written:
    """A log that notes the time of each line."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, str]] = []

    def __call__(self, level: Level, line: str) -> None:
        assert level is Level.NOTICE
        self.lines.append((round(trio.current_time()) % 100000, line))


@pytest.fixture
def written() -> Written:
    return Written()


async def test_lines_come_again_each_at_its_own_time(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, written: Written
) -> None:
    relog = Relog(written)
    nursery.start_soon(relog.run)
    await trio.lowlevel.checkpoint()
    start = round(trio.current_time()) % 100000
    relog.add("one", 10)
    await trio.sleep(4)
    relog.add("two", 10)
    short = relog.add("three", 3)
    await trio.sleep(22)
    relog.stop(short)
    await trio.sleep(10)

    came = [(when - start, line) for when, line in written.lines]

    assert [when for when, line in came if line == "one"] == [10, 20, 30]
    assert [when for when, line in came if line == "two"] == [14, 24, 34]
    assert [when for when, line in came if line == "three"] == [7, 10, 13, 16, 19, 22, 25]
    assert len(relog) == 2


async def test_nobody_is_woken_for_sessions_that_are_over(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery, written: Written
) -> None:
    relog = Relog(written)
    nursery.start_soon(relog.run)
    for _ in range(1000):
        relog.stop(relog.add("gone", 300))
    await trio.sleep(1000)

    assert written.lines == []
    assert len(relog) == 0
