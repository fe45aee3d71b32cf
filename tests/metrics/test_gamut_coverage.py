"""The palette: who paints all in brown must be seen, and who uses the truth's colours must score 1."""

from __future__ import annotations

import numpy as np
import pytest

from huelab.color import bins, lab
from huelab.metrics import squares
from huelab.metrics.gamut_coverage import gamut_coverage, used
from huelab.metrics.pair import Pair


def _with(ab, predicted):
    lab = np.concatenate([np.full((*ab.shape[:2], 1), 50), ab], axis=-1).astype(np.float32)
    rgb = np.zeros((*ab.shape[:2], 3), np.uint8)
    return Pair(rgb, rgb, lab, predicted.astype(np.float32))


def _squares(ab):
    """Those with a thousandth of the pixels, counted one by one."""
    points, counts = np.unique(np.round(ab.reshape(-1, 2) / 10), axis=0, return_counts=True)
    return {tuple(point) for point, count in zip(points.tolist(), counts, strict=True) if count >= max(1, 1e-3 * counts.sum())}


def test_equals_the_definition_on_photographs(photograph, muted, gray):
    for pair in (muted(photograph), gray(photograph)):
        true, made = _squares(pair.truth_lab[..., 1:]), _squares(pair.predicted_ab)
        assert gamut_coverage(pair) == pytest.approx(len(true & made) / len(true), abs=1e-9)


def test_each_colour_counts_alike_however_small():
    """Nine tenths of the picture gray, the rest red, green, blue: gray alone is a quarter of the palette."""
    ab = np.zeros((20, 20, 2))
    ab[0, :], ab[1, :], ab[2, :10] = (60, 40), (-50, 40), (20, -60)
    assert gamut_coverage(_with(ab, np.zeros_like(ab))) == 0.25
    assert gamut_coverage(_with(ab, ab)) == 1
    assert gamut_coverage(_with(ab, ab[::-1, ::-1])) == 1, "place does not count"


def test_a_stray_pixel_is_no_use_of_a_colour():
    ab = np.zeros((100, 100, 2))
    ab[:10] = (60, 40)
    predicted = np.zeros_like(ab)
    predicted[0, :9] = (60, 40)
    assert gamut_coverage(_with(ab, predicted)) == 0.5
    predicted[0, :10] = (60, 40)
    assert gamut_coverage(_with(ab, predicted)) == 1


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    assert gamut_coverage(gray(one_colour)) == 0
    assert gamut_coverage(identical(one_colour)) == 1
    assert gamut_coverage(identical(tiny)) > 0.95
    assert gamut_coverage(gray(np.full((6, 6, 3), 93, np.uint8))) == 1
    assert used(squares.of(np.array([[[500.0, -500.0]]], np.float32))).sum() == 1, "beyond sRGB counts at the edge"


def test_squares_lead_to_the_nearest_bins():
    """Across all of sRGB: a wrong bin would weigh pixels of the rebalanced area by another colour's rarity."""
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 1, 3)
    ab = np.ascontiguousarray(lab.rgb_to_lab(cube)[..., 1:])
    np.testing.assert_array_equal(squares.nearest_bins(squares.of(ab), ab), bins.nearest(ab))
