"""How sure a value is: bootstrap over photographs, and over seeds where there are several. A photograph's pictures stay together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from huelab import params
from huelab.evaluation import distribution, statistic
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.statistic import Statistic, summed, value_of
from huelab.metrics.definition import Metric

Float = NDArray[np.float64]
_NORMAL = NormalDist()
_EDGE = 0.5
"""A bias correction beyond this says that the draws cannot reach to both sides of the value: BCa would then shrink to nothing."""


@dataclass(frozen=True)
class Estimate:
    """A value over the test pictures with its interval; low and high are None where one photograph gives no idea of the spread."""

    mean: float
    """Of a set-level metric its value."""
    low: float | None
    high: float | None
    photographs: int
    """That had a score, near-duplicates counted once; the interval is over these."""
    excluded: int = 0
    """Pictures left out because their score is NaN or infinite."""
    median: float | None = None
    """Over pictures; None for a set-level metric."""


def estimates(one: Evaluated, chosen: Sequence[Metric], settings: params.Compare) -> dict[str, Estimate]:
    """Each metric of `chosen` over the pictures of `one`: paired metrics as means, set-level ones as their value.

    The same seed draws the same photographs for every model. With several seeds, seeds are drawn as well: the interval then speaks about
    other photographs and another training of the same recipe.
    """
    of_columns = [metric for metric in chosen if not metric.of_vectors]
    scores = [one.scores(metric) for metric in of_columns]
    finite = [np.asarray(np.isfinite(own).all(axis=(1, 2))) for own in scores]
    values = [
        summed([own], kept, one.groups, one.n_groups, value_of(metric, signed=True))
        for metric, own, kept in zip(of_columns, scores, finite, strict=True)
    ]
    drawn = statistic.draw(values, settings.draws, settings.seed) if one.n_groups > 1 else [np.empty(0)] * len(values)
    found = {}
    for metric, own, kept, value, draws in zip(of_columns, scores, finite, values, drawn, strict=True):
        low, high = of_statistic(value, draws, settings)
        mean = value.point()
        if metric.signed:
            mean, low, high = folded(mean, low, high)
        median = float(np.median(own[kept].mean(axis=(1, 2)))) if metric.kind == "paired" and kept.any() else None
        found[metric.name] = Estimate(mean, low, high, value.groups, int((~kept).sum()), median)
    found |= {metric.name: _of_vectors(one, metric, settings) for metric in chosen if metric.of_vectors}
    return {metric.name: found[metric.name] for metric in chosen}


def of_statistic(value: Statistic, drawn: Float, settings: params.Compare, *, smooth: bool = True) -> tuple[float | None, float | None]:
    """The interval of a statistic from its bootstrap values; (None, None) for fewer than two groups of photographs.

    `smooth`: False for a value with an edge, such as a difference of absolute values, where BCa's correction does not hold.
    """
    if value.groups < 2:
        return None, None
    skew = statistic.acceleration(value.influences) if smooth and settings.interval == "bca" else None
    return interval(value.point(), drawn, tail(value, settings.confidence), skew)


def tail(value: Statistic, confidence: float) -> float:
    """The share of draws beyond either end of the interval.

    (1 - confidence) / 2 for many photographs; less for few, by as much as Student's t is wider than the normal distribution and the
    standard error larger than the draws' spread (T. Hesterberg, What teachers should know about the bootstrap, 2015, section 4.5).
    """
    quantile = stdtrit(statistic.degrees(value.influences), (1 + confidence) / 2)
    return _NORMAL.cdf(-float(quantile) * statistic.stretch(value.influences))


def interval(value: float, drawn: Float, tail: float, acceleration: float | None = None) -> tuple[float | None, float | None]:
    """Low and high end from bootstrap values: BCa with this acceleration, percentiles for None; draws that are not finite are left out.

    BCa (B. Efron, Better bootstrap confidence intervals, JASA 1987) takes percentiles that are moved for the draws' bias and skewness.
    It falls back on plain percentiles where the correction is not defined: all draws on one side of the value, or nearly so.
    """
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn) or not math.isfinite(value):
        return None, None
    if np.ptp(drawn) <= 1e-12 * max(abs(value), float(np.abs(drawn).max())):
        return value, value
    ends = [tail, 1 - tail]
    if acceleration is not None and tail > 0:
        ends = _corrected(tail, value, drawn, acceleration) or ends
    low, high = np.quantile(drawn, ends)
    return float(low), float(high)


def _corrected(tail: float, value: float, drawn: Float, acceleration: float) -> list[float]:
    """The percentiles of BCa; [] where it has none."""
    below = float((drawn < value).mean() + (drawn == value).mean() / 2)
    if not 0 < below < 1:
        return []
    bias, reach = _NORMAL.inv_cdf(below), _NORMAL.inv_cdf(tail)
    moved = [bias + reach, bias - reach]
    if abs(bias) > _EDGE or any(1 - acceleration * end <= 0 for end in moved):
        return []
    return [_NORMAL.cdf(bias + end / (1 - acceleration * end)) for end in moved]


def folded(value: float, low: float | None, high: float | None) -> tuple[float, float | None, float | None]:
    """The absolute value of a signed one, and of its interval: from 0 where the signed interval holds 0."""
    if low is None or high is None:
        return abs(value), low, high
    ends = sorted((abs(low), abs(high)))
    return abs(value), 0.0 if low <= 0 <= high else ends[0], ends[1]


def _of_vectors(one: Evaluated, metric: Metric, settings: params.Compare) -> Estimate:
    usable = distribution.usable(one, metric)
    photographs = len(np.unique(one.groups[usable]))
    value, drawn = distribution.drawn(one, metric, usable, settings)
    low, high = distribution.interval(value, drawn, photographs, settings.confidence)
    return Estimate(value, low, high, photographs, int((~usable).sum()))
