"""Metric `auc_ab`: area under the share of pixels whose ab lies within t of the truth, t = 0..150, in percent (Zhang et al. 2016)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

LIMIT = 150


def area(distance: NDArray[np.float32], weights: NDArray[np.float64] | None = None) -> float:
    """Trapezoid area in percent under the (weighted) share of `distance` (any shape, CIE units) <= t, t = 0, 1, …, 150; 100 is perfect."""
    steps = np.minimum(np.ceil(distance.ravel()), LIMIT + 1).astype(np.int64)
    counts = np.bincount(steps, None if weights is None else weights.ravel(), minlength=LIMIT + 2)
    share = np.cumsum(counts)[: LIMIT + 1] / counts.sum()
    return float((share.sum() - (share[0] + share[-1]) / 2) / LIMIT * 100)


def auc_ab(pair: Pair) -> float:
    """Area of one picture, percent; every pixel counts alike, so a gray picture already reaches about 88."""
    return area(pair.ab_distance)


METRIC = Metric(
    name="auc_ab",
    title="AuC",
    unit="%, ab distance 0..150",
    better="higher",
    kind="paired",
    cost="cheap",
    citation="R. Zhang, P. Isola, A. Efros, Colorful Image Colorization, ECCV 2016, section 3.1",
    digits=1,
    columns={"auc_ab": auc_ab},
)
