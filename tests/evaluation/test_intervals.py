"""Intervals people will cite: over photographs, not over tiles, and as wide as the data demands."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import coverage
from huelab import metrics
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.intervals import estimates
from huelab.evaluation.paired import paired
from huelab.metrics.definition import Metric
from huelab.params import Compare
from tests.evaluation import score_folders

SETTINGS = Compare(draws=2000, interval="percentile")
DISTANCE = Metric(
    name="distance",
    title="Squared length of the mean",
    unit="1",
    better="lower",
    kind="set",
    cost="costly",
    citation="this test",
    columns={},
    vectors={"feature": lambda pair: np.zeros(4, np.float32)},
    of_vectors=lambda vectors, reference, counts: np.square(counts @ vectors["feature"] / counts.sum(axis=1, keepdims=True)).sum(axis=1),
)
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


def test_agrees_with_scipys_bca():
    from scipy.stats import bootstrap

    values = np.random.default_rng(4).lognormal(0, 0.7, 200)
    found = _estimate(_table(values, [f"p{place}" for place in range(200)]), Compare())
    reference = bootstrap((values,), np.mean, method="BCa", n_resamples=20_000, rng=np.random.default_rng(1)).confidence_interval
    width = reference.high - reference.low
    assert found.low == pytest.approx(reference.low, abs=0.03 * width)
    assert found.high == pytest.approx(reference.high, abs=0.03 * width)
    assert found.median == pytest.approx(np.median(values))
    plain = _estimate(_table(values, [f"p{place}" for place in range(200)]), SETTINGS)
    assert found.high > plain.high, "skewed errors: the mean may well lie further up"


def test_holds_the_truth_as_often_as_it_says():
    """1000 simulated test sets of 80 photographs with 4 tiles each and skewed errors; a bootstrap over tiles covers about 74 %."""
    values = coverage.errors(np.random.default_rng(0), 80, 1000, skewed=True)
    assert 0.93 <= coverage.coverage(values, 1, Compare(draws=1000)) <= 0.97
    assert coverage.coverage(values[:, :300], 1, Compare(draws=500), grouped=False) < 0.82


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("interval", ["bca", "percentile"])
@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("photographs", [60, 100])
def test_holds_the_truth_whatever_the_errors(interval, skewed, photographs):
    values = coverage.errors(np.random.default_rng(photographs), photographs, 2000, skewed=skewed)
    assert 0.93 <= coverage.coverage(values, 1, Compare(draws=2000, interval=interval)) <= 0.97


def test_few_photographs_make_a_wide_interval():
    """A percentile bootstrap of ten photographs covers 89 %: Student's t is wider for a reason."""
    values = coverage.errors(np.random.default_rng(1), 10, 500, skewed=False)
    assert 0.92 <= coverage.coverage(values, 1, Compare(draws=1000)) <= 0.97


def test_several_seeds_widen_the_interval_by_what_another_training_would_change():
    """Five trainings that differ as much as the photographs' mean is unsure, or three times that: photographs alone hold too little."""
    for between in (1, 3):
        runs = coverage.over_seeds(np.random.default_rng(2), 60, 300, 5, between)
        two_way = coverage.coverage(runs, 1, Compare(draws=1000))
        assert 0.92 <= two_way <= 0.98
        assert coverage.coverage(np.mean(runs, axis=0), 1, Compare(draws=1000)) < two_way - 0.01


def test_near_duplicate_photographs_are_one_piece_of_evidence():
    values = np.random.default_rng(2).normal(10, 2, 12)
    names = [f"p{place}" for place in range(24)]
    twice = _table(np.repeat(values, 2), names).assign(group=np.repeat(names[:12], 2))
    alone = _estimate(_table(values, names[:12]))
    assert (_estimate(twice).low, _estimate(twice).high) == pytest.approx((alone.low, alone.high))
    assert _estimate(twice).photographs == 12


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


@pytest.mark.parametrize("interval", ["bca", "percentile"])
def test_set_level_metrics_are_bootstrapped_as_a_whole(interval):
    """Δ colorfulness of each draw, not a mean of differences: for scores that cancel out the interval must begin at 0."""
    delta = metrics.metric("delta_colorfulness")
    made, true = np.tile([30.0, 50.0], 100), np.full(200, 40.0)
    table = _table(made, [f"p{place}" for place in range(200)], "colorfulness").assign(colorfulness_truth=true)
    settings = Compare(draws=2000, interval=interval)
    found = estimates(_evaluated(table), [delta], settings)["delta_colorfulness"]
    assert found.mean == pytest.approx(0)
    assert (found.low, found.median) == (0, None)
    assert found.high == pytest.approx(1.97 * 10 / math.sqrt(200), rel=0.1)
    dull = estimates(_evaluated(table.assign(colorfulness=made - 20)), [delta], settings)["delta_colorfulness"]
    assert dull.mean == pytest.approx(20)
    assert dull.low == pytest.approx(20 - found.high, abs=0.2)


def test_a_distance_of_distributions_is_read_by_the_spread_of_its_draws(tmp_path):
    """A set drawn with repetitions is farther from any other: percentiles of the draws lie beside the value; their spread is sound."""
    rng = np.random.default_rng(0)
    made = rng.normal(0.5, 1, (80, 4)).astype(np.float32)
    settings = Compare(draws=500, costly_draws=200)
    one = score_folders.write(tmp_path / "beta", "beta", score_folders.frame({"ssim": rng.random(80)}))
    np.savez(tmp_path / "beta" / "vectors.npz", feature=made)
    found = estimates(one, [DISTANCE], settings)["distance"]
    assert found.mean == pytest.approx(np.square(made.mean(axis=0)).sum(), rel=1e-5)
    assert found.low < found.mean < found.high
    error = 2 * np.sqrt(np.square(made.mean(axis=0)).sum() / 80)  # of |m|², each coordinate's variance being 1
    assert (found.high - found.low) / 2 == pytest.approx(1.99 * error, rel=0.25)
    made[3] = np.nan
    np.savez(tmp_path / "beta" / "vectors.npz", feature=made)
    again = estimates(score_folders.Evaluated.read("beta", tmp_path / "beta"), [DISTANCE], settings)["distance"]
    assert (again.excluded, again.photographs) == (1, 79)


def test_equal_scores_have_an_interval_of_no_width():
    """Gray has the same colorfulness everywhere: BCa is not defined there, and must not be a NaN in a table."""
    found = _estimate(_table([2.0] * 30, [f"p{place}" for place in range(30)]), Compare(draws=200))
    assert (found.mean, found.low, found.high) == (2, 2, 2)
    lone = _estimate(_table([0.0] * 29 + [1.0], [f"p{place}" for place in range(30)]), Compare(draws=200))
    assert 0 <= lone.low < lone.mean < lone.high


def test_two_photographs_have_the_widest_interval_their_draws_allow():
    found = _estimate(_table([1.0, 3.0], ["a", "b"]), Compare(draws=200))
    assert (found.low, found.high) == (1, 3)


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
