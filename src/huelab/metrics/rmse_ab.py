"""Metric `rmse_ab`: root mean squared error in Larsson's αβ plane, which divides colour by brightness and needs no L*a*b*.

With R, G, B of 0..1 and M = (R + G + B) / 3: α = (B − (R + G) / 2) / (M + 1e-4), β = (R − G) / (M + 1e-4), of the 8-bit pictures. The
mean is taken over both channels and all pixels of the set before the root (pictures count alike), so this is a set-level metric; a
picture's own column holds its own root. Dark pixels weigh heavily: a step of one level at level 2 is as far as a red wall from a gray
one.

Gray scores 0.470 here on 600 ImageNet photographs, 0.333 in the paper's table: a factor of √2, as if α and β had been scaled by it.
Compare with that table relative to its gray row, not digit by digit.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.metrics.definition import Means, Metric
from huelab.metrics.pair import Pair

DARK = 1e-4 * 255
"""Added to the brightness in 8-bit levels, so that black has α and β 0."""


def mean_square(pair: Pair) -> float:
    """Mean over pixels and both channels of the squared difference of α and β between the rendered picture and the photograph."""
    beta, alpha = (true - made for true, made in zip(_beta_alpha(pair.truth_opponents), _beta_alpha(pair.predicted_opponents), strict=True))
    total = float(np.dot(alpha.ravel(), alpha.ravel())) + float(np.dot(beta.ravel(), beta.ravel()))
    return total / (2 * alpha.size)


def of_picture(pair: Pair) -> float:
    """The root of a picture's own mean square; 0 for identical pictures."""
    return float(np.sqrt(mean_square(pair)))


def of_means(means: Means) -> NDArray[np.float64]:
    """The root of the mean over the set."""
    return np.sqrt(means["rmse_ab_square"])


def _beta_alpha(opponents: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """β and −α, each (h, w)."""
    red_green, yellow_blue, brightness = (np.asarray(plane, np.float32) for plane in cv2.split(opponents))
    brightness += np.float32(DARK)
    return red_green / brightness, yellow_blue / brightness


METRIC = Metric(
    name="rmse_ab",
    title="RMSE αβ",
    unit="Larsson's α, β of 8-bit sRGB, both channels, pixels of the set pooled",
    better="lower",
    kind="set",
    cost="cheap",
    citation="G. Larsson, M. Maire, G. Shakhnarovich, Learning Representations for Automatic Colorization, ECCV 2016",
    columns={"rmse_ab": of_picture, "rmse_ab_square": mean_square},
    of_means=of_means,
)
