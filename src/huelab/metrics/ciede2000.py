"""Metric `ciede2000`: mean CIEDE2000 colour difference of the rendered picture, kL = kC = kH = 1.

The mean hue is never formed as an angle: its cosine and sine follow from the sum of the two hue vectors, those of its multiples from
double-angle identities. About 5 times as fast as the textbook form, and within 5e-4 of it in float32.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

Float = NDArray[np.float32]

_BLOCK = 16384  # pixels whose temporaries stay in a core's cache
_PIECES = 8192  # of the table of rotations
_25_7 = np.float32(25.0**7)
_COS6, _SIN6 = np.cos(np.radians(6.0, dtype=np.float32)), np.sin(np.radians(6.0, dtype=np.float32))
_COS30, _SIN30 = np.cos(np.radians(30.0, dtype=np.float32)), np.sin(np.radians(30.0, dtype=np.float32))
_COS63, _SIN63 = np.cos(np.radians(63.0, dtype=np.float32)), np.sin(np.radians(63.0, dtype=np.float32))
_COS275, _SIN275 = np.cos(np.radians(275.0, dtype=np.float32)), np.sin(np.radians(275.0, dtype=np.float32))


def difference(first: Float, second: Float) -> Float:
    """CIEDE2000 of two L*a*b* arrays (..., 3) float32, pixel by pixel, shape (...)."""
    planes = [np.ascontiguousarray(array.reshape(-1, 3).T, np.float32) for array in (first, second)]
    result = np.empty(planes[0].shape[1], np.float32)
    for start in range(0, result.size, _BLOCK):
        stop = start + _BLOCK
        result[start:stop] = _block(*planes[0][:, start:stop], *planes[1][:, start:stop])
    return result.reshape(first.shape[:-1])


def _block(l1: Float, a1: Float, b1: Float, l2: Float, a2: Float, b2: Float) -> Float:
    b1_squared, b2_squared = b1 * b1, b2 * b2
    # a' is stretched for weak chroma: a' = (1 + G) a
    unstretched = (np.sqrt(a1 * a1 + b1_squared) + np.sqrt(a2 * a2 + b2_squared)) * np.float32(0.5)
    stretch = np.float32(1.5) - np.float32(0.5) * _seventh(unstretched)
    a1, a2 = stretch * a1, stretch * a2
    c1, c2 = np.sqrt(a1 * a1 + b1_squared), np.sqrt(a2 * a2 + b2_squared)
    mean_chroma = (c1 + c2) * np.float32(0.5)
    chroma = c2 - c1
    hue, cosine, sine = _hues(a1, b1, c1, a2, b2, c2)

    cosine2, sine2 = cosine * cosine - sine * sine, 2 * sine * cosine
    cosine3, sine3 = cosine2 * cosine - sine2 * sine, sine2 * cosine + cosine2 * sine
    cosine4, sine4 = cosine2 * cosine2 - sine2 * sine2, 2 * sine2 * cosine2
    t = (
        np.float32(1)
        - np.float32(0.17) * (cosine * _COS30 + sine * _SIN30)
        + np.float32(0.24) * cosine2
        + np.float32(0.32) * (cosine3 * _COS6 - sine3 * _SIN6)
        - np.float32(0.20) * (cosine4 * _COS63 + sine4 * _SIN63)
    )
    lightness = (l1 + l2) * np.float32(0.5) - np.float32(50)
    lightness *= lightness
    scaled_l = (l2 - l1) / (1 + np.float32(0.015) * lightness / np.sqrt(20 + lightness))
    scaled_c = chroma / (1 + np.float32(0.045) * mean_chroma)
    scaled_h = hue / (1 + np.float32(0.015) * mean_chroma * t)
    rotation = _seventh(mean_chroma) * _turn(cosine * _COS275 + sine * _SIN275)
    total = scaled_l * scaled_l + scaled_c * scaled_c + scaled_h * scaled_h + rotation * scaled_c * scaled_h
    return np.asarray(np.sqrt(np.maximum(total, 0)), np.float32)


def _turn(from_blue: Float) -> Float:
    """−2·sin(2Δθ), Δθ = 30°·exp(−(θ / 25°)²), of the cosine of the angle θ from 275°: a table's straight pieces, within 2e-6."""
    values, slopes = _turns()
    place = np.clip((np.float32(1) - from_blue) * np.float32(_PIECES / 2), 0, np.float32(_PIECES - 0.01))
    index = place.astype(np.intp)
    return np.asarray(values[index] + (place - index.astype(np.float32)) * slopes[index], np.float32)


@cache
def _turns() -> tuple[Float, Float]:
    theta = np.degrees(np.arccos(np.linspace(1, -1, _PIECES + 1)))
    values = -2 * np.sin(np.radians(60 * np.exp(-((theta / 25) ** 2))))
    return values[:-1].astype(np.float32), np.diff(values).astype(np.float32)


def _seventh(chroma: Float) -> Float:
    """sqrt(C⁷ / (C⁷ + 25⁷))."""
    squared = chroma * chroma
    power = squared * squared * squared * chroma
    return np.asarray(np.sqrt(power / (power + _25_7)), np.float32)


def _hues(a1: Float, b1: Float, c1: Float, a2: Float, b2: Float, c2: Float) -> tuple[Float, Float, Float]:
    """ΔH', and cosine and sine of the mean hue: that of the two hue vectors' bisector. A colour without chroma takes the other's hue."""
    product = c1 * c2
    c1, c2 = c1 + np.float32(1e-6), c2 + np.float32(1e-6)
    # sum and difference of the unit hue vectors times C1·C2: 2·cos(Δh/2) along the bisector, 2·sin(Δh/2) at right angles to it
    a_first, b_first, a_second, b_second = a1 * c2, b1 * c2, a2 * c1, b2 * c1
    a_sum, b_sum = a_first + a_second, b_first + b_second
    a_turn, b_turn = a_first - a_second, b_first - b_second
    along, across = np.sqrt(a_sum * a_sum + b_sum * b_sum), np.sqrt(a_turn * a_turn + b_turn * b_turn)
    cross = a1 * b2 - b1 * a2
    hue = np.copysign(across * np.sqrt(product) / (c1 * c2), cross)  # 2·sqrt(C1·C2)·sin(Δh/2)

    # the longer of the two vectors gives the bisector's direction without cancellation
    near = along >= across
    side = np.copysign(np.float32(1), cross)
    if (opposite := cross == 0).any():
        # exactly opposite hues h and h + 180°, h < 180°, have the mean h + 90°
        upper = np.where((b1 > 0) | ((b1 == 0) & (a1 > 0)), np.float32(1), np.float32(-1))
        side = np.where(opposite, upper, side)
    length = np.maximum(np.where(near, along, across), np.float32(1e-30))  # two grays: any hue
    return hue, np.where(near, a_sum, -side * b_turn) / length, np.where(near, b_sum, side * a_turn) / length


def ciede2000(pair: Pair) -> float:
    """Mean CIEDE2000 between the photograph and the picture as rendered (8-bit sRGB); 0 for identical pictures."""
    return float(difference(pair.truth_lab, pair.predicted_lab).mean(dtype=np.float64))


METRIC = Metric(
    name="ciede2000",
    title="CIEDE2000",
    unit="ΔE₀₀, mean of pixels",
    better="lower",
    kind="paired",
    cost="moderate",
    citation="G. Sharma, W. Wu, E. Dalal, The CIEDE2000 Color-Difference Formula, Color Research and Application 30(1), 2005",
    digits=2,
    columns={"ciede2000": ciede2000},
)
