"""Metric `mse_ab110`: mean squared error of ab/110, the unit of pix2pix-style colorizers. Times 12100 it is in CIE units; L is no part."""

from __future__ import annotations

import numpy as np

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair


def mse_ab110(pair: Pair) -> float:
    """Mean over pixels and the two channels of ((predicted − true) / 110)²; 0 for equal ab."""
    difference = pair.ab_difference.ravel()
    return float(np.dot(difference, difference)) / difference.size / 110.0**2


METRIC = Metric(
    name="mse_ab110",
    title="MSE ab/110",
    unit="(CIE ab / 110)², mean of both channels",
    better="lower",
    kind="paired",
    cost="cheap",
    citation="P. Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017 (unit of the colorization code)",
    digits=4,
    columns={"mse_ab110": mse_ab110},
)
