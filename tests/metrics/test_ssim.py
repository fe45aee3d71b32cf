"""SSIM has many variants that differ in the third digit; this one is scikit-image's Gaussian one, border and all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import structural_similarity as reference

from huelab.metrics.ssim import ssim, structural_similarity


def _reference(first, second):
    return reference(first, second, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=-1)


def test_equals_scikit_image_on_photographs(photograph, gray, muted):
    for make in (gray, muted):
        pair = make(photograph)
        assert ssim(pair) == pytest.approx(_reference(photograph, pair.predicted_rgb), abs=2e-6)


def test_equals_scikit_image_where_float32_is_hardest():
    """Dark and bright flat regions: small variances beside large squares, and constant pictures without any."""
    rng = np.random.default_rng(1)
    for level in (0, 3, 128, 250, 254):
        first = np.full((40, 33, 3), level, np.uint8)
        second = np.clip(first + rng.integers(-1, 2, first.shape), 0, 255).astype(np.uint8)
        assert structural_similarity(first, second) == pytest.approx(_reference(first, second), abs=1e-4)
    black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    assert structural_similarity(black, white) == pytest.approx(_reference(black, white), abs=1e-6)


def test_smallest_picture_and_smaller():
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 256, (2, 11, 11, 3), np.uint8)
    assert structural_similarity(first, second) == pytest.approx(_reference(first, second), abs=1e-5)
    assert math.isnan(structural_similarity(first[:10], second[:10]))
    with pytest.raises(ValueError, match="win_size"):
        _reference(first[:10], second[:10])


def test_identical_and_one_colour(photograph, one_colour, gray):
    assert structural_similarity(photograph, photograph) == pytest.approx(1, abs=1e-6)
    pair = gray(one_colour)
    assert ssim(pair) == pytest.approx(_reference(one_colour, pair.predicted_rgb), abs=1e-5)
