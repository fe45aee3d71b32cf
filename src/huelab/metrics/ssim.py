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
SIGMA = 1.5
C1 = (0.01 * 255) ** 2
C2 = (0.03 * 255) ** 2


def structural_similarity(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """SSIM of two (h, w, c) uint8 pictures, −1..1, 1 for identical ones; NaN when a side is under 11 pixels, where no window fits."""
    height, width, channels = first.shape
    if height < WINDOW or width < WINDOW:
        return math.nan
    # centred at mid-gray, so that float32 squares keep their small differences; only the means need the offset back
    x = first.astype(np.float32).reshape(height, width * channels) - np.float32(128)
    y = second.astype(np.float32).reshape(height, width * channels) - np.float32(128)
    mean_x, mean_y, squares, products = (_blur(plane, channels) for plane in (x, y, x * x + y * y, x * y))
    mean_squares = mean_x * mean_x + mean_y * mean_y
    mean_products = mean_x * mean_y
    covariance = products - mean_products
    variances = squares - mean_squares
    # with m = mean + 128: m_x·m_y = mean_x·mean_y + 128·(mean_x + mean_y) + 128², and the squares alike
    shift = np.float32(128) * (mean_x + mean_y) + np.float32(128**2)
    numerator = (2 * (mean_products + shift) + np.float32(C1)) * (2 * covariance + np.float32(C2))
    denominator = (mean_squares + 2 * shift + np.float32(C1)) * (variances + np.float32(C2))
    return float(np.divide(numerator, denominator).mean(dtype=np.float64))


def _blur(plane: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """The Gaussian means of the windows inside the picture, (h − 10, (w − 10)·c)."""
    margin = WINDOW // 2
    pixels = plane.reshape(plane.shape[0], -1, channels)
    blurred = cv2.GaussianBlur(pixels, (WINDOW, WINDOW), SIGMA, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32).reshape(pixels.shape)[margin:-margin, margin:-margin]


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
