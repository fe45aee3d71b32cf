"""A wrong unit here would make every number incomparable with Wallner's and with the training curves."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab
from skimage.metrics import mean_squared_error

from huelab.metrics.mse_ab128 import mse_ab128
from huelab.metrics.pair import Pair


def test_equals_scikit_image_on_photographs(photograph, gray, muted):
    true = rgb2lab(photograph)[..., 1:] / 128
    assert mse_ab128(gray(photograph)) == pytest.approx(mean_squared_error(true, 0 * true), rel=1e-5)
    pair = muted(photograph)
    assert mse_ab128(pair) == pytest.approx(mean_squared_error(true, pair.predicted_ab / 128.0), rel=1e-4)


def test_is_nought_for_the_photograph_itself_and_counts_both_channels(photograph, identical):
    pair = identical(photograph)
    assert mse_ab128(pair) == pytest.approx(0, abs=1e-9)
    shifted = Pair(pair.truth_rgb, pair.predicted_rgb, pair.truth_lab, pair.truth_lab[..., 1:] + np.float32([12.8, 0]))
    assert mse_ab128(shifted) == pytest.approx(0.01 / 2, rel=1e-4)


def test_degenerate_pictures_have_plain_values(one_colour, tiny, gray, identical):
    a, b = rgb2lab(one_colour)[0, 0, 1:]
    assert mse_ab128(gray(one_colour)) == pytest.approx((a**2 + b**2) / 2 / 128**2, rel=1e-5)
    assert mse_ab128(identical(tiny)) == pytest.approx(0, abs=1e-6)
