"""Keeps colours inside sRGB by reducing their chroma, at constant lightness and hue, as far as needed and no further.

Clipping each channel instead moves L by up to 9 units where a colorizer is too vivid, so a coloured picture would no longer have the
lightness of the photograph it was made from. Here the L of the rendered 8-bit picture stays within 0.5 (rounding included).
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.color import lab, srgb
from huelab.color.srgb import Float32, UInt8

BELOW, ABOVE = np.float32(-5e-5), np.float32(1 + 1e-3)
"""Linear light that counts as inside: less than half an 8-bit level beyond 0 and 1."""
HALVINGS = 8
"""Chroma is found to a 256th of what was asked for."""


def clamp(L: Float32, ab: Float32) -> Float32:
    """The ab (..., 2) nearest to `ab`, on its way to gray, that sRGB can show at lightness L (...), 0..100.

    Colours it can show are kept as they are. L beyond 0 or 100 counts as 0 or 100. Raises ValueError where the shapes do not fit or a
    value is not finite.
    """
    lightness, chroma = _flat(L, ab)
    clamped = chroma.copy()
    outside = [strip.start + _outside(_light(lightness[strip], chroma[strip])) for strip in lab.strips(len(lightness))]
    for index in _gathered(outside):
        clamped[index] = _reduced(lightness[index], chroma[index])
    return clamped.reshape(ab.shape)


def render(L: Float32, ab: Float32) -> UInt8:
    """SRGB (..., 3) uint8 of lightness L (...), 0..100, and ab (..., 2), clamped to the gamut as by `clamp`, in one pass."""
    lightness, chroma = _flat(L, ab)
    rgb = np.empty((len(lightness), 1, 3), np.uint8)
    outside = []
    for strip in lab.strips(len(lightness)):
        light = _light(lightness[strip], chroma[strip])
        outside.append(strip.start + _outside(light))
        rgb[strip] = lab.to_levels(light)
    for index in _gathered(outside):
        rgb[index] = lab.to_levels(_light(lightness[index], _reduced(lightness[index], chroma[index])))
    return rgb.reshape(*L.shape, 3)


def _gathered(outside: list[NDArray[np.intp]]) -> Iterator[NDArray[np.intp]]:
    """The few pixels outside of many strips, together again in strips: a numpy call costs as much for ten of them as for a thousand."""
    index = np.concatenate(outside) if outside else np.empty(0, np.intp)
    for strip in lab.strips(len(index)):
        yield index[strip]


def _flat(L: Float32, ab: Float32) -> tuple[Float32, Float32]:
    """L (n, 1), 0..100, and ab (n, 1, 2), both finite."""
    if ab.shape != (*L.shape, 2):
        raise ValueError(f"ab wants the shape of L and two channels last: L is {L.shape}, ab is {ab.shape}")
    lightness = np.clip(np.asarray(L, np.float32).reshape(-1, 1), 0, 100)
    chroma = np.ascontiguousarray(ab, np.float32).reshape(-1, 1, 2)
    if not (np.isfinite(lightness).all() and np.isfinite(chroma).all()):
        raise ValueError("L or ab is not finite (nan or infinity): no colour can be shown for it")
    return lightness, chroma


def _light(L: Float32, ab: Float32) -> Float32:
    """Linear RGB (n, 1, 3), unclipped."""
    return lab.linear(np.asarray(cv2.transform(cv2.merge([L, ab]), srgb.F_FROM_LAB), np.float32))


def _outside(light: Float32) -> NDArray[np.intp]:
    return np.flatnonzero(np.asarray(cv2.inRange(light, (float(BELOW),) * 3, (float(ABOVE),) * 3)) == 0)


def _inside(least: Float32, most: Float32) -> NDArray[np.bool_]:
    return np.asarray((least >= BELOW) & (most <= ABOVE))


def _reduced(L: Float32, ab: Float32) -> Float32:
    """Ab (n, 1, 2) that lies outside, times the largest factor that stays inside: bisection along the line to gray, which always does."""
    matrix = srgb.RGB_FROM_RELATIVE.astype(np.float32)
    fy = (L[:, 0] + np.float32(16)) * np.float32(1 / 116)
    dx, dz = ab[:, 0, 0] * np.float32(1 / 500), ab[:, 0, 1] * np.float32(-1 / 200)
    y = lab.relax(fy.copy())
    from_y = [y * matrix[channel, 1] for channel in range(3)]  # Y is that of L: only X and Z move with chroma
    low, step = np.zeros(len(fy), np.float32), np.float32(0.5)
    for _ in range(HALVINGS):
        middle = low + step
        x, z = lab.relax(fy + middle * dx), lab.relax(fy + middle * dz)
        r, g, b = (x * matrix[channel, 0] + from_y[channel] + z * matrix[channel, 2] for channel in range(3))
        low += step * _inside(np.minimum(np.minimum(r, g), b), np.maximum(np.maximum(r, g), b))
        step *= np.float32(0.5)
    return ab * low[:, None, None]
