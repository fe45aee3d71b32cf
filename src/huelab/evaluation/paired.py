"""Two colorizers on the same pictures: by how much the first is better, how surely, and whether chance would do as much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr

from huelab import params
from huelab.evaluation import distribution, resampling, statistic
from huelab.evaluation.evaluated import Evaluated, require_same_pictures
from huelab.evaluation.intervals import of_statistic
from huelab.evaluation.statistic import Statistic, summed, value_of
from huelab.metrics.definition import Metric

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """First minus second in one metric, in its unit. What one photograph cannot tell is None."""

    metric: str
    difference: float
    """NaN where no picture has a score from both."""
    low: float | None
    high: float | None
    p: float | None
    """Two-sided. One seed each: sign flips of the photographs' differences. Set-level metrics and several seeds: from the bootstrap."""
    effect: float | None
    """Cohen's d_z: the difference over the standard deviation of the photographs' differences; None for set-level metrics.

    Taken as difference / (√photographs · its standard error over photographs), which is that where all have as many pictures.
    """
    photographs: int
    """That have a score from both, near-duplicates counted once."""
    excluded: int = 0
    """Pictures left out because one of the two scores is NaN or infinite."""
    error: float | None = None
    """Standard error of the difference."""
    degrees: float | None = None
    """Of freedom of that: photographs - 1, fewer where the spread between few seeds counts."""
    p_holm: float | None = None
    """p adjusted for the comparisons it was made with; None for one made alone."""


def paired(first: Evaluated, second: Evaluated, metric: Metric, settings: params.Compare) -> Paired:
    """First minus second over the pictures where both have a finite score; photographs, and seeds where there are several, are drawn.

    Raises DataError where the two were scored on different pictures.
    """
    return all_paired([(first, second, metric)], settings)[0]


def all_paired(comparisons: Sequence[tuple[Evaluated, Evaluated, Metric]], settings: params.Compare) -> list[Paired]:
    """`paired` of many comparisons over the same pictures in one go: they share the draws and the scores, so it takes seconds."""
    orders = {(first, second): _order(first, second) for first, second, _ in comparisons}
    sides = [_sides(first, second, metric, orders[first, second]) for first, second, metric in comparisons]
    statistics = [side.difference() for side in sides if side.by_columns]
    groups = sides[0].first.n_groups if sides else 0
    drawn = iter(statistic.draw(statistics, settings.draws, settings.seed) if groups > 1 else [np.empty(0)] * len(statistics))
    flipped = [side.by_photograph() for side in sides if side.flips]
    flips = iter(sign_flip(np.stack(flipped, axis=1), settings.draws, settings.seed) if flipped else ())
    ready = iter(statistics)
    found = []
    for side in sides:
        if side.by_columns:
            found.append(_of_columns(side, next(ready), next(drawn), float(next(flips)) if side.flips else None, settings))
        else:
            found.append(_of_vectors(side, settings))
    return found


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment (1979): the chance of one or more false findings in the family stays below the level. None stays None."""
    order = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    least = 0.0
    for rank, (p, place) in enumerate(order):
        least = max(least, min(1.0, p * (len(order) - rank)))
        adjusted[place] = least
    return adjusted


def sign_flip(differences: Float, draws: int, seed: int) -> Float:
    """Two-sided p (comparisons,) of summed differences (groups, comparisons) by flipping the sign of each group's sum.

    If the colorizers were alike, each photograph's difference could as well have had the other sign. All patterns are tried where `draws`
    allows (then the test is exact), else so many at random, the observed one counted with them (B. Phipson and G. K. Smyth, 2010). The
    bootstrap of the differences is no alternative for the p-value: with few photographs it finds too much. Since flips keep the squares,
    the test is the same with Student's t in place of the sum, and so holds for the mean of skewed differences too as photographs grow.
    """
    observed = np.abs(differences.sum(axis=0))
    least = observed - 1e-12 * np.abs(differences).sum(axis=0)  # rounding must not hide a pattern that is as extreme
    blocks, every = resampling.signs(len(differences), draws, seed)
    extreme = np.zeros(len(observed))
    tried = 0
    for block in blocks:
        extreme += (np.abs(block @ differences) >= least).sum(axis=0)
        tried += len(block)
    return extreme / tried if every else (extreme + 1) / (tried + 1)


@dataclass(frozen=True, eq=False)
class _Sides:
    """Two colorizers' scores in the same order of pictures; `kept` have a finite score from both."""

    first: Evaluated
    second: Evaluated
    metric: Metric
    scores: tuple[Float, Float]
    kept: NDArray[np.bool_]
    order: NDArray[np.int64]
    """Of the second's rows."""

    @property
    def by_columns(self) -> bool:
        return not self.metric.of_vectors

    @property
    def flips(self) -> bool:
        """Whether a difference belongs to each picture and nothing else was drawn: where the signs may be flipped."""
        return self.metric.kind == "paired" and not self.first.by_seed and not self.second.by_seed

    def difference(self) -> Statistic:
        value = value_of(self.metric)
        return summed(self.scores, self.kept, self.first.groups, self.first.n_groups, lambda first, second: value(first) - value(second))

    def by_photograph(self) -> Float:
        """(groups,) the sums of the pictures' differences, of one seed each."""
        place = list(self.metric.columns).index(self.metric.name)
        first, second = (scores[:, 0, place] for scores in self.scores)
        own = np.zeros(self.first.n_groups)
        np.add.at(own, self.first.groups[self.kept], (first - second)[self.kept])
        return own


