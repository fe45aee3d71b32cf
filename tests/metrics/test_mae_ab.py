"""The unit is CIE ab; a reader who divides by 110 must get the papers' number."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from huelab.metrics.mae_ab import mae_ab


def test_equals_the_formula_on_scikit_images_lab(photograph, gray, muted):
    true = rgb2lab(photograph)[..., 1:]
    assert mae_ab(gray(photograph)) == pytest.approx(np.abs(true).mean(), rel=1e-5)
    pair = muted(photograph)
    assert mae_ab(pair) == pytest.approx(np.abs(pair.predicted_ab - true).mean(), rel=1e-4)


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    assert mae_ab(gray(one_colour)) == pytest.approx(np.abs(rgb2lab(one_colour)[0, 0, 1:]).mean(), rel=1e-5)
    assert mae_ab(identical(tiny)) == pytest.approx(0, abs=0.05)
    assert mae_ab(gray(np.full((9, 9, 3), 77, np.uint8))) == pytest.approx(0, abs=0.01)
