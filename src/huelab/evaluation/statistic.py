"""Values that follow from sums over photographs: of one model, or of two on the same pictures. Drawn many at once, and left-one-out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from huelab.evaluation import resampling
from huelab.metrics.definition import Metric

Float = NDArray[np.float64]
_TOGETHER = 200  # statistics drawn at once: what they need stays below some hundred megabytes


@dataclass(frozen=True, eq=False)
class Statistic:
    """A value that follows from means over pictures. All arrays run over the same groups of photographs."""

    sides: tuple[Float, ...]
    """Of each model the sums (groups, seeds, columns) of its scores over the pictures of a group."""
    counts: Float
    """(groups,) pictures behind the sums; 0 for a group that has no finite score."""
    value: Callable[..., Float]
    """One array of means (…, columns) per side -> (…)."""

    @property
    def groups(self) -> int:
        """That have a picture with a score."""
        return int(np.count_nonzero(self.counts))

    def point(self) -> float:
        """The value over all pictures; NaN where there are none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(self.value(*(side.sum(axis=0).mean(axis=0) / self.counts.sum() for side in self.sides)))

    @cached_property
    def influences(self) -> list[Float]:
        """What each group of photographs, and each seed where there are several, adds to the value's error (jackknife).

        Entries are (n - 1) / n · (mean over left-one-out values - that left-one-out value): their squares add up to the variance of the
        value times (n - 1) / n, their cubes to its third cumulant.
        """
        present = self.counts > 0
        sides = [side[present] for side in self.sides]
        counts = self.counts[present]
        totals = [side.sum(axis=0) for side in sides]
        left = (counts.sum() - counts)[:, None]
        found = [self.value(*((total - side).mean(axis=1) / left for total, side in zip(totals, sides, strict=True)))]
        means = [total.mean(axis=0) / counts.sum() for total in totals]
        for place, total in enumerate(totals):
            if (seeds := len(total)) > 1:
                others = (total.sum(axis=0) - total) / (seeds - 1) / counts.sum()
                whole = [np.broadcast_to(mean, others.shape) for mean in means]
                found.append(self.value(*whole[:place], others, *whole[place + 1 :]))
        return [(len(values) - 1) / len(values) * (values.mean() - values) for values in found]


def value_of(metric: Metric, *, signed: bool = False) -> Callable[[Float], Float]:
    """The value of a metric with columns from an array of their means (…, columns); `signed`: before its absolute value is taken."""
    value = (metric.signed if signed else None) or metric.value

    def of(means: Float) -> Float:
        return np.asarray(value({name: means[..., place] for place, name in enumerate(metric.columns)}), np.float64)

    return of


def summed(
    sides: Sequence[Float], kept: NDArray[np.bool_], groups: NDArray[np.int64], count: int, value: Callable[..., Float]
) -> Statistic:
    """From scores (pictures, seeds, columns) of each model, the `kept` pictures, and the group 0..count-1 of every picture."""
    sums = []
    for scores in sides:
        own = np.zeros((count, *scores.shape[1:]))
        np.add.at(own, groups[kept], scores[kept])
        sums.append(own)
    return Statistic(tuple(sums), np.bincount(groups[kept], minlength=count).astype(np.float64), value)


def acceleration(influences: Sequence[Float]) -> float:
    """BCa's correction for skewness: a sixth of the value's skewness, from its jackknife. 0 where nothing varies."""
    variance = sum(float(np.square(own).sum()) for own in influences)
    third = sum(float((own**3).sum()) for own in influences)
    return third / (6 * variance**1.5) if variance > 0 and np.isfinite(third) else 0.0


def standard_error(influences: Sequence[Float]) -> float:
    """Of the value, by the jackknife over photographs and, where there are several, over seeds."""
    return math.sqrt(sum(_variances(influences)))


def degrees(influences: Sequence[Float]) -> float:
    """Degrees of freedom of `standard_error`: photographs - 1, fewer where the spread between few seeds counts (Welch-Satterthwaite)."""
    variances = _variances(influences)
    if not sum(variances) > 0:
        return float(len(influences[0]) - 1)
    return sum(variances) ** 2 / sum(variance**2 / (len(own) - 1) for variance, own in zip(variances, influences, strict=True))


def stretch(influences: Sequence[Float]) -> float:
    """By how much the bootstrap's spread falls short of the standard error: √(n / (n - 1)) for n photographs.

    None of it is the seeds', of which one fewer is drawn than there are.
    """
    total = sum(_variances(influences))
    drawn = float(np.square(influences[0]).sum()) + sum(_variances(influences)[1:])
    return math.sqrt(total / drawn) if drawn > 0 else 1.0


def _variances(influences: Sequence[Float]) -> list[float]:
    return [float(np.square(own).sum()) * len(own) / (len(own) - 1) for own in influences]


def draw(statistics: Sequence[Statistic], draws: int, seed: int) -> list[Float]:
    """(draws,) bootstrap values of each statistic, from the same photographs for all. All must have the same groups.

    A draw that holds no picture with a score gives NaN.
    """
    found: list[Float] = []
    for start in range(0, len(statistics), _TOGETHER):
        found += _draw(statistics[start : start + _TOGETHER], draws, seed)
    return found


def _draw(statistics: Sequence[Statistic], draws: int, seed: int) -> list[Float]:
    # many statistics share columns (a model's scores stand in each of its comparisons): each is drawn once
    known: dict[bytes, int] = {}
    columns: list[Float] = []

    def place(column: Float) -> int:
        at = known.setdefault(column.tobytes(), len(columns))
        if at == len(columns):
            columns.append(column)
        return at

    places = [
        (
            [np.array([[place(one) for one in own.T] for own in side.transpose(1, 0, 2)]) for side in statistic.sides],
            place(statistic.counts),
        )
        for statistic in statistics
    ]
    matrix = np.stack(columns, axis=1)
    drawn = np.concatenate([block @ matrix for block in resampling.photographs(len(matrix), draws, seed)])
    found = []
    for statistic, (sides, counts) in zip(statistics, places, strict=True):
        pictures = drawn[:, counts, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            means = [_over_seeds(drawn[:, at], number, seed) / pictures for number, at in enumerate(sides)]
            found.append(np.asarray(statistic.value(*means), np.float64))
    return found


def _over_seeds(sums: Float, side: int, seed: int) -> Float:
    """(draws, seeds, columns) -> (draws, columns), seeds drawn as well."""
    if sums.shape[1] == 1:
        return sums[:, 0]
    shares = resampling.seeds(sums.shape[1], len(sums), seed, side)
    return np.asarray(np.einsum("dsc,ds->dc", sums, shares), np.float64)
