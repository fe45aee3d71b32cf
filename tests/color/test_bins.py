"""Bins that differ from the published ones would make weights, scores and pictures incomparable with the literature."""

import zlib

import numpy as np
import pytest
from PIL import Image

from huelab.color import bins, lab


@pytest.fixture(scope="module")
def colours(request):
    """Every seventh pixel of the starter photographs, as ab."""
    files = sorted((request.config.rootpath / "samples").glob("*.jpg"))
    pictures = [np.asarray(Image.open(file).convert("RGB"))[::7, ::7] for file in files]
    return np.concatenate([lab.rgb_to_lab(rgb)[..., 1:].reshape(-1, 2) for rgb in pictures])


def test_the_bins_are_those_of_the_paper_value_for_value():
    centers = bins.centers()
    assert centers.shape == (313, 2)
    assert zlib.crc32(centers.astype("<i2").tobytes()) == 0x60E58B8E


def test_nobody_can_change_the_bins_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        bins.centers()[0] = 0


def test_soft_encoding_survives_the_round_trip(colours):
    indices, weights = bins.soft_encode(colours)
    back = (bins.centers()[indices] * weights[..., None]).sum(axis=-2)
    assert np.sqrt(np.mean((back - colours) ** 2)) <= 0.25
    assert np.allclose(weights.sum(axis=-1), 1, atol=1e-6)
    assert (np.diff(weights, axis=-1) <= 1e-7).all()  # nearest first


def test_soft_encoding_is_the_formula():
    ab = np.array([12.0, -7.0])
    squares = ((bins.centers() - ab) ** 2).sum(axis=1)
    expected = np.argsort(squares, kind="stable")[:10]
    indices, weights = bins.soft_encode(ab, k=10)
    assert np.array_equal(indices, expected)
    gauss = np.exp(-squares[expected] / 50)
    assert np.allclose(weights, gauss / gauss.sum(), atol=1e-6)


def test_soft_encoding_with_all_bins_and_far_outside_them():
    indices, weights = bins.soft_encode(np.array([[500.0, -500.0]]), k=313)
    assert sorted(indices[0]) == list(range(313))
    assert np.isfinite(weights).all()
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="choose from 1 to 313"):
        bins.soft_encode(np.zeros(2), k=0)


def test_nearest_bin_is_the_nearest_also_outside_the_grid():
    ab = np.concatenate([np.random.default_rng(0).uniform(-160, 160, (5000, 2)), bins.centers(), [[5, 5], [-110, -110], [0, 0]]])
    squares = ((ab[:, None] - bins.centers()) ** 2).sum(axis=-1)
    assert np.array_equal(bins.nearest(ab), squares.argmin(axis=1))
    assert np.array_equal(bins.nearest(bins.centers()), np.arange(313))
    assert bins.nearest([0.4, -0.4]).shape == ()
    assert bins.nearest(np.zeros((0, 2))).shape == (0,)


def test_streamed_prior_is_that_of_all_pixels_at_once(colours):
    histogram = bins.AbHistogram()
    for part in np.array_split(colours, 5):
        histogram.add(part)
    indices, weights = bins.soft_encode(colours)
    expected = np.bincount(indices.ravel(), weights.ravel(), minlength=313) / len(colours)
    own = histogram.prior()
    assert own.sum() == pytest.approx(1)
    assert np.abs(own - expected).max() < 2e-3  # the lattice's rounding
    assert histogram.mean() == pytest.approx(tuple(colours.mean(axis=0, dtype=np.float64)), abs=1e-4)
    assert histogram.total == len(colours)


def test_colours_beyond_the_lattice_are_counted_too():
    histogram = bins.AbHistogram()
    histogram.add(np.array([[300, -300], [0, 0]], np.float32))
    assert histogram.total == 2
    assert histogram.counts[256, 0] == 1


def test_an_empty_histogram_prefers_no_colour():
    histogram = bins.AbHistogram()
    assert np.allclose(histogram.prior(), 1 / 313)
    assert histogram.mean() == (0, 0)


@pytest.mark.parametrize("lam", [0.0, 0.5, 1.0])
def test_weights_average_to_one_under_the_prior(colours, lam):
    histogram = bins.AbHistogram()
    histogram.add(colours)
    prior = histogram.prior()
    weights = bins.class_weights(prior, lam)
    assert (prior * weights).sum() == pytest.approx(1, abs=1e-6)
    assert np.isfinite(weights).all()
    assert (weights > 0).all()


def test_weights_leave_bins_that_never_occurred_out_of_the_uniform_part():
    prior = np.zeros(313)
    prior[[3, 7]] = 0.75, 0.25
    weights = bins.class_weights(prior, 0.5)
    raw = 1 / (0.5 * np.array([0.75, 0.25]) + 0.5 / 2)  # Q = 2
    assert np.allclose(weights[[3, 7]], raw / (prior[[3, 7]] * raw).sum())
    assert weights[0] == weights.max()


def test_weights_refuse_what_is_no_prior():
    for bad in (np.zeros(313), np.ones(10), np.full(313, np.nan), -np.ones(313)):
        with pytest.raises(ValueError, match="prior"):
            bins.class_weights(bad)
    with pytest.raises(ValueError, match="lam"):
        bins.class_weights(np.ones(313), 2)


def test_annealed_mean_goes_from_mean_to_mode():
    logits = np.random.default_rng(0).normal(scale=3, size=(7, 313)).astype(np.float32)
    share = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    mode = bins.centers()[logits.argmax(axis=-1)]
    assert np.allclose(bins.annealed_mean(logits, 1), share @ bins.centers(), atol=1e-3)
    assert np.allclose(bins.annealed_mean(logits, 0.001), mode, atol=1e-2)
    assert np.array_equal(bins.annealed_mean(logits, 0), mode)
    # log-probabilities serve as well as logits
    assert np.allclose(bins.annealed_mean(np.log(share)), bins.annealed_mean(logits), atol=1e-3)
    with pytest.raises(ValueError, match="temperature"):
        bins.annealed_mean(logits, -1)


def test_the_other_bins_are_the_247_of_hage():
    """Their histograms, weights and results are of 247 classes; one more or less and nothing of theirs can be compared."""
    centers = bins.hage_centers()
    assert centers.shape == (247, 2)
    steps = [np.unique(np.round(np.diff(np.unique(axis)), 3)) for axis in centers.T]
    assert [len(step) for step in steps] == [1, 1]  # a regular mesh
    assert [float(step[0]) for step in steps] == pytest.approx([9.083, 9.966], abs=2e-3)
    with pytest.raises(ValueError, match="read-only"):
        centers[0] = 0


def test_any_set_of_bins_is_encoded_weighted_and_read_out(colours):
    """The same arithmetic serves every set: nothing in it may be of the 313 alone."""
    centers = bins.hage_centers()
    indices, weights = bins.soft_encode(colours, k=10, among=centers)
    back = (centers[indices] * weights[..., None]).sum(axis=-2)
    assert np.sqrt(np.mean((back - colours) ** 2)) <= 0.5
    histogram = bins.AbHistogram()
    histogram.add(colours)
    prior = bins.prior(histogram.counts, k=10, among=centers)
    expected = np.bincount(indices.ravel(), weights.ravel(), minlength=247) / len(colours)
    assert np.abs(prior - expected).max() < 2e-3
    assert (prior * bins.class_weights(prior, count=247)).sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="247 shares"):
        bins.class_weights(np.ones(313), count=247)
    assert np.array_equal(bins.annealed_mean(np.eye(247), 0, among=centers), centers)
