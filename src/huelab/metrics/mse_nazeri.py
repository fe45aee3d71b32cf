"""Metric `mse_nazeri`: mean squared error over L/50 - 1 and ab/110, the unit in which Nazeri's generator gives all three channels.

A colourized picture keeps the lightness of its photograph here, so the first of the three channels is without error: the value is two
thirds of the MSE of ab/110. Figures from code that predicts L as well can only be higher for it.
"""

from __future__ import annotations

import numpy as np

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair


def mse_nazeri(pair: Pair) -> float:
    """Mean over pixels and three channels of the squared difference of (L / 50 - 1, a / 110, b / 110); 0 for equal ab."""
    difference = pair.ab_difference.ravel()
    channels = 1.5 * difference.size  # the two of ab and the one of L, whose difference is 0
    return float(np.dot(difference, difference)) / channels / 110.0**2


METRIC = Metric(
    name="mse_nazeri",
    title="MSE L/50−1, ab/110",
    unit="squared, mean of L/50 − 1 (kept, so 0), a/110 and b/110",
    better="lower",
    kind="paired",
    cost="cheap",
    citation="K. Nazeri, E. Ng, M. Ebrahimi, Image Colorization using Generative Adversarial Networks, 2018 (unit of the code)",
    digits=5,
    columns={"mse_nazeri": mse_nazeri},
)
