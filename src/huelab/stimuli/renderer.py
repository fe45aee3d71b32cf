"""The one renderer: lightness of the photograph, ab of a colorizer or of the photograph itself, to the bytes of a PNG.

Real and guessed colours go the same way: ab at the network's size, enlarged alike, clamped to sRGB at the photograph's lightness, rounded
to 8 bit, coded by one encoder without metadata. So neither sharpness nor format tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.color import gamut, lab

VERSION = 2
"""Raised whenever the bytes of a picture change."""
_CODED = [cv2.IMWRITE_PNG_COMPRESSION, 6, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH]
"""One filter for all rows: an encoder that chooses for each leaves a pattern behind, by which smooth colours are known without decoding."""

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Picture:
    """A rendered picture."""

    png: bytes
    height: int
    width: int
    lightness_error: float
    """Largest |ΔL| from the photograph, CIE units: what rounding to 8 bit costs."""


def name() -> str:
    """What made the bytes."""
    return f"{VERSION}, opencv {cv2.__version__}"


def enlarged(ab: Float, height: int, width: int) -> Float:
    """ab (h, w, 2) at the size of the picture shown; linear, as full-size colouring enlarges it."""
    if ab.shape[:2] == (height, width):
        return ab
    return np.asarray(cv2.resize(np.ascontiguousarray(ab, np.float32), (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def render(L: Float, ab: Float) -> Picture:
    """The picture of lightness L (h, w) and ab (of any size, 2) in CIE units."""
    height, width = L.shape
    rgb = gamut.render(L, enlarged(ab, height, width))
    coded = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), _CODED)[1]
    return Picture(coded.tobytes(), height, width, float(np.abs(lab.lightness(rgb) - L).max()))
