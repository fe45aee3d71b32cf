"""Zhang et al.'s area under the curve: the cumulative share over thresholds 0..150."""

from __future__ import annotations

import numpy as np
import pytest

from huelab.metrics.auc_ab import area, auc_ab


def _by_thresholds(distance, weights):
    shares = [(weights * (distance <= t)).sum() / weights.sum() for t in range(151)]
    return np.trapezoid(shares, dx=1) / 150 * 100


def test_equals_the_definition(photograph, gray, muted):
    for pair in (gray(photograph), muted(photograph)):
        distance = np.linalg.norm(pair.predicted_ab.astype(float) - pair.truth_lab[..., 1:], axis=-1)
        assert auc_ab(pair) == pytest.approx(_by_thresholds(distance, np.ones_like(distance)), abs=1e-3)


def test_weights_count_as_the_definition_says():
    rng = np.random.default_rng(0)
    distance, weights = rng.uniform(0, 200, (20, 30)).astype(np.float32), rng.uniform(0, 5, (20, 30))
    assert area(distance, weights) == pytest.approx(_by_thresholds(distance, weights), rel=1e-9)


def test_ends_of_the_scale():
    assert area(np.zeros((3, 3), np.float32)) == 100
    assert area(np.full((3, 3), 150, np.float32)) == pytest.approx(0.5 / 150 * 100)
    assert area(np.full((3, 3), 150.5, np.float32)) == 0
    assert area(np.full((1, 1), 260, np.float32)) == 0


def test_gray_scores_high_on_natural_photographs(photograph, gray):
    """Why floors stand in every table: without a trace of colour this metric already reads 70 to 90 %."""
    assert 65 < auc_ab(gray(photograph)) < 97
