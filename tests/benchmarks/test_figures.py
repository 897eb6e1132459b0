"""Medians, and ratios by rounds."""

import pytest

from benchmarks.figures import Figures, calm
from benchmarks.measure import Sample

OURS, THEIRS = ("a", "ours"), ("a", "theirs")


def sample(target: str, cost: float, number: int = 0, others: float = 0.0, failed: str = "") -> Sample:
    return Sample("a", target, {} if failed else {"cost": cost}, others, failed, number)


def test_the_median_is_that_of_the_calm_measurements() -> None:
    figures = Figures([sample("ours", 1), sample("ours", 3), sample("ours", 2), sample("ours", 90, others=1.0)])

    assert figures.median(OURS, "cost") == 2
    assert figures.others(OURS) == 0


def test_if_nothing_was_calm_noise_has_to_do() -> None:
    noisy = [sample("ours", 1, others=1.0), sample("ours", 3, others=1.0)]

    assert calm(noisy) == noisy


def test_what_failed_or_was_not_measured_has_no_figures() -> None:
    figures = Figures([sample("ours", 0, failed="it did not start")])

    for place in (OURS, THEIRS):
        assert figures.metrics(place) == []
        assert figures.median(place, "cost") is None
    assert figures.times(OURS, THEIRS, "cost") is None


def test_a_machine_that_becomes_slow_changes_no_ratio() -> None:
    slow = [1.0, 1.0, 4.0, 5.0, 1.0]
    ours = [sample("ours", 2 * each, number) for number, each in enumerate(slow)]
    theirs = [sample("theirs", 4 * each, number) for number, each in enumerate(slow) if number != 1]

    assert Figures(ours + theirs).times(OURS, THEIRS, "cost") == pytest.approx(0.5)


def test_without_a_common_round_medians_are_compared() -> None:
    figures = Figures([sample("ours", 1, 0), sample("ours", 3, 1), sample("theirs", 8, 2)])

    assert figures.times(OURS, THEIRS, "cost") == pytest.approx(0.25)


def test_nothing_is_a_multiple_of_nothing() -> None:
    figures = Figures([sample("ours", 1), sample("theirs", 0)])

    assert figures.times(OURS, THEIRS, "cost") is None
