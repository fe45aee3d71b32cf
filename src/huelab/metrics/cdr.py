"""Metric `cdr`: cluster discrepancy ratio, how well colours stop at the photograph's colour edges instead of bleeding over them.

As published: on each of a and b the photograph's edges are found (Canny, σ 1.2, quantiles 0.2 and 0.7) and both pictures are cut into
some 250 superpixels (SLIC, compactness 10, σ 1). Around every edge pixel, within 4 pixels each way (kernel size 5 of the code), the
pixels which the photograph puts into another superpixel than the edge pixel's are looked at: the share of them that the colourization
puts into the edge pixel's own has bled. The value is 1 minus that share, the mean of all edge pixels; an edge pixel with no other
superpixel in reach counts 1.

Ours, where the published code leaves a choice or has a slip: compactness is meant in CIE units of a or b (the code's scale depends on the
version of scikit-image, which would stretch a pale picture's noise to full contrast); windows end at the picture's border (the code
compares with a padding of label 0, which no superpixel has); and a's and b's values are averaged into one, over those of the two that
have edges. NaN where neither has any.

SLIC cuts a flat plane into squares, so gray does not score 0: only differences between models, on the same pictures, say something. Below
some 128 pixels a superpixel is no larger than the window, and little is left to measure.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from skimage.feature import canny
from skimage.segmentation import slic

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

REACH = 4
"""Pixels each way from an edge pixel."""
SEGMENTS = 250
LEAST = 1.0
"""CIE units between a channel's extremes below which it has no edges; quantiles would find some in rounding noise."""
COMPACTNESS = 10.0
"""CIE units of a or b that weigh as much as the distance between two superpixels."""


def ratio(truth: NDArray[np.float32], predicted: NDArray[np.float32]) -> float:
    """1 − the bled share of one channel (h, w), CIE units; NaN where the truth has no edges."""
    if np.ptp(truth) < LEAST:
        return math.nan
    rows, columns = np.nonzero(canny(truth.astype(np.float64), sigma=1.2, low_threshold=0.2, high_threshold=0.7, use_quantiles=True))
    if not len(rows):
        return math.nan
    true, made = _superpixels(truth), _superpixels(predicted)
    height, width = truth.shape
    other, merged = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.int32)
    for down in range(-REACH, REACH + 1):
        for right in range(-REACH, REACH + 1):
            row, column = rows + down, columns + right
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
            apart = inside & (true[row, column] != true[rows, columns])
            other += apart
            merged += apart & (made[row, column] == made[rows, columns])
    return float(1 - np.where(other > 0, merged / np.maximum(other, 1), 0).mean())


def _superpixels(plane: NDArray[np.float32]) -> NDArray[np.int64]:
    low, high = float(plane.min()), float(plane.max())
    compactness = COMPACTNESS / (high - low) if high > low else COMPACTNESS  # slic scales what it is given to 0..1 first
    labels = slic(plane, n_segments=SEGMENTS, compactness=compactness, sigma=1, start_label=1, channel_axis=None)
    return np.asarray(labels, np.int64)


def cdr(pair: Pair) -> float:
    """Mean over a and b of 1 − the bled share; 1 for equal ab, NaN where the photograph has no colour edges."""
    values = [ratio(pair.truth_lab[..., channel + 1], pair.predicted_ab[..., channel]) for channel in range(2)]
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


METRIC = Metric(
    name="cdr",
    title="CDR",
    unit="share of pixels across a true colour edge kept apart; SLIC 250, Canny σ 1.2, window 9×9",
    better="higher",
    kind="paired",
    cost="costly",
    citation="E. Kim et al., Deep Edge-Aware Interactive Colorization against Color-Bleeding Effects, ICCV 2021 (and its code)",
    columns={"cdr": cdr},
)
