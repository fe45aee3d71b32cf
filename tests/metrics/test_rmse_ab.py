"""Larsson's αβ error: written out from the formula, for no library has it."""

from __future__ import annotations

import numpy as np
import pytest

from huelab.metrics.pair import Pair
from huelab.metrics.rmse_ab import METRIC, mean_square, of_picture


def _alpha_beta(rgb):
    red, green, blue = (rgb[..., channel] / 255 for channel in range(3))
    brightness = (red + green + blue) / 3 + 1e-4
    return np.stack([(blue - (red + green) / 2) / brightness, (red - green) / brightness], axis=-1)


def _squares(pair):
    return (_alpha_beta(pair.truth_rgb) - _alpha_beta(pair.predicted_rgb)) ** 2


def test_equals_the_formula(photograph, gray, muted):
    for pair in (gray(photograph), muted(photograph)):
        assert mean_square(pair) == pytest.approx(_squares(pair).mean(), rel=1e-5)
        assert of_picture(pair) == pytest.approx(np.sqrt(_squares(pair).mean()), rel=1e-5)


def test_a_set_pools_its_pixels_before_the_root(photograph, gray, muted):
    """A mean of the pictures' roots would be lower, and no published figure is made that way."""
    pairs = [gray(photograph), muted(photograph)]
    columns = {name: np.mean([of_pair(pair) for pair in pairs]) for name, of_pair in METRIC.columns.items()}
    assert METRIC.value(columns) == pytest.approx(np.sqrt(np.concatenate([_squares(pair) for pair in pairs]).mean()), rel=1e-5)
    assert METRIC.value(columns) > columns["rmse_ab"]


def test_brightness_does_not_count():
    """The same colour half as bright has the same α and β; that is what the division is for."""
    bright, dark = np.full((8, 8, 3), (200, 100, 40), np.uint8), np.full((8, 8, 3), (100, 50, 20), np.uint8)
    lab = np.zeros((8, 8, 3), np.float32)
    assert of_picture(Pair(bright, dark, lab, lab[..., 1:])) == pytest.approx(0, abs=1e-3)


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    assert of_picture(identical(tiny)) == 0
    assert of_picture(identical(np.zeros((4, 4, 3), np.uint8))) == 0
    pair = gray(one_colour)
    assert of_picture(pair) == pytest.approx(np.sqrt(_squares(pair).mean()), rel=1e-5)
