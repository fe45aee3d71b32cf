"""Comparisons people will act on: found where there is a difference, seldom where there is none, and the same as other programs find."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks import coverage
from huelab import metrics
from huelab.errors import DataError
from huelab.evaluation import power
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.paired import holm, paired
from huelab.params import Compare
from tests.evaluation import score_folders
from tests.evaluation.score_folders import frame

SETTINGS = Compare(draws=4000)
MSE = metrics.metric("mse_ab128")


def scored(name, scores, photographs=None, metric="mse_ab128"):
    return Evaluated(name, Path(name), frame({metric: scores}, photographs), {"one_picture": ""})


def test_p_is_that_of_scipys_permutation_test():
    rng = np.random.default_rng(0)
    for count in (8, 12, 40):
        first, second = rng.gamma(2, 1, count), rng.gamma(2, 1.4, count)
        found = paired(scored("a", first), scored("b", second), MSE, SETTINGS)
        reference = stats.permutation_test(
            (first, second), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=20_000, rng=1
        )
        assert found.p == pytest.approx(reference.pvalue, abs=1e-12 if count < 13 else 0.02)
        assert found.difference == pytest.approx(np.mean(first - second))
        assert found.effect == pytest.approx(np.mean(first - second) / np.std(first - second, ddof=1))
        assert found.p == pytest.approx(stats.ttest_rel(first, second).pvalue, abs=0.06)


def test_six_photographs_can_just_show_a_difference_and_five_cannot():
    for count, least in ((6, 2 / 64), (5, 2 / 32)):
        found = paired(scored("a", np.arange(count) + 1.0), scored("b", np.zeros(count)), MSE, SETTINGS)
        assert found.p == pytest.approx(least)
    assert power.smallest(0.1, 6) is not None
    assert power.smallest(0.1, 5) is None, "no difference is large enough for a p below 0.05"


def test_tiles_and_near_duplicates_are_no_new_evidence():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.4, 1, 14), np.zeros(14)
    names = [f"p{place}" for place in range(14)]
    alone = paired(scored("a", first), scored("b", second), MSE, SETTINGS)
    tiled = paired(
        scored("a", np.repeat(first, 5), np.repeat(names, 5)), scored("b", np.repeat(second, 5), np.repeat(names, 5)), MSE, SETTINGS
    )
    for field in ("difference", "low", "high", "p", "effect", "photographs", "error"):
        assert getattr(tiled, field) == pytest.approx(getattr(alone, field)), field


def test_scores_that_are_no_numbers_leave_both_sides_and_are_counted():
    """Leaving a picture out of one mean only would compare different pictures."""
    first = np.r_[math.inf, math.nan, np.full(18, 2.0) + np.arange(18) / 100]
    second = np.r_[1.0, 1.0, math.nan, np.full(17, 1.0)]
    found = paired(scored("a", first), scored("b", second), MSE, SETTINGS)
    assert found.excluded == 3
    assert found.photographs == 17
    assert found.difference == pytest.approx(np.mean(first[3:] - second[3:]))
    nothing = paired(scored("a", np.full(9, math.nan)), scored("b", np.ones(9)), MSE, SETTINGS)
    assert math.isnan(nothing.difference)
    assert (nothing.low, nothing.p, nothing.effect, nothing.excluded) == (None, None, None, 9)


def test_one_photograph_tells_nothing_about_others():
    found = paired(scored("a", [1, 2, 3], ["p"] * 3), scored("b", [0, 0, 0], ["p"] * 3), MSE, SETTINGS)
    assert found.difference == 2
    assert (found.low, found.high, found.p, found.effect, found.error) == (None,) * 5


def test_equal_models_do_not_differ():
    found = paired(scored("a", np.arange(20.0)), scored("b", np.arange(20.0)), MSE, SETTINGS)
    assert (found.difference, found.low, found.high, found.p, found.effect) == (0, 0, 0, 1, None)


def test_rows_are_matched_by_picture_not_by_place():
    first, second = frame({"mse_ab128": np.arange(30.0)}), frame({"mse_ab128": np.arange(30.0) - 1})
    shuffled = second.sample(frac=1, random_state=0).reset_index(drop=True)
    found = paired(Evaluated("a", Path(), first, {}), Evaluated("b", Path(), shuffled, {}), MSE, SETTINGS)
    assert (found.difference, found.low, found.high) == pytest.approx((1, 1, 1))


def test_other_pictures_cannot_be_paired():
    with pytest.raises(DataError, match="hold scores of different pictures"):
        paired(scored("a", np.ones(5)), scored("b", np.ones(6)), MSE, SETTINGS)


def test_set_level_values_are_compared_as_values():
    """The difference of two Δ colorfulness, both of the same drawn photographs; no difference belongs to one picture."""
    rng = np.random.default_rng(2)
    true = rng.gamma(4, 10, 90)
    ones = {
        name: frame({"colorfulness": true * share + rng.normal(0, 2, 90), "colorfulness_truth": true})
        for name, share in {"dull": 0.5, "vivid": 0.9}.items()
    }
    dull, vivid = (Evaluated(name, Path(), table, {}) for name, table in ones.items())
    found = paired(dull, vivid, metrics.metric("delta_colorfulness"), SETTINGS)
    own = [abs(table["colorfulness"].mean() - table["colorfulness_truth"].mean()) for table in ones.values()]
    assert found.difference == pytest.approx(own[0] - own[1])
    assert 0 < found.low < found.difference < found.high
    assert found.p < 0.001
    assert found.effect is None


def test_distances_of_distributions_are_compared_on_the_same_draws(tmp_path):
    """The photographs that make one model's FID large make the other's large too: drawn together, the difference is surer than either."""
    from tests.evaluation.test_intervals import DISTANCE

    rng = np.random.default_rng(3)
    shared = rng.normal(1, 1, (60, 4))
    ones = []
    for name, shift in (("beta", 0.3), ("plain", 0.0)):
        ones.append(score_folders.write(tmp_path / name, name, frame({"ssim": rng.random(60)})))
        np.savez(tmp_path / name / "vectors.npz", feature=(shared + shift + rng.normal(0, 0.1, (60, 4))).astype(np.float32))
    found = paired(ones[0], ones[1], DISTANCE, Compare(draws=500))
    assert found.low < found.difference < found.high
    assert found.low > 0
    assert found.p < 0.01
    assert found.effect is None
    backwards = paired(ones[1], ones[0], DISTANCE, Compare(draws=500))
    assert backwards.difference == pytest.approx(-found.difference)


def test_a_lucky_seed_is_no_better_recipe(tmp_path):
    """Three trainings each that differ among themselves by more than the two recipes do: sure about these weights, not about the recipe."""
    rng = np.random.default_rng(4)
    hard = rng.gamma(3, 1, 60)
    runs = {
        name: {seed: frame({"mse_ab128": hard + shift + rng.normal(0, 0.02, 60)}) for seed, shift in enumerate(shifts)}
        for name, shifts in {"beta": (0.0, 0.6, 0.3), "plain": (0.5, 0.1, 0.9)}.items()
    }
    beta, plain = (score_folders.write(tmp_path / name, name, tables) for name, tables in runs.items())
    over_seeds = paired(beta, plain, MSE, SETTINGS)
    alone = paired(*(scored(one.name, one.table["mse_ab128"]) for one in (beta, plain)), MSE, SETTINGS)
    assert over_seeds.difference == pytest.approx(alone.difference)
    assert alone.high < 0
    assert alone.p < 0.001
    assert over_seeds.low < 0 < over_seeds.high
    assert over_seeds.p > 0.1
    assert over_seeds.degrees < 10 < alone.degrees


def test_holm_as_rs_p_adjust_has_it():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([None, 0.02]) == [None, 0.02]
    assert holm([]) == []


@pytest.mark.parametrize("skewed", [False, True])
def test_finds_a_difference_where_there_is_none_about_once_in_twenty(skewed):
    first, second = coverage.pair(np.random.default_rng(5), 60, 800, 0, skewed=skewed)
    assert 0.03 <= coverage.found(first, second, Compare(draws=1000)) <= 0.07


def test_finds_the_smallest_difference_that_the_power_line_promises_four_times_in_five():
    least = power.smallest(coverage.SPREAD / math.sqrt(60), 60)
    first, second = coverage.pair(np.random.default_rng(6), 60, 800, least, skewed=False)
    assert 0.76 <= coverage.found(first, second, Compare(draws=1000)) <= 0.84
    assert coverage.found(*coverage.pair(np.random.default_rng(6), 60, 300, least / 2, skewed=False), Compare(draws=500)) < 0.5


def test_power_is_that_of_the_noncentral_t():
    for count in (10, 30, 200):
        least = power.smallest(1 / math.sqrt(count), count)
        edge = stats.t.ppf(0.975, count - 1)
        away = stats.nct(count - 1, least * math.sqrt(count))
        assert away.sf(edge) + away.cdf(-edge) == pytest.approx(0.8, abs=0.015)
