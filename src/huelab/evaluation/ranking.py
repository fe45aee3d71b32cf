"""Who is best in a metric: lowest, highest, or, where neither is better, closest to what the photographs themselves score."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from huelab.evaluation.evaluated import Evaluated
from huelab.metrics.definition import Metric


def ideal(metric: Metric, evaluated: Sequence[Evaluated]) -> float | None:
    """What the test photographs themselves score: `metric` with the means of its columns NAME_truth for those of NAME; None if unknown."""
    one = next((one for one in evaluated if one.has(metric)), None)
    if one is None or not any(f"{name}_truth" in metric.columns for name in metric.columns):
        return None
    scores = one.scores(metric).mean(axis=1)
    scores = scores[np.isfinite(scores).all(axis=1)]
    if not len(scores):
        return None
    named = dict(zip(metric.columns, scores.mean(axis=0), strict=True))
    value = float(metric.value({name: np.array(named.get(f"{name}_truth", mean)) for name, mean in named.items()}))
    return value if math.isfinite(value) else None


def rank(value: float | None, model: str, metric: Metric, ideal: float | None) -> tuple[float, str]:
    """The key that puts the best first; in a metric without a direction (colorfulness) that is who is closest to `ideal`.

    No value comes last.
    """
    if value is None or math.isnan(value):
        return math.inf, model
    key = -value if metric.better == "higher" else abs(value - (ideal or 0.0)) if metric.better == "none" else value
    return key, model
