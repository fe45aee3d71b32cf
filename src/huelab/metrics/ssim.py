"""Metric `ssim`: structural similarity of 8-bit sRGB, 11×11 Gaussian window with σ 1.5, mean of the three channels.

Equals scikit-image's structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=-1):
only windows that lie wholly inside the picture count.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

WINDOW = 11
_ROWS = 82  # rows of windows at a time, a third of a 256-pixel picture, whose temporaries stay in a core's cache
SIGMA = 1.5
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2


def structural_similarity(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """SSIM of two (h, w, c) uint8 pictures, −1..1, 1 for identical ones; NaN when a side is under 11 pixels, where no window fits."""
    height, width = map(int, first.shape[:2])
    if height < WINDOW or width < WINDOW:
        return math.nan
    total = 0.0
    windows = height - WINDOW + 1
    for top in range(0, windows, _ROWS):
        count = min(_ROWS, windows - top)
        rows = slice(top, top + count + WINDOW - 1)
        total += count * of_planes(centred(first[rows]), centred(second[rows]))
    return total / windows


def centred(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Levels from mid-gray, so that float32 squares keep their small differences; only the means need the offset back."""
    return levels.astype(np.float32) - np.float32(128)


def of_planes(x: NDArray[np.float32], y: NDArray[np.float32], *, luminance: bool = True) -> float:
    """Mean over the windows of (2·m_x·m_y + C1)(2·cov + C2) / ((m_x² + m_y² + C1)(var_x + var_y + C2)) of centred planes (h, w, ...).

    Without `luminance` the two terms with C1 are left out: contrast and structure alone. Overwrites what it is given, for speed.
    """
    mean_x, mean_y, covariance = _blur(x), _blur(y), _blur(x * y)
    x *= x
    y *= y
    x += y
    variances = _blur(x)

    products = mean_x * mean_y
    shift = mean_x + mean_y  # (m_x + 128)(m_y + 128) = m_x·m_y + 128·(m_x + m_y) + 128², and the squares alike
    mean_x *= mean_x
    mean_y *= mean_y
    squares = mean_x
    squares += mean_y
    covariance -= products
    variances -= squares
    covariance *= np.float32(2)
    covariance += np.float32(C2)
    variances += np.float32(C2)
    if not luminance:
        covariance /= variances
        return float(covariance.mean(dtype=np.float64))

    shift *= np.float32(128)
    shift += np.float32(128**2)
    products += shift
    products *= np.float32(2)
    products += np.float32(C1)
    products *= covariance
    shift *= np.float32(2)
    squares += shift
    squares += np.float32(C1)
    squares *= variances
    products /= squares
    return float(products.mean(dtype=np.float64))


def _blur(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """The Gaussian means of the windows inside the plane, (h − 10, w − 10)."""
    margin = WINDOW // 2
    blurred = cv2.GaussianBlur(plane, (WINDOW, WINDOW), SIGMA, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)[margin:-margin, margin:-margin]


def ssim(pair: Pair) -> float:
    """SSIM of the rendered picture and the photograph; NaN when a side is under 11 pixels."""
    return structural_similarity(pair.truth_rgb, pair.predicted_rgb)


METRIC = Metric(
    name="ssim",
    title="SSIM",
    unit="11×11 Gaussian, σ 1.5, RGB",
    better="higher",
    kind="paired",
    cost="moderate",
    citation="Z. Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, IEEE TIP 2004",
    columns={"ssim": ssim},
)
