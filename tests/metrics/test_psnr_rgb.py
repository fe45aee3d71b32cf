"""PSNR as everybody computes it, of the picture one sees."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from huelab.metrics.pair import Pair
from huelab.metrics.psnr_rgb import psnr_rgb


def test_equals_scikit_image(photograph, gray, muted):
    for make in (gray, muted):
        pair = make(photograph)
        expected = peak_signal_noise_ratio(photograph, pair.predicted_rgb, data_range=255)
        assert psnr_rgb(pair) == pytest.approx(expected, rel=1e-9)


def test_large_and_tiny_pictures_do_not_overflow(tiny, gray):
    """The sum of squares of a black and a white 12 MP picture passes 2³²; a tiny picture takes the other branch."""
    black, white = np.zeros((1200, 1000, 3), np.uint8), np.full((1200, 1000, 3), 255, np.uint8)
    lab = np.zeros((1200, 1000, 3), np.float32)
    assert psnr_rgb(Pair(black, white, lab, lab[..., 1:])) == pytest.approx(0, abs=1e-12)
    pair = gray(tiny)
    assert psnr_rgb(pair) == pytest.approx(peak_signal_noise_ratio(tiny, pair.predicted_rgb, data_range=255), rel=1e-9)


def test_identical_pictures_are_infinite(one_colour):
    """A mean must leave these out by name; a large finite stand-in would lift a model silently."""
    lab = np.zeros((32, 32, 3), np.float32)
    assert psnr_rgb(Pair(one_colour, one_colour, lab, lab[..., 1:])) == math.inf
