"""A figure reported in this unit is compared with ours: a channel more or less would decide who is better."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab
from skimage.metrics import mean_squared_error

from huelab.metrics.mse_ab128 import mse_ab128
from huelab.metrics.mse_nazeri import mse_nazeri


def scaled(lab):
    return np.stack([lab[..., 0] / 50 - 1, lab[..., 1] / 110, lab[..., 2] / 110], axis=-1)


def test_equals_the_mean_over_the_three_published_channels(photograph, gray, muted):
    true = rgb2lab(photograph)
    for pair in (gray(photograph), muted(photograph)):
        shown = np.concatenate([true[..., :1], pair.predicted_ab], axis=-1)
        assert mse_nazeri(pair) == pytest.approx(mean_squared_error(scaled(true), scaled(shown)), rel=1e-4)


def test_is_the_same_error_as_mse_ab128_in_another_unit(photograph, gray, tiny, identical):
    pair = gray(photograph)
    assert mse_nazeri(pair) == pytest.approx(mse_ab128(pair) * (128 / 110) ** 2 * 2 / 3, rel=1e-5)
    assert mse_nazeri(identical(tiny)) == pytest.approx(0, abs=1e-6)
