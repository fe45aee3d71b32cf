"""Hues wherever they are: the distance is the least turning that makes one palette the other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from huelab.metrics.hue_distance import BINS, distance, histogram, hue_distance
from huelab.metrics.pair import Pair


def _least_transport(first, second):
    """The earth mover's distance by linear programming, the cost being the shorter way round."""
    count = len(first)
    steps = np.abs(np.arange(count)[:, None] - np.arange(count)[None])
    cost = np.minimum(steps, count - steps) * 360 / count
    leaves, arrives = np.zeros((count, count, count)), np.zeros((count, count, count))
    for index in range(count):
        leaves[index, index, :], arrives[index, :, index] = 1, 1
    equalities = np.concatenate([leaves, arrives]).reshape(2 * count, -1)
    return linprog(cost.ravel(), A_eq=equalities, b_eq=np.concatenate([first, second])).fun


def test_equals_the_optimal_transport():
    rng = np.random.default_rng(0)
    for count in (6, 12):
        first, second = rng.dirichlet(np.full(count, 0.4), 2)
        assert distance(first, second) == pytest.approx(_least_transport(first, second), abs=1e-6)


def test_turning_every_hue_is_as_far_as_it_was_turned():
    shares = np.zeros(BINS)
    shares[2] = 1
    for steps in (0, 1, 9, 18, 27, 35):
        assert distance(shares, np.roll(shares, steps)) == pytest.approx(min(steps, BINS - steps) * 10, abs=1e-9)


def test_of_photographs(photograph, muted, identical):
    """As numpy's own angles give it; and a mirrored picture has the same palette, though no pixel is right."""
    pair = muted(photograph)

    def shares(ab):
        a, b = np.moveaxis(ab.astype(float), -1, 0)
        counts, _ = np.histogram(np.degrees(np.arctan2(b, a)) % 360, bins=36, range=(0, 360), weights=np.hypot(a, b))
        counts = counts / a.size + 1 / 36
        return counts / counts.sum()

    assert hue_distance(pair) == pytest.approx(distance(shares(pair.truth_lab[..., 1:]), shares(pair.predicted_ab)), abs=0.05)
    assert hue_distance(identical(photograph)) == pytest.approx(0, abs=0.05)
    lab = pair.truth_lab
    assert hue_distance(Pair(photograph, photograph, lab, lab[:, ::-1, 1:])) == pytest.approx(0, abs=1e-3)
    assert hue_distance(Pair(photograph, photograph, lab, -lab[..., 1:])) > 30


def test_gray_has_every_hue_alike(one_colour, tiny, gray, identical):
    """No prediction of colour must neither raise nor win: against one hue it lies 90° away, against gray nowhere."""
    assert 80 < hue_distance(gray(one_colour)) <= 90
    assert hue_distance(gray(np.full((6, 6, 3), 93, np.uint8))) == pytest.approx(0, abs=0.5)
    assert hue_distance(identical(tiny)) == pytest.approx(0, abs=0.1)
    empty = histogram(np.zeros((3, 3), np.float32), np.zeros((3, 3), np.float32))
    assert empty == pytest.approx(np.full(BINS, 1 / BINS))
