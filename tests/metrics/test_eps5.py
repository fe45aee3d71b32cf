"""The wider threshold: the same rule as at 2 %."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from huelab.metrics.eps2 import eps2
from huelab.metrics.eps5 import eps5


def test_equals_the_published_rule(photograph, gray, muted):
    for pair in (gray(photograph), muted(photograph)):
        apart = np.abs(np.round(rgb2lab(photograph)[..., 1:]) - np.round(pair.predicted_ab))
        assert eps5(pair) == pytest.approx((apart <= 11).all(axis=-1).mean(), abs=1e-3)


def test_is_never_below_the_stricter_one(photograph, tiny, gray, muted):
    for pair in (gray(photograph), muted(photograph), gray(tiny)):
        assert eps5(pair) >= eps2(pair)


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    assert eps5(identical(tiny)) == 1
    assert eps5(gray(one_colour)) == 0
