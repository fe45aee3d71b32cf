"""Metric `auc_ab_rebalanced`: `auc_ab` with every pixel weighted by how rare its true colour is, so that rare colours count (λ = 0).

A pixel's weight is 1 over the share of its true colour's ab bin among the training pixels (the store's prior), as in equation 4 of
Zhang et al. with λ = 0. Their number pools the pixels of all pictures, so this is a set-level metric: the mean of the pictures' own areas,
each counted by its pixels' weights. (A plain mean of the pictures' areas reads some 12 points higher for gray, for most pictures hold few
rare colours.)
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from huelab.color import bins
from huelab.metrics.auc_ab import area
from huelab.metrics.definition import Means, Metric
from huelab.metrics.pair import Pair

LEAST_SHARE = 1e-4
"""Bins the training pixels hold (almost) never count as if they held so much. On 265 ImageNet test photographs with a prior from 283
others, gray scores 62 with it (the paper: 58), 54 with 1e-5; without it one photograph carries 92 % of all weight and gray scores 34."""


def of_picture(pair: Pair) -> float:
    """Area of one picture, percent; NaN where no prior is known."""
    return _area_and_weight(pair)[0]


def weight(pair: Pair) -> float:
    """Mean weight of a picture's pixels; about 1 for one that has the colours of the training pixels. NaN where no prior is known."""
    return _area_and_weight(pair)[1]


def weighted(pair: Pair) -> float:
    """Area times weight, whose mean over mean weight is the pooled area."""
    own, mean = _area_and_weight(pair)
    return own * mean


def of_means(means: Means) -> NDArray[np.float64]:
    """The area over the pooled pixels of a set, percent."""
    return means["auc_ab_rebalanced_weighted"] / means["auc_ab_rebalanced_weight"]


@lru_cache(maxsize=1)
def _area_and_weight(pair: Pair) -> tuple[float, float]:
    if pair.prior is None:
        return math.nan, math.nan
    weights = bins.class_weights(np.maximum(pair.prior, LEAST_SHARE), lam=0)[pair.truth_bins]
    return area(pair.ab_distance, weights), float(weights.mean())


METRIC = Metric(
    name="auc_ab_rebalanced",
    title="AuC rebalanced",
    unit="%, ab distance 0..150, pixels of the set pooled, weights 1/max(prior of the true bin, 1e-4), λ 0",
    better="higher",
    kind="set",
    cost="moderate",
    citation="R. Zhang, P. Isola, A. Efros, Colorful Image Colorization, ECCV 2016, section 3.1 and equation 4",
    digits=1,
    columns={"auc_ab_rebalanced": of_picture, "auc_ab_rebalanced_weight": weight, "auc_ab_rebalanced_weighted": weighted},
    of_means=of_means,
)
