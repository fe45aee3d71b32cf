"""The ab plane in squares of 10 CIE units around the points of the bins' grid: a quick index of colours, and from it their nearest bins."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from huelab.color import bins

SIDE = bins.STEP
"""CIE units of a square."""
ACROSS = 27
"""Squares in a row, from −135 to 135: a and b of sRGB, and of anything clamped to it, lie within ±110. Beyond counts at the edge."""

Float = NDArray[np.float32]
Index = NDArray[np.int64]


def of(ab: Float) -> Index:
    """(...) index 0..728 of the square of each colour ab (..., 2)."""
    half = ACROSS // 2
    place = np.rint(ab * np.float32(1 / SIDE))
    np.clip(place, -half, half, out=place)
    return np.asarray(place[..., 0] * np.float32(ACROSS) + (place[..., 1] + np.float32(ACROSS * half + half)), np.int64)


def nearest_bins(squares: Index, ab: Float) -> Index:
    """(...) the nearest of the 313 bins of colours ab (..., 2) in `squares`; of two equally near ones either.

    As `bins.nearest`, which it asks only for the few colours whose square's point is no bin.
    """
    index = _bin_of_square()[squares]
    elsewhere = index < 0
    if elsewhere.any():
        index[elsewhere] = bins.nearest(ab[elsewhere])
    return np.asarray(index)


@cache
def _bin_of_square() -> Index:
    table = np.full(ACROSS**2, -1, np.int64)
    table[of(bins.centers().astype(np.float32))] = np.arange(bins.COUNT)
    return table
