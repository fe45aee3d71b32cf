"""A photograph and its colourization as metrics see them, with the conversions they share made once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.color import gamut, lab
from huelab.metrics import squares

Float = NDArray[np.float32]

_OPPONENTS = np.array([[1, -1, 0], [0.5, 0.5, -1], [1 / 3, 1 / 3, 1 / 3]], np.float32)


@dataclass(frozen=True, eq=False)
class Pair:
    """One picture's truth and prediction, content only: padding has been cropped away.

    truth_rgb, predicted_rgb: (h, w, 3) uint8 sRGB, the prediction as it was rendered. truth_lab: (h, w, 3) float32 CIE L*a*b* (D65).
    predicted_ab: (h, w, 2) float32 CIE ab after the gamut clamp, before rounding to 8 bit.
    prior: (313,) share of each ab bin among the training pixels, or None where no store is at hand. label: the photograph's folder name.
    """

    truth_rgb: NDArray[np.uint8]
    predicted_rgb: NDArray[np.uint8]
    truth_lab: Float
    predicted_ab: Float
    prior: NDArray[np.float64] | None = None
    label: str = ""

    @classmethod
    def of(cls, truth_rgb: NDArray[np.uint8], ab: Float, *, prior: NDArray[np.float64] | None = None, label: str = "") -> Pair:
        """The pair of a photograph (h, w, 3) uint8 and a colorizer's ab (h, w, 2) in CIE units, as yet unclamped."""
        truth_lab = lab.rgb_to_lab(truth_rgb)
        lightness = truth_lab[..., 0]
        clamped = gamut.clamp(lightness, np.asarray(ab, np.float32))
        predicted_rgb = lab.lab_to_rgb(np.concatenate([lightness[..., None], clamped], axis=-1))
        return cls(truth_rgb, predicted_rgb, truth_lab, clamped, prior, label)

    @cached_property
    def truth_ab(self) -> Float:
        """(h, w, 2) true ab, contiguous."""
        return np.ascontiguousarray(self.truth_lab[..., 1:])

    @cached_property
    def ab_difference(self) -> Float:
        """(h, w, 2) predicted minus true ab, CIE units."""
        return self.predicted_ab - self.truth_ab

    @cached_property
    def ab_distance(self) -> Float:
        """(h, w) Euclidean distance in the ab plane, CIE units."""
        a, b = cv2.split(self.ab_difference)
        return length(np.asarray(a), np.asarray(b))

    @cached_property
    def ab_rounded_error(self) -> Float:
        """(h, w) the larger of |Δa| and |Δb| between the colours rounded to whole CIE units."""
        a, b = cv2.split(np.abs(np.rint(self.predicted_ab) - np.rint(self.truth_ab)))
        return np.asarray(np.maximum(a, b), np.float32)

    @cached_property
    def truth_chroma_and_hue(self) -> tuple[Float, Float]:
        """Two planes (h, w): chroma in CIE units, and hue 0..360 degrees from +a towards +b (to 0.02°; 0 where there is no chroma)."""
        return _polar(self.truth_ab)

    @cached_property
    def predicted_chroma_and_hue(self) -> tuple[Float, Float]:
        """The same of the predicted ab."""
        return _polar(self.predicted_ab)

    @cached_property
    def truth_squares(self) -> NDArray[np.int64]:
        """(h, w) index of the ab square of the true colour, see `squares`."""
        return squares.of(self.truth_ab)

    @cached_property
    def predicted_squares(self) -> NDArray[np.int64]:
        """(h, w) the same of the predicted ab."""
        return squares.of(self.predicted_ab)

    @cached_property
    def truth_bins(self) -> NDArray[np.int64]:
        """(h, w) index of the ab bin nearest to the true colour."""
        return squares.nearest_bins(self.truth_squares, self.truth_ab)

    @cached_property
    def truth_opponents(self) -> Float:
        """(h, w, 3) R − G, (R + G) / 2 − B and (R + G + B) / 3 of the photograph, 8-bit levels."""
        return opponents(self.truth_rgb)

    @cached_property
    def predicted_opponents(self) -> Float:
        """(h, w, 3) the same of the picture as rendered."""
        return opponents(self.predicted_rgb)

    @cached_property
    def predicted_lab(self) -> Float:
        """(h, w, 3) L*a*b* of the picture as rendered."""
        return lab.rgb_to_lab(self.predicted_rgb)


def opponents(rgb: NDArray[np.uint8]) -> Float:
    """(h, w, 3) R − G, (R + G) / 2 − B and (R + G + B) / 3 of (h, w, 3) sRGB, 8-bit levels."""
    return np.asarray(cv2.transform(rgb.astype(np.float32), _OPPONENTS), np.float32)


def length(x: Float, y: Float) -> Float:
    """sqrt(x² + y²) of two planes; cv2.magnitude gives other last digits wherever the planes lie otherwise in memory."""
    squares = x * x
    squares += y * y
    return np.asarray(np.sqrt(squares, out=squares))


def _polar(ab: Float) -> tuple[Float, Float]:
    a, b = cv2.split(ab)
    chroma, hue = cv2.cartToPolar(a, b, angleInDegrees=True)
    return np.asarray(chroma, np.float32), np.asarray(hue, np.float32)
