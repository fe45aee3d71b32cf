"""ΔCF of DDColor's table: the difference of means, with the absolute opponents of its code."""

from __future__ import annotations

import numpy as np
import pytest

from huelab.metrics import delta_colorfulness
from huelab.metrics.delta_colorfulness_abs import METRIC


def test_is_the_difference_of_the_means():
    means = {"colorfulness_abs": np.array([10.0, 60.0]), "colorfulness_abs_truth": np.array([40.0, 40.0])}
    assert METRIC.value(means).tolist() == [30, 20]
    assert METRIC.signed is not None
    assert METRIC.signed(means).tolist() == [-30, 20]


def test_comes_from_its_own_columns(photograph, muted):
    pair = muted(photograph)
    columns = {name: np.float64(of_pair(pair)) for name, of_pair in METRIC.columns.items()}
    assert METRIC.value(columns) == pytest.approx(abs(columns["colorfulness_abs"] - columns["colorfulness_abs_truth"]))
    assert not set(columns) & set(delta_colorfulness.METRIC.columns), "the two definitions must never mix"
