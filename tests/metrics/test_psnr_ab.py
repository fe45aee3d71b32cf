"""PSNR of ab with its peak stated: a paper with another peak differs by a constant one can look up."""

from __future__ import annotations

import math

import pytest
from skimage.color import rgb2lab
from skimage.metrics import peak_signal_noise_ratio

from huelab.metrics.pair import Pair
from huelab.metrics.psnr_ab import psnr_ab


def test_equals_scikit_image(photograph, gray, muted):
    true = rgb2lab(photograph)[..., 1:]
    for pair in (gray(photograph), muted(photograph)):
        assert psnr_ab(pair) == pytest.approx(peak_signal_noise_ratio(true, pair.predicted_ab.astype(float), data_range=255), abs=1e-3)


def test_the_stated_step_to_another_peak():
    assert 20 * math.log10(255 / 220) == pytest.approx(1.28, abs=5e-3)


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    a, b = rgb2lab(one_colour)[0, 0, 1:]
    assert psnr_ab(gray(one_colour)) == pytest.approx(10 * math.log10(255**2 / ((a**2 + b**2) / 2)), abs=1e-3)
    assert psnr_ab(identical(tiny)) > 60
    pair = gray(tiny)
    same = Pair(pair.truth_rgb, pair.truth_rgb, pair.truth_lab, pair.truth_lab[..., 1:])
    assert psnr_ab(same) == math.inf, "a mean must leave it out by name; a large stand-in would lift a model silently"
