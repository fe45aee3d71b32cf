"""Metric `mse_ab128`: mean squared error of ab/128, the unit of Wallner's networks. Times 16384 it is in CIE units; L is not part of it."""

from __future__ import annotations

import numpy as np

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair


def mse_ab128(pair: Pair) -> float:
    """Mean over pixels and the two channels of ((predicted − true) / 128)²; 0 for equal ab."""
    difference = pair.ab_difference.ravel()
    return float(np.dot(difference, difference)) / difference.size / 128.0**2


METRIC = Metric(
    name="mse_ab128",
    title="MSE ab/128",
    unit="(CIE ab / 128)², mean of both channels",
    better="lower",
    kind="paired",
    cost="cheap",
    citation="E. Wallner, Coloring-greyscale-images, 2017 (loss and unit)",
    digits=4,
    columns={"mse_ab128": mse_ab128},
)
