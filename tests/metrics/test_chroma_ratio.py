"""Paleness: the one number that tells a timid model from a bold one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.color import rgb2lab

from huelab.metrics.chroma_ratio import METRIC, of_picture, of_predicted, of_truth
from huelab.metrics.pair import Pair


def test_equals_the_formula_on_scikit_images_lab(photograph, muted):
    pair = muted(photograph)
    true = np.hypot(*np.moveaxis(rgb2lab(photograph)[..., 1:], -1, 0)).mean()
    made = np.hypot(*np.moveaxis(pair.predicted_ab, -1, 0)).mean()
    assert of_truth(pair) == pytest.approx(true, rel=1e-4)
    assert of_predicted(pair) == pytest.approx(made, rel=1e-4)
    assert of_picture(pair) == pytest.approx(made / true, rel=1e-4)


def test_half_as_saturated_is_a_half(photograph):
    lab = Pair.of(photograph, np.zeros((*photograph.shape[:2], 2), np.float32)).truth_lab
    assert of_picture(Pair(photograph, photograph, lab, lab[..., 1:] / 2)) == pytest.approx(0.5, rel=1e-5)


def test_a_set_is_the_ratio_of_means():
    """One nearly gray photograph with a vivid guess must not decide over a hundred others."""
    chroma, truth = np.array([10.0, 20.0]), np.array([2.0, 28.0])
    assert METRIC.value({"chroma": chroma.mean(), "chroma_truth": truth.mean()}) == pytest.approx(1)
    assert METRIC.better == "none"
    assert METRIC.kind == "set"


def test_gray_photographs_have_no_ratio(one_colour, tiny, gray, identical):
    assert math.isnan(of_picture(identical(np.full((6, 6, 3), 93, np.uint8))))
    assert of_picture(gray(one_colour)) == 0
    assert of_picture(identical(tiny)) == pytest.approx(1, abs=1e-3)
