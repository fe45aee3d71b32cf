"""Draws of metrics that compare distributions (FID): few, for each costs a matrix root, and read by their spread alone.

A set drawn with replacement holds repetitions, so its distance is systematically larger than that of the set itself, and percentiles of the
draws would lie beside the value. Their standard deviation is sound: the interval is value ± t · that, about the value that this number of
pictures gives (which is itself biased upwards, hence "at n pictures" wherever it is cited).
"""

from __future__ import annotations

import math
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from huelab import params
from huelab.evaluation import resampling, vectors
from huelab.evaluation.evaluated import Evaluated
from huelab.metrics.definition import Metric

Float = NDArray[np.float64]
_known: WeakKeyDictionary[Evaluated, dict[tuple[object, ...], tuple[float, Float]]] = WeakKeyDictionary()


def usable(one: Evaluated, metric: Metric) -> NDArray[np.bool_]:
    """(pictures,) whether all vectors that the metric needs are finite."""
    return vectors.usable(metric, one.vectors, len(one.table))


def drawn(one: Evaluated, metric: Metric, kept: NDArray[np.bool_], settings: params.Compare, side: int = 0) -> tuple[float, Float]:
    """The value over the `kept` pictures and (draws,) values over photographs, and seeds, drawn with replacement.

    Values of drawn photographs are computed once per colorizer and pictures kept: each comparison with another colorizer takes the same.
    `side` is 1 for the second of two colorizers, whose seeds are drawn on their own.
    """
    known = _known.setdefault(one, {})
    key = (metric.name, kept.tobytes(), settings.costly_draws, settings.draws, settings.seed)
    if key not in known:
        known[key] = _drawn(one, metric, kept, settings)
    value, by_seed = known[key]
    shares = resampling.seeds(by_seed.shape[1], len(by_seed), settings.seed, side)
    return value, np.asarray((by_seed * shares).sum(axis=1), np.float64)


def _drawn(one: Evaluated, metric: Metric, kept: NDArray[np.bool_], settings: params.Compare) -> tuple[float, Float]:
    """The value, and (draws, seeds) values of drawn photographs."""
    whole = kept.astype(np.float64)[None]
    value = float(vectors.values(metric, one.vectors, whole)[0])
    if not np.isfinite(value) or one.n_groups < 2:
        return value, np.empty((0, 1))
    counts = _counts(one.n_groups, settings)[:, one.groups] * whole
    return value, np.stack([vectors.values(metric, [own], counts) for own in one.vectors], axis=1)


def _counts(groups: int, settings: params.Compare) -> Float:
    """(costly_draws, groups): the first of the draws that all other metrics have."""
    rows: list[Float] = []
    for block in resampling.photographs(groups, settings.draws, settings.seed):
        rows.append(block[: settings.costly_draws - sum(map(len, rows))])
        if sum(map(len, rows)) >= settings.costly_draws:
            break
    return np.concatenate(rows)


def spread(values: Float) -> float:
    """Standard deviation of the finite draws; NaN for fewer than two."""
    values = values[np.isfinite(values)]
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def error(values: Float, photographs: int) -> float | None:
    """Standard error of a value from its draws; None where they are too few to say."""
    found = spread(values) * (photographs / (photographs - 1)) ** 0.5 if photographs > 1 else math.nan
    return found if math.isfinite(found) else None


def interval(value: float, values: Float, photographs: int, confidence: float) -> tuple[float | None, float | None]:
    """value ± t · its standard error; (None, None) where there are too few photographs or draws."""
    scale = error(values, photographs)
    if scale is None or not math.isfinite(value):
        return None, None
    reach = float(stdtrit(photographs - 1, (1 + confidence) / 2)) * scale
    return value - reach, value + reach


def p_value(difference: float, values: Float, photographs: int) -> float | None:
    """Two-sided p of a difference whose draws are `values`, as Student's t; None where there are too few photographs or draws."""
    scale = error(values, photographs)
    if scale is None or not math.isfinite(difference):
        return None
    if scale == 0:
        return 1.0 if difference == 0 else 0.0
    return 2 * float(stdtr(photographs - 1, -abs(difference) / scale))
