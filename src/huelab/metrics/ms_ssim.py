"""Metric `ms_ssim`: structural similarity at five scales, 8-bit sRGB, the mean of the three channels.

Contrast and structure (`ssim`'s window) at every scale, luminance at the coarsest, each to the power of its published weight. From one
scale to the next, 2×2 pixels become their mean; where a side is odd its last row is doubled first, as in the authors' code. A negative
term counts as 0. Below 161 pixels the 11-pixel window no longer fits at the fifth scale, and the value is NaN: fewer scales would be
another metric.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.metrics import ssim
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SMALLEST = (ssim.WINDOW - 1) * 2 ** (len(WEIGHTS) - 1) + 1
"""Pixels of the shorter side: 161."""


def multi_scale_similarity(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """MS-SSIM of two (h, w, c) uint8 pictures, 0..1, 1 for identical ones; NaN when a side is under 161 pixels."""
    if min(first.shape[:2]) < SMALLEST:
        return math.nan
    channels = int(first.shape[2])
    planes = ((ssim.centred(first[..., channel]), ssim.centred(second[..., channel])) for channel in range(channels))
    return sum((_of_planes(x, y) for x, y in planes), 0.0) / channels


def _of_planes(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    value = 1.0
    for scale, weight in enumerate(WEIGHTS):
        last = scale == len(WEIGHTS) - 1
        smaller = None if last else (_halved(x), _halved(y))
        value *= max(ssim.of_planes(x, y, luminance=last), 0.0) ** weight
        if smaller:
            x, y = smaller
    return value


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    if height % 2 or width % 2:
        plane = np.asarray(cv2.copyMakeBorder(plane, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), np.float32)
    size = ((width + 1) // 2, (height + 1) // 2)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def ms_ssim(pair: Pair) -> float:
    """MS-SSIM of the rendered picture and the photograph; NaN when a side is under 161 pixels."""
    return multi_scale_similarity(pair.truth_rgb, pair.predicted_rgb)


METRIC = Metric(
    name="ms_ssim",
    title="MS-SSIM",
    unit="5 scales, 11×11 Gaussian, σ 1.5, RGB; from 161 pixels on",
    better="higher",
    kind="paired",
    cost="moderate",
    citation="Z. Wang, E. Simoncelli, A. Bovik, Multi-scale Structural Similarity for Image Quality Assessment, Asilomar 2003",
    columns={"ms_ssim": ms_ssim},
)
