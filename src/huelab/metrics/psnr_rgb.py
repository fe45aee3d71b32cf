"""Metric `psnr_rgb`: peak signal-to-noise ratio of 8-bit sRGB in decibels, averaged over pictures (not taken of an averaged error)."""

from __future__ import annotations

import math

import numpy as np

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair


def psnr_rgb(pair: Pair) -> float:
    """10·log10(255² / MSE over pixels and channels); inf for identical pictures, which a mean must leave out."""
    difference = np.subtract(pair.predicted_rgb, pair.truth_rgb, dtype=np.int32).ravel()
    squares = int(np.dot(difference, difference)) if difference.size < 33_000 else int(np.square(difference).sum(dtype=np.int64))
    if squares == 0:
        return math.inf
    return 10 * math.log10(255.0**2 * difference.size / squares)


METRIC = Metric(
    name="psnr_rgb",
    title="PSNR RGB",
    unit="dB, 8-bit sRGB, mean of pictures",
    better="higher",
    kind="paired",
    cost="cheap",
    citation="scikit-image peak_signal_noise_ratio, data_range 255",
    digits=2,
    columns={"psnr_rgb": psnr_rgb},
)