def _order(first: Evaluated, second: Evaluated) -> NDArray[np.int64]:
    """The rows of the second in the order of the first."""
    require_same_pictures(first, second)
    return np.asarray(second.items.get_indexer(first.items), np.int64)


def _sides(first: Evaluated, second: Evaluated, metric: Metric, order: NDArray[np.int64]) -> _Sides:
    if metric.of_vectors:
        nothing = np.empty((len(order), 1, 0))
        kept = distribution.usable(first, metric) & distribution.usable(second, metric)[order]
        return _Sides(first, second, metric, (nothing, nothing), kept, order)
    scores = first.scores(metric), second.scores(metric)[order]
    kept = np.logical_and.reduce([np.isfinite(own).all(axis=(1, 2)) for own in scores])
    return _Sides(first, second, metric, scores, kept, order)


def _of_columns(side: _Sides, value: Statistic, drawn: Float, flipped: float | None, settings: params.Compare) -> Paired:
    difference, excluded = value.point(), int((~side.kept).sum())
    if value.groups < 2:
        return Paired(side.metric.name, difference, None, None, None, None, value.groups, excluded)
    low, high = of_statistic(value, drawn, settings, smooth=side.metric.signed is None)
    p = flipped if flipped is not None else _by_bootstrap(value, drawn)
    error, degrees = statistic.standard_error(value.influences), statistic.degrees(value.influences)
    effect = _effect(difference, value) if side.metric.kind == "paired" else None
    return Paired(side.metric.name, difference, low, high, p, effect, value.groups, excluded, error, degrees)


def _effect(difference: float, value: Statistic) -> float | None:
    spread = math.sqrt(value.groups) * statistic.standard_error(value.influences[:1])
    return difference / spread if spread > 1e-9 * abs(difference) else None


def _by_bootstrap(value: Statistic, drawn: Float) -> float | None:
    """The level at which the percentile interval, as wide as `intervals.tail` makes it for few photographs, would touch 0."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return None
    fewer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    share = min(0.5, (fewer + 1) / (len(drawn) + 1))
    return 2 * float(stdtr(statistic.degrees(value.influences), ndtri(share) / statistic.stretch(value.influences)))


def _of_vectors(side: _Sides, settings: params.Compare) -> Paired:
    theirs = np.empty_like(side.kept)
    theirs[side.order] = side.kept
    own, drawn = distribution.drawn(side.first, side.metric, side.kept, settings)
    other, others = distribution.drawn(side.second, side.metric, theirs, settings, side=1)
    difference, photographs = own - other, len(np.unique(side.first.groups[side.kept]))
    excluded = int((~side.kept).sum())
    if photographs < 2 or not math.isfinite(difference):
        return Paired(side.metric.name, difference, None, None, None, None, photographs, excluded)
    low, high = distribution.interval(difference, drawn - others, photographs, settings.confidence)
    p = distribution.p_value(difference, drawn - others, photographs)
    error = distribution.error(drawn - others, photographs)
    return Paired(side.metric.name, difference, low, high, p, None, photographs, excluded, error, photographs - 1)
