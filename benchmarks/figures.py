"""What a run found: the median of each metric, and how many times one figure is another."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from benchmarks.measure import Sample

MUCH_NOISE: Final = 0.25
"""Cores busy with something else above which a measurement is made again, and is left out if another is calm."""

Place: TypeAlias = tuple[str, str]
"""A case and a target."""


class Figures:
    """The figures of a run, by case and target."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        found: dict[Place, list[Sample]] = {}
        for sample in samples:
            found.setdefault((sample.case, sample.target), []).append(sample)
        self._calm: Mapping[Place, Sequence[Sample]] = {place: calm(some) for place, some in found.items()}

    def metrics(self, place: Place) -> list[str]:
        """Give the metrics that were measured there, in their order."""
        return list(dict.fromkeys(name for sample in self._calm.get(place, ()) for name in sample.values))

    def median(self, place: Place, metric: str) -> float | None:
        """Give the median of the calm measurements; None: there is none."""
        values = [sample.values[metric] for sample in self._calm.get(place, ()) if metric in sample.values]
        return statistics.median(values) if values else None

    def others(self, place: Place) -> float:
        """Give how many cores were busy with something else, by the median."""
        return statistics.median(sample.others for sample in self._calm[place])

    def times(self, mine: Place, theirs: Place, metric: str) -> float | None:
        """Give how many times their figure mine is; None: one of them is not there, or theirs is 0.

        It is the median of the ratios within each round: what slows the machine for a minute slows both.  Without a
        common round it is the ratio of the medians.
        """
        ours, others = self._by_round(mine, metric), self._by_round(theirs, metric)
        both = [ours[number] / others[number] for number in ours if others.get(number)]
        if both:
            return statistics.median(both)
        one, other = self.median(mine, metric), self.median(theirs, metric)
        return one / other if one is not None and other else None

    def _by_round(self, place: Place, metric: str) -> dict[int, float]:
        return {sample.round: sample.values[metric] for sample in self._calm.get(place, ()) if metric in sample.values}


def calm(samples: Sequence[Sample]) -> list[Sample]:
    """Leave out what failed, and what was disturbed, unless everything was."""
    good = [sample for sample in samples if not sample.failed]
    return [sample for sample in good if sample.others <= MUCH_NOISE] or good
