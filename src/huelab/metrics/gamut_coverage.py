"""Metric `gamut_coverage`: the share of a photograph's palette that its colourization uses as well.

The ab plane is cut into squares of 10 CIE units (around the points of the grid of Zhang et al.'s bins). A picture uses a square when at
least one pixel in a thousand, and at least one, lies in it. The value is the share of the squares the photograph uses that the predicted
ab uses too; each counts alike, so a small red ball counts as much as the sky. Colours the photograph does not have cost nothing, and
place does not count: shuffled colours score high. It tells models that paint everything brown from those that use the whole box.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

SIDE = 10
"""CIE units of a square."""
LEAST = 1e-3
"""Share of the pixels that makes a square used."""
_ACROSS = 2 * 130 // SIDE + 1
"""Squares in a row: a and b of sRGB, and of anything clamped to it, lie within ±130."""


def used(ab: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(729,) which squares the colours ab (..., 2) use."""
    squares = np.rint(ab.reshape(-1, 2) * np.float32(1 / SIDE)).astype(np.int32)
    np.clip(squares, -(_ACROSS // 2), _ACROSS // 2, out=squares)
    index = squares[:, 0] * _ACROSS + squares[:, 1] + _ACROSS**2 // 2
    counts = np.bincount(index, minlength=_ACROSS**2)
    return np.asarray(counts >= max(LEAST * len(squares), 1))


def gamut_coverage(pair: Pair) -> float:
    """Share (0..1) of the true squares that the prediction uses; 1 for equal ab."""
    true = used(pair.truth_lab[..., 1:])
    return float(np.count_nonzero(true & used(pair.predicted_ab)) / np.count_nonzero(true))


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
