"""Intervals people will cite: over photographs, not over tiles, and as wide as the data demands."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from huelab import metrics
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.intervals import estimates
from huelab.evaluation.paired import paired
from huelab.params import Compare

SETTINGS = Compare(draws=2000, interval="percentile")
MSE = metrics.metric("mse_ab128")


def _table(values, photographs, column="mse_ab128"):
    items = [f"i{place}" for place in range(len(values))]
    return pd.DataFrame({"item_id": items, "photo_id": photographs, column: np.asarray(values, float)})


def _estimate(table, settings=SETTINGS):
    return estimates(_evaluated(table), [MSE], settings)["mse_ab128"]


def _evaluated(table, name="beta"):
    return Evaluated(name, Path(), table, {"one_picture": ""})


def test_agrees_with_scipys_percentile_bootstrap():
    from scipy.stats import bootstrap

    values = np.random.default_rng(0).gamma(2, 3, 60)
    found = _estimate(_table(values, [f"p{place}" for place in range(60)]))
    reference = bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(1)).confidence_interval
    width = reference.high - reference.low
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(reference.low, abs=0.06 * width)
    assert found.high == pytest.approx(reference.high, abs=0.06 * width)


def test_tiles_of_one_photograph_are_no_new_evidence():
    """Ten equal tiles of each photograph: the interval must be that of the photographs, not √10 times narrower."""
    values = np.random.default_rng(2).normal(10, 2, 12)
    names = [f"p{place}" for place in range(12)]
    alone, tiled = _estimate(_table(values, names)), _estimate(_table(np.repeat(values, 10), np.repeat(names, 10)))
    assert tiled.mean == pytest.approx(alone.mean)
    assert (tiled.low, tiled.high) == pytest.approx((alone.low, alone.high))
    assert tiled.photographs == 12


@pytest.mark.slow
def test_covers_the_true_mean_as_often_as_it_says():
    """400 simulated test sets of 60 photographs with 4 tiles each; a bootstrap over tiles would cover about 70 %."""
    rng = np.random.default_rng(0)
    settings = Compare(draws=500)
    names = np.repeat([f"p{place}" for place in range(60)], 4)
    hits = 0
    for _ in range(400):
        values = np.repeat(rng.normal(5, 1, 60), 4) + rng.normal(0, 0.5, 240)
        found = _estimate(_table(values, names), settings)
        hits += found.low <= 5 <= found.high
    assert 0.91 <= hits / 400 <= 0.98


def test_same_seed_same_interval_and_other_seed_another():
    table = _table(np.arange(20.0), [f"p{place}" for place in range(20)])
    assert _estimate(table) == _estimate(table)
    assert _estimate(table) != _estimate(table, SETTINGS.model_copy(update={"seed": 1}))


def test_blocks_of_draws_do_not_change_what_is_drawn(monkeypatch):
    """Many photographs are drawn in blocks to bound memory; the numbers must not depend on the block."""
    from huelab.evaluation import resampling

    table = _table(np.arange(50.0), [f"p{place}" for place in range(50)])
    whole = _estimate(table)
    monkeypatch.setattr(resampling, "_BLOCK", 700)
    monkeypatch.setattr(resampling, "_KEPT", 0)
    in_blocks = _estimate(table)
    assert (in_blocks.low, in_blocks.high) == pytest.approx((whole.low, whole.high), rel=1e-12)


def test_one_photograph_has_no_interval():
    found = _estimate(_table([1, 2, 3], ["p"] * 3))
    assert (found.mean, found.low, found.high, found.photographs) == (2, None, None, 1)


def test_scores_that_are_no_numbers_are_left_out_and_counted():
    found = _estimate(_table([1, math.nan, 3, math.inf], ["a", "b", "c", "d"]))
    assert found.mean == 2
    assert found.excluded == 2
    assert found.photographs == 2
    none = _estimate(_table([math.nan, math.nan], ["a", "b"]))
    assert math.isnan(none.mean)
    assert none.low is None
    assert none.excluded == 2


def test_set_level_metrics_are_bootstrapped_as_a_whole():
    """Δ colorfulness of each draw, not a mean of differences: for scores that cancel out it must be near 0."""
    delta = metrics.metric("delta_colorfulness")
    made, true = np.tile([30.0, 50.0], 100), np.full(200, 40.0)
    table = _table(made, [f"p{place}" for place in range(200)], "colorfulness").assign(colorfulness_truth=true)
    found = estimates(_evaluated(table), [delta], SETTINGS)["delta_colorfulness"]
    assert found.mean == pytest.approx(0)
    assert 0 <= found.low < found.high < 3


def test_paired_difference_sees_what_separate_intervals_hide():
    """A model that is better by 0.1 on each of widely scattered photographs."""
    hard = np.random.default_rng(3).uniform(1, 100, 40)
    names = [f"p{place}" for place in range(40)]
    better, worse = _table(hard - 0.1, names), _table(hard, names)
    found = paired(_evaluated(better), _evaluated(worse.sample(frac=1, random_state=0)), MSE, SETTINGS)
    assert found.difference == pytest.approx(-0.1)
    assert found.high == pytest.approx(-0.1)
    assert found.p < 0.001
    assert _estimate(better).high > _estimate(worse).low
