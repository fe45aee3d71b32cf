"""Signed opponents, as published; the variant with absolute ones reads about 8 % lower and would look like a paler model."""

from __future__ import annotations

import numpy as np
import pytest

from huelab.metrics.colorfulness import METRIC, of_predicted, of_rgb, of_truth


def _formula(rgb):
    red, green, blue = (rgb[..., channel].astype(float) for channel in range(3))
    rg, yb = red - green, 0.5 * (red + green) - blue
    return np.sqrt(rg.std() ** 2 + yb.std() ** 2) + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)


def test_equals_the_papers_formula(photograph, muted):
    pair = muted(photograph)
    assert of_truth(pair) == pytest.approx(_formula(photograph), rel=1e-5)
    assert of_predicted(pair) == pytest.approx(_formula(pair.predicted_rgb), rel=1e-5)
    assert of_predicted(pair) != pytest.approx(of_truth(pair), rel=0.05)


def test_opponents_keep_their_sign():
    """Half red, half green: |rg| is constant, and the absolute variant would call it as colourful as one flat colour."""
    rgb = np.zeros((8, 8, 3), np.uint8)
    rgb[:4, :, 0] = 200
    rgb[4:, :, 1] = 200
    assert of_rgb(rgb) == pytest.approx(200 + 0.3 * 100)


def test_degenerate_pictures(one_colour, tiny):
    assert of_rgb(np.full((5, 5, 3), 93, np.uint8)) == 0
    assert of_rgb(one_colour) == pytest.approx(0.3 * np.hypot(180 - 90, 135 - 40), rel=1e-6)
    assert of_rgb(tiny) == pytest.approx(_formula(tiny), rel=1e-5)


def test_has_no_direction():
    """More colour is not better: a leaderboard that sorts by it must not reward oversaturation."""
    assert METRIC.better == "none"
