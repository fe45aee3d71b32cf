"""Metric `psnr_ab`: peak signal-to-noise ratio of ab in decibels, averaged over pictures, with 255 CIE units as the peak.

Papers seldom state the peak. 255 is the range of a and b in 8-bit Lab (−128..127), which most of their code measures on; with 220 (ab/110
scaled to −1..1) every value would be 1.28 dB lower.
"""

from __future__ import annotations

import math

import numpy as np

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

PEAK = 255.0
"""CIE units."""


def psnr_ab(pair: Pair) -> float:
    """10·log10(255² / MSE over pixels and both channels); inf for equal ab, which a mean must leave out."""
    difference = pair.ab_difference.ravel()
    squares = float(np.dot(difference, difference))
    return 10 * math.log10(PEAK**2 * difference.size / squares) if squares else math.inf


METRIC = Metric(
    name="psnr_ab",
    title="PSNR ab",
    unit="dB, CIE ab, peak 255, mean of pictures",
    better="higher",
    kind="paired",
    cost="cheap",
    citation="scikit-image peak_signal_noise_ratio, data_range 255",
    digits=2,
    columns={"psnr_ab": psnr_ab},
)
