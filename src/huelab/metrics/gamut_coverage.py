"""Metric `gamut_coverage`: the share of a photograph's palette that its colourization uses as well.

The ab plane is cut into squares of 10 CIE units (around the points of the grid of Zhang et al.'s bins). A picture uses a square when at
least one pixel in a thousand, and at least one, lies in it. The value is the share of the squares the photograph uses that the predicted
ab uses too; each counts alike, so a small red ball counts as much as the sky. Colours the photograph does not have cost nothing, and
place does not count: shuffled colours score high. It tells models that paint everything brown from those that use the whole box.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.metrics import squares
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

LEAST = 1e-3
"""Share of the pixels that makes a square used."""


def used(index: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(729,) which squares a picture uses whose colours lie in those of `index` (...)."""
    return np.bincount(index.ravel(), minlength=squares.ACROSS**2) >= max(LEAST * index.size, 1)


def gamut_coverage(pair: Pair) -> float:
    """Share (0..1) of the true squares that the prediction uses; 1 for equal ab."""
    true = used(pair.truth_squares)
    return float(np.count_nonzero(true & used(pair.predicted_squares)) / np.count_nonzero(true))


METRIC = Metric(
    name="gamut_coverage",
    title="Gamut coverage",
    unit="share of the truth's ab squares of 10 CIE units (≥ 0.1 % of pixels) also predicted",
    better="higher",
    kind="paired",
    cost="cheap",
    citation="huelab; grid: R. Zhang, P. Isola, A. Efros, Colorful Image Colorization, ECCV 2016",
    columns={"gamut_coverage": gamut_coverage},
)
