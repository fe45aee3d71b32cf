"""Metric `mae_ab`: mean absolute error of ab in CIE units. Over 110 it is the L1 of pix2pix-style colorizers; L is not part of it."""

from __future__ import annotations

import numpy as np

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair


def mae_ab(pair: Pair) -> float:
    """Mean over pixels and the two channels of |predicted − true| in CIE units; 0 for equal ab."""
    return float(np.abs(pair.ab_difference).mean(dtype=np.float64))


METRIC = Metric(
    name="mae_ab",
    title="MAE ab",
    unit="CIE ab, mean of both channels",
    better="lower",
    kind="paired",
    cost="cheap",
    citation="P. Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017 (L1 term; there ab/110)",
    digits=2,
    columns={"mae_ab": mae_ab},
)
