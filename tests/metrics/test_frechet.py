"""The Fréchet distance equals the reference formulas, for many vectors and for few, and for every bootstrap draw."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy import linalg

from huelab.metrics import frechet


def sample(count, length, seed, shift=0.0):
    """Correlated, non-negative, far from zero mean: like pooled features."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(count, length)) @ rng.normal(size=(length, length)) / np.sqrt(length)
    return np.abs(mixed * np.geomspace(1, 0.01, length) + 0.5 + shift).astype(np.float32)


def by_definition(first, second):
    """scipy's root of the product, as the published implementations take it."""
    root = linalg.sqrtm(np.cov(first, rowvar=False) @ np.cov(second, rowvar=False))
    apart = first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)
    spread = np.trace(np.cov(first, rowvar=False)) + np.trace(np.cov(second, rowvar=False))
    return apart @ apart + spread - 2 * np.trace(root).real


@pytest.mark.parametrize(("count", "others"), [(60, 80), (60, 12), (12, 80), (12, 9)], ids=["many", "few others", "few", "few of both"])
def test_equals_scipys_root_of_the_product(count, others):
    """Fewer vectors than the 24 dimensions take another road to the same number."""
    first, second = sample(count, 24, 0), sample(others, 24, 1, shift=0.2)
    ones = np.ones((1, count))
    assert frechet.from_others(first, second, ones)[0] == pytest.approx(by_definition(first, second), rel=1e-5)
    paired = sample(count, 24, 2, shift=0.1)
    assert frechet.of_pairs(first, paired, ones)[0] == pytest.approx(by_definition(first, paired), rel=1e-5)


@pytest.mark.skipif("disp" not in inspect.signature(linalg.sqrtm).parameters, reason="pytorch-fid 0.3.0 asks scipy 1.18 for what it lost")
@pytest.mark.filterwarnings("ignore:The `disp` argument is deprecated")
def test_equals_pytorch_fids_own_code():
    from pytorch_fid.fid_score import calculate_frechet_distance

    first, second = sample(60, 24, 0), sample(70, 24, 1)
    moments = [moment for own in (first, second) for moment in (own.mean(axis=0), np.cov(own, rowvar=False))]
    expected = calculate_frechet_distance(*moments)
    assert frechet.from_others(first, second, np.ones((1, 60)))[0] == pytest.approx(expected, rel=1e-5)


def test_equals_torchmetrics_formula():
    """Through the eigenvalues of the product."""
    first, second = sample(60, 24, 0), sample(70, 24, 1)
    one, other = (np.cov(own, rowvar=False) for own in (first, second))
    apart = np.square(first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)).sum()
    torchmetrics = apart + np.trace(one) + np.trace(other) - 2 * np.sqrt(np.linalg.eigvals(one @ other).astype(complex)).real.sum()
    assert frechet.from_others(first, second, np.ones((1, 60)))[0] == pytest.approx(torchmetrics, rel=1e-6)
    normal = frechet.of_normals(first.mean(axis=0, dtype=np.float64), one, second.mean(axis=0, dtype=np.float64), other)
    assert normal == pytest.approx(torchmetrics, rel=1e-6)


@pytest.mark.parametrize("count", [10, 30, 60])
def test_a_draw_is_the_distance_of_the_drawn_rows(count):
    """Counts must mean what repeating the rows means, or the intervals are of something else."""
    first, paired, others = sample(count, 24, 0), sample(count, 24, 1, shift=0.1), sample(40, 24, 2)
    counts = np.random.default_rng(3).multinomial(count, np.full(count, 1 / count), size=4).astype(np.float64)
    rows = [np.repeat(np.arange(count), drawn.astype(int)) for drawn in counts]
    expected = [by_definition(first[at], paired[at]) for at in rows]
    np.testing.assert_allclose(frechet.of_pairs(first, paired, counts), expected, rtol=1e-5)
    expected = [by_definition(first[at], others) for at in rows]
    np.testing.assert_allclose(frechet.from_others(first, others, counts), expected, rtol=1e-5)


@pytest.mark.parametrize("count", [2, 10, 60])
def test_a_set_is_at_no_distance_from_itself(count):
    own = sample(count, 24, 0)
    assert frechet.of_pairs(own, own, np.ones((1, count)))[0] == pytest.approx(0, abs=1e-6)
    assert frechet.from_others(own, own, np.ones((1, count)))[0] == pytest.approx(0, abs=1e-6)


def test_numbers_that_never_vary_do_no_harm():
    """A feature that is zero for every picture leaves the covariance without full rank."""
    first, second = sample(60, 24, 0), sample(70, 24, 1)
    padded = [np.pad(own, ((0, 0), (0, 3))) for own in (first, second)]
    expected = frechet.from_others(first, second, np.ones((1, 60)))
    np.testing.assert_allclose(frechet.from_others(*padded, np.ones((1, 60))), expected, rtol=1e-6)
    paired = [padded[0], padded[1][:60]]
    np.testing.assert_allclose(frechet.of_pairs(*paired, np.ones((1, 60))), by_definition(first, second[:60]), rtol=1e-5)


def test_few_pictures_are_biased_upwards():
    """What the unit says: two samples of one distribution are further apart the smaller they are."""
    drawn = sample(4000, 24, 0)
    apart = [frechet.from_others(drawn[:count], drawn[2000:], np.ones((1, count)))[0] for count in (10, 100, 1000)]
    assert apart[0] > 2 * apart[1] > 4 * apart[2] > 0


def test_rows_that_are_not_finite_take_no_part():
    first, paired, others = sample(10, 24, 0), sample(10, 24, 1), sample(30, 24, 2)
    without, ones = np.delete(first, 3, axis=0), np.ones((1, 9))
    first[3] = np.nan
    assert frechet.from_others(first, others, np.ones((1, 10))) == pytest.approx(frechet.from_others(without, others, ones))
    same = frechet.of_pairs(without, np.delete(paired, 3, axis=0), ones)
    assert frechet.of_pairs(first, paired, np.ones((1, 10))) == pytest.approx(same)


def test_fewer_than_two_have_no_distance():
    """One picture has no spread, and a network that failed on all of them gave one NaN each."""
    two, nothing = sample(2, 24, 0), np.full((2, 1), np.nan, np.float32)
    one_of_two = np.array([[1.0, 0.0]])
    assert np.isnan(frechet.of_pairs(two, two, one_of_two)).all()
    assert np.isnan(frechet.from_others(two, two, one_of_two)).all()
    assert np.isnan(frechet.from_others(two, two[:1], np.ones((1, 2)))).all()
    assert np.isnan(frechet.of_pairs(nothing, two, np.ones((3, 2)))).all()
    assert np.isnan(frechet.from_others(nothing, two, np.ones((3, 2)))).all()
