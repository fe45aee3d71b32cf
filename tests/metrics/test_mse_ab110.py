"""The unit of pix2pix-style code: a wrong divisor would make every comparison with it meaningless."""

from __future__ import annotations

import pytest
from skimage.color import rgb2lab
from skimage.metrics import mean_squared_error

from huelab.metrics.mse_ab110 import mse_ab110
from huelab.metrics.mse_ab128 import mse_ab128


def test_equals_scikit_image_on_photographs(photograph, gray, muted):
    true = rgb2lab(photograph)[..., 1:] / 110
    assert mse_ab110(gray(photograph)) == pytest.approx(mean_squared_error(true, 0 * true), rel=1e-5)
    pair = muted(photograph)
    assert mse_ab110(pair) == pytest.approx(mean_squared_error(true, pair.predicted_ab / 110.0), rel=1e-4)


def test_is_the_same_error_as_mse_ab128_in_another_unit(photograph, muted):
    pair = muted(photograph)
    assert mse_ab110(pair) == pytest.approx(mse_ab128(pair) * (128 / 110) ** 2, rel=1e-9)


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    a, b = rgb2lab(one_colour)[0, 0, 1:]
    assert mse_ab110(gray(one_colour)) == pytest.approx((a**2 + b**2) / 2 / 110**2, rel=1e-5)
    assert mse_ab110(identical(tiny)) == pytest.approx(0, abs=1e-6)
