"""The leaderboard is sorted by CIEDE2000: its fast form must be the standard's, on the standard's own test pairs too."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

from huelab.color import lab
from huelab.metrics.ciede2000 import ciede2000, difference

# G. Sharma, W. Wu, E. Dalal 2005, table 1: pairs that expose wrong hue means, signs and rotations; (L, a, b), (L, a, b), ΔE00
SHARMA = np.array(
    [
        [50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425],
        [50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615],
        [50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412],
        [50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000],
        [50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000],
        [50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000],
        [50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669],
        [50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195],
        [50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195],
        [50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045],
        [50.0000, -0.0010, 2.4900, 50.0000, 0.0010, -2.4900, 4.8045],
        [50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461],
        [50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065],
        [50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492],
        [50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977],
        [50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030],
        [50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535],
        [50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000],
        [50.0000, 2.5000, 0.0000, 50.0000, 3.2972, 0.0000, 1.0000],
        [50.0000, 2.5000, 0.0000, 50.0000, 1.8634, 0.5757, 1.0000],
        [50.0000, 2.5000, 0.0000, 50.0000, 3.2592, 0.3350, 1.0000],
        [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
        [63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630],
        [61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731],
        [35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645],
        [22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373],
        [36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146],
        [90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441],
        [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
        [6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377],
        [2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082],
    ]
)


def test_gives_the_published_values():
    first, second = SHARMA[:, :3].astype(np.float32), SHARMA[:, 3:6].astype(np.float32)
    np.testing.assert_allclose(difference(first, second), SHARMA[:, 6], atol=1e-3)
    symmetric = np.r_[0:8, 10:34]  # exact opposites have two mean hues, and the standard's test set lists one order of them
    np.testing.assert_allclose(difference(second, first)[symmetric], SHARMA[symmetric, 6], atol=1e-3)


def test_equals_scikit_image_pixel_by_pixel_on_photographs(photograph, gray, muted):
    for pair in (gray(photograph), muted(photograph)):
        expected = deltaE_ciede2000(pair.truth_lab.astype(float), pair.predicted_lab.astype(float))
        assert np.abs(difference(pair.truth_lab, pair.predicted_lab) - expected).max() <= 5e-4
        whole = deltaE_ciede2000(rgb2lab(photograph), rgb2lab(pair.predicted_rgb)).mean()
        assert ciede2000(pair) == pytest.approx(whole, abs=1e-3)


def test_equals_scikit_image_across_the_gamut():
    """Random pairs of sRGB colours, at all lightness and hue differences."""
    first, second = np.random.default_rng(0).integers(0, 256, (2, 300, 300, 3), np.uint8)
    one, other = lab.rgb_to_lab(first), lab.rgb_to_lab(second)
    error = np.abs(difference(one, other) - deltaE_ciede2000(one.astype(float), other.astype(float)))
    # the standard's mean hue jumps where two hues are exactly opposite: there rounding decides, in every implementation
    turn = np.subtract(*(np.degrees(np.arctan2(colours[..., 2], colours[..., 1])) for colours in (one, other)))
    opposite = np.abs(np.abs(turn) - 180) < 1e-4
    assert opposite.mean() < 1e-4
    assert error[~opposite].max() <= 5e-4


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    assert ciede2000(identical(tiny)) == pytest.approx(0, abs=1e-5)
    pair = gray(one_colour)
    gray_of_it = np.round(lab2rgb(rgb2lab(one_colour) * [1, 0, 0]) * 255).astype(np.uint8)
    assert ciede2000(pair) == pytest.approx(deltaE_ciede2000(rgb2lab(one_colour), rgb2lab(gray_of_it)).mean(), abs=5e-3)
    black = np.zeros((4, 4, 3), np.float32)
    assert difference(black, black).max() == 0
