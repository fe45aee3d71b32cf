"""The variant of DDColor's code: its table's figures must be comparable with one of ours."""

from __future__ import annotations

import numpy as np
import pytest

from huelab.metrics import colorfulness
from huelab.metrics.colorfulness_abs import METRIC, of_opponents, of_predicted, of_truth
from huelab.metrics.pair import opponents


def of_rgb(rgb):
    return of_opponents(opponents(rgb))


def _as_ddcolor(rgb):
    """Written from the published definition, in float64."""
    red, green, blue = (rgb[..., channel].astype(float) for channel in range(3))
    rg, yb = np.abs(red - green), np.abs(0.5 * (red + green) - blue)
    return np.sqrt(rg.std() ** 2 + yb.std() ** 2) + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)


def test_equals_the_published_definition(photograph, muted):
    pair = muted(photograph)
    assert of_truth(pair) == pytest.approx(_as_ddcolor(photograph), rel=1e-5)
    assert of_predicted(pair) == pytest.approx(_as_ddcolor(pair.predicted_rgb), rel=1e-5)


def test_reads_no_higher_than_the_signed_one(photograph):
    """The 8 % by which a paper's figure would look like a paler model."""
    assert of_rgb(photograph) <= colorfulness.of_rgb(photograph) * 1.1
    rgb = np.zeros((8, 8, 3), np.uint8)
    rgb[:4, :, 0] = 200
    rgb[4:, :, 1] = 200
    assert of_rgb(rgb) == pytest.approx(0.3 * np.hypot(200, 100)), "half red, half green has no spread of absolute opponents"
    assert colorfulness.of_rgb(rgb) > 3 * of_rgb(rgb)


def test_degenerate_pictures(one_colour, tiny):
    assert of_rgb(np.full((5, 5, 3), 93, np.uint8)) == 0
    assert of_rgb(one_colour) == pytest.approx(colorfulness.of_rgb(one_colour), rel=1e-6)
    assert of_rgb(tiny) == pytest.approx(_as_ddcolor(tiny), rel=1e-5)


def test_has_no_direction():
    assert METRIC.better == "none"
