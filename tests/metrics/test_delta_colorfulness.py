"""A set-level metric: the difference of means, not the mean of differences."""

from __future__ import annotations

import numpy as np
import pytest

from huelab.metrics.delta_colorfulness import METRIC


def test_is_the_difference_of_the_means():
    """Two pictures that are off by +10 and −10 have Δ 0: the set is as colourful as its photographs."""
    made, true = np.array([30.0, 50.0]), np.array([40.0, 40.0])
    means = {"colorfulness": made.mean(), "colorfulness_truth": true.mean()}
    assert METRIC.value(means) == pytest.approx(0)
    assert METRIC.value({"colorfulness": np.array([10.0, 60.0]), "colorfulness_truth": np.array([40.0, 40.0])}).tolist() == [30, 20]


def test_comes_from_the_columns_it_names(photograph, muted):
    pair = muted(photograph)
    columns = {name: np.float64(of_pair(pair)) for name, of_pair in METRIC.columns.items()}
    assert METRIC.kind == "set"
    assert METRIC.value(columns) == pytest.approx(abs(columns["colorfulness"] - columns["colorfulness_truth"]))
