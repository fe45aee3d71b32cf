"""sRGB to CIE L*a*b* and back, in numpy: L 0..100, a and b in CIE units, D65.

Within 2e-4 of scikit-image's float64 conversion for every 8-bit colour, and no 8-bit level is lost on the way there and back. OpenCV's
own `cvtColor` is not used: its Lab is off by up to 0.4. Work goes in strips that stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.color import srgb
from huelab.color.srgb import Float32, UInt8

STRIP = 1 << 14
"""Pixels converted at a time: a few float32 buffers of it fit a level-2 cache."""


def rgb_to_lab(rgb: UInt8) -> Float32:
    """Lab (..., 3) float32 of sRGB (..., 3) uint8. Raises TypeError for another type, ValueError for another last axis."""
    pixels = _pixels(rgb)
    lab = np.empty(pixels.shape, np.float32)
    matrix = srgb.RELATIVE_FROM_RGB.astype(np.float32)
    for strip in strips(len(pixels)):
        relative = _array(cv2.transform(cv2.LUT(pixels[strip], srgb.linear_table()), matrix))
        cv2.transform(compress(relative), srgb.LAB_FROM_F, lab[strip])
    return lab.reshape(rgb.shape)


def lab_to_rgb(lab: Float32) -> UInt8:
    """SRGB (..., 3) uint8 of Lab (..., 3). Colours outside the gamut are clipped per channel, which moves L: see `huelab.color.gamut`."""
    if lab.shape[-1:] != (3,):
        raise ValueError(f"Lab wants three channels last, found an array of shape {lab.shape}")
    pixels = np.ascontiguousarray(lab, np.float32).reshape(-1, 1, 3)
    rgb = np.empty(pixels.shape, np.uint8)
    for strip in strips(len(pixels)):
        rgb[strip] = to_levels(linear(_array(cv2.transform(pixels[strip], srgb.F_FROM_LAB))))
    return rgb.reshape(lab.shape)


def lightness(rgb: UInt8) -> Float32:
    """L (...) of sRGB (..., 3) uint8, without the cost of a and b."""
    pixels = _pixels(rgb)
    L = np.empty(pixels.shape[:2], np.float32)
    for strip in strips(len(pixels)):
        L[strip] = cv2.transform(cv2.LUT(pixels[strip], _luminance_table()), np.ones((1, 3), np.float32))
    for strip in strips(len(L)):
        L[strip] = compress(L[strip]) * np.float32(116) - np.float32(16)
    return L.reshape(rgb.shape[:-1])


def gray_lightness(gray: UInt8) -> Float32:
    """L (...) of gray sRGB levels (...) uint8: exactly that of a pixel with R = G = B."""
    return _gray_table()[gray]


# the steps, shared with huelab.color.gamut


def strips(length: int) -> Iterator[slice]:
    """Consecutive slices of at most STRIP that cover `length`."""
    for start in range(0, length, STRIP):
        yield slice(start, min(start + STRIP, length))


def compress(relative: Float32) -> Float32:
    """f of relative XYZ; overwrites what it is given."""
    toe = np.float32(srgb.TOE)
    # not np.cbrt: where numpy has no vector form of it (AVX2), it takes several times as long
    f = _array(cv2.pow(np.maximum(relative, toe), 1 / 3))
    np.minimum(relative, toe, out=relative)
    relative -= toe
    relative *= np.float32(srgb.TOE_SLOPE)
    f += relative
    return f


def relax(f: Float32) -> Float32:
    """Relative XYZ of f, the inverse of `compress`; overwrites what it is given."""
    toe = np.float32(srgb.TOE_F)
    root = np.maximum(f, toe)
    relative = root * root
    relative *= root
    np.minimum(f, toe, out=f)
    f -= toe
    f *= np.float32(1 / srgb.TOE_SLOPE)
    relative += f
    return relative


def linear(f: Float32) -> Float32:
    """Linear RGB (n, 1, 3), unclipped, of (fx, fy, fz); overwrites what it is given."""
    return _array(cv2.transform(relax(f), srgb.RGB_FROM_RELATIVE.astype(np.float32)))


def to_levels(light: Float32) -> UInt8:
    """8-bit sRGB levels of linear light (n, 1, 3), clipped to 0..1."""
    light *= np.float32(srgb.LEVELS)
    # adding nothing into 16 bits rounds and saturates in one pass
    return np.asarray(cv2.LUT(cv2.add(light, np.zeros(4), dtype=cv2.CV_16U), srgb.level_table()), np.uint8)


def _array(value: object) -> Float32:
    return np.asarray(value, np.float32)


def _pixels(rgb: UInt8) -> UInt8:
    if rgb.dtype != np.uint8:
        raise TypeError(f"sRGB is uint8 here, found {rgb.dtype}")
    if rgb.shape[-1:] != (3,):
        raise ValueError(f"sRGB wants three channels last, found an array of shape {rgb.shape}")
    return np.ascontiguousarray(rgb).reshape(-1, 1, 3)


@cache
def _luminance_table() -> Float32:
    """(256, 1, 3): what each level of R, G and B adds to the luminance."""
    weights = srgb.XYZ_FROM_RGB[1].astype(np.float32)
    return np.ascontiguousarray((srgb.linear_table()[:, None] * weights).reshape(256, 1, 3))


@cache
def _gray_table() -> NDArray[np.float32]:
    levels = np.arange(256, dtype=np.uint8)
    return np.ascontiguousarray(rgb_to_lab(np.repeat(levels[:, None], 3, axis=1))[:, 0])
