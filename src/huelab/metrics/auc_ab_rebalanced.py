"""Metric `auc_ab_rebalanced`: `auc_ab` with every pixel weighted by how rare its true colour is, so that rare colours count (λ = 0).

A pixel's weight is 1 over the share of its true colour's ab bin among the training pixels (the store's prior), as in equation 4 of
Zhang et al. with λ = 0. Weights are normalised within each picture, so the value of a set is a mean over pictures like all others.
"""

from __future__ import annotations

import math

import numpy as np

from huelab.color import bins
from huelab.metrics.auc_ab import area
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

LEAST_SHARE = 1e-5
"""Bins the training pixels hold (almost) never count as if they held so much: else one stray pixel decides a picture's value."""


def auc_ab_rebalanced(pair: Pair) -> float:
    """Area of one picture, percent; NaN where no prior is known."""
    if pair.prior is None:
        return math.nan
    weights = bins.class_weights(np.maximum(pair.prior, LEAST_SHARE), lam=0)
    return area(pair.ab_distance, weights[bins.nearest(pair.truth_lab[..., 1:])])


METRIC = Metric(
    name="auc_ab_rebalanced",
    title="AuC rebalanced",
    unit="%, ab distance 0..150, weights 1/prior of the true bin, λ 0",
    better="higher",
    kind="paired",
    cost="moderate",
    citation="R. Zhang, P. Isola, A. Efros, Colorful Image Colorization, ECCV 2016, section 3.1 and equation 4",
    digits=1,
    columns={"auc_ab_rebalanced": auc_ab_rebalanced},
)
