"""The constants of sRGB and CIE L*a*b* (D65, 2° observer) and the tables made of them; they are those of scikit-image, digit for digit.

Linear light runs from 0 to 1. f is the compressive curve of CIE 15: f(t) = cbrt(t) above 0.008856, a straight line below. Both branches in
one formula without a mask: f(t) = cbrt(max(t, t0)) + 7.787 · (min(t, t0) − t0), and the same way back with f³.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]

XYZ_FROM_RGB = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
RGB_FROM_XYZ = np.linalg.inv(XYZ_FROM_RGB)
WHITE = np.array([0.95047, 1.0, 1.08883])

TOE = 0.008856
"""Where f turns from a line into a cube root, in relative XYZ."""
TOE_SLOPE = 7.787
TOE_F = TOE_SLOPE * TOE + 16 / 116
"""f(TOE)."""

LAB_FROM_F = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], np.float64)
"""Affine: (L, a, b) from (fx, fy, fz)."""
F_FROM_LAB = np.array([[1 / 116, 1 / 500, 0, 16 / 116], [1 / 116, 0, 0, 16 / 116], [1 / 116, 0, -1 / 200, 16 / 116]])
"""Affine: (fx, fy, fz) from (L, a, b)."""
RELATIVE_FROM_RGB = XYZ_FROM_RGB / WHITE[:, None]
"""Relative XYZ (white is 1, 1, 1) from linear RGB."""
RGB_FROM_RELATIVE = RGB_FROM_XYZ * WHITE[None, :]

LEVELS = 65535
"""Linear light is rounded to so many steps before it is encoded: 20 steps in the narrowest of the 256 sRGB levels."""


def decode(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light of sRGB values 0..1 (IEC 61966-2-1)."""
    return np.asarray(np.where(value > 0.04045, ((np.maximum(value, 0) + 0.055) / 1.055) ** 2.4, value / 12.92))


def encode(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """SRGB values of linear light 0..1."""
    return np.asarray(np.where(linear > 0.0031308, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055, linear * 12.92))


@cache
def linear_table() -> Float32:
    """(256,) linear light of each 8-bit sRGB level."""
    return decode(np.arange(256) / 255).astype(np.float32)


@cache
def level_table() -> UInt8:
    """(65536,) the 8-bit sRGB level of linear light in steps of 1/65535."""
    return np.rint(encode(np.arange(LEVELS + 1) / LEVELS) * 255).astype(np.uint8)
