"""What is said of more and more idle sessions, and how it is drawn."""

from xml.etree import ElementTree

import pytest

from benchmarks.cases import SCALE, Transport
from benchmarks.curves import Curve, curves, round_up
from benchmarks.figures import Figures
from benchmarks.measure import Sample
from benchmarks.scale import drawn, scale_table

SVG = "{http://www.w3.org/2000/svg}"
SAMPLES = [
    Sample(case.name, "ours", {"opened_per_second": 1000.0 * case.workers, "private_kb": 2.5, "rest_wake_ups": 0.0})
    for case in SCALE
    if case.transport is Transport.PLAIN
]


def test_the_scale_goes_up_to_what_descriptors_allow_and_twice_that_on_two_workers() -> None:
    held = {workers: [case.held for case in SCALE if case.workers == workers] for workers in (1, 2)}

    assert max(held[1]) == 9800
    assert held[2] == [2 * count for count in held[1]]


def test_a_row_a_case_that_was_measured() -> None:
    rows = scale_table(SCALE, Figures(SAMPLES)).splitlines()

    assert len(rows) == 2 + len(SAMPLES)
    assert rows[2] == "| 100 | 1 | plain | 1,000 | 2.5 | 0.0 | - | - | - |"


def test_a_line_for_each_way_to_run() -> None:
    opened, *_ = drawn(SCALE, Figures(SAMPLES))

    assert list(opened.lines) == ["plain, 1 worker", "plain, 2 workers"]
    assert opened.lines["plain, 2 workers"][-1] == (19600, 2000.0)


def test_curves_stay_in_their_panel() -> None:
    text = curves([Curve("opened <per> second", "sessions", {"plain": [(0, 0), (50, 7.5)], "tls": [(100, 3)]})])

    tree = ElementTree.fromstring(text)  # noqa: S314  # we wrote it
    lines = [line.get("points", "").split() for line in tree.iter(f"{SVG}polyline")]
    points = [tuple(map(float, point.split(","))) for line in lines for point in line]
    assert [len(line) for line in lines] == [2, 1]
    assert all(0 <= x <= 450 and 0 <= y <= 250 for x, y in points)
    assert points[0][1] > points[2][1] > points[1][1]


@pytest.mark.parametrize(
    ("value", "rounded"), [(0, 1), (0.7, 0.8), (1, 1), (9, 10), (24.1, 40), (1401, 2000), (0.03, 0.04)]
)
def test_ticks_are_round(value: float, rounded: float) -> None:
    assert round_up(value) == pytest.approx(rounded)
