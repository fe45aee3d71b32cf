"""Rare colours count: a colorizer that paints the common colour everywhere must lose here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from huelab.color import bins, lab
from huelab.metrics.auc_ab import area
from huelab.metrics.auc_ab_rebalanced import LEAST_SHARE, METRIC, of_picture
from huelab.metrics.pair import Pair


def _prior(rgb):
    counts = np.bincount(bins.nearest(lab.rgb_to_lab(rgb)[..., 1:]).ravel(), minlength=313)
    return counts / counts.sum()


def _predicting(rgb, ab, prior):
    true = lab.rgb_to_lab(rgb)
    return Pair(rgb, rgb, true, np.broadcast_to(np.float32(ab), (*rgb.shape[:2], 2)), prior)


def test_equals_the_definition_with_brute_force_bins(photograph, muted):
    prior = _prior(photograph)
    pair = muted(photograph)
    pair = Pair(pair.truth_rgb, pair.predicted_rgb, pair.truth_lab, pair.predicted_ab, prior)
    true = pair.truth_lab[..., 1:].reshape(-1, 1, 2)
    nearest = np.square(true - bins.centers().astype(np.float32)).sum(-1).argmin(-1)
    expected = area(pair.ab_distance, (1 / np.maximum(prior, LEAST_SHARE))[nearest])
    assert of_picture(pair) == pytest.approx(expected, abs=0.01)


def test_rewards_the_rare_colour():
    """Nine tenths gray, one tenth red: painting all gray is right for most pixels, yet no better than painting all red."""
    rgb = np.full((10, 10, 3), 128, np.uint8)
    rgb[0] = (200, 40, 40)
    prior = _prior(rgb)
    red = lab.rgb_to_lab(rgb)[0, 0, 1:]
    gray_everywhere, red_everywhere = _predicting(rgb, (0, 0), prior), _predicting(rgb, red, prior)
    assert area(gray_everywhere.ab_distance) > area(red_everywhere.ab_distance) + 20
    assert of_picture(gray_everywhere) == pytest.approx(of_picture(red_everywhere), abs=0.5)


def test_a_colour_training_never_saw_does_not_decide_alone():
    """One pixel of an unseen colour among a thousand: its weight is bounded, the value stays a number."""
    rgb = np.full((32, 32, 3), 128, np.uint8)
    prior = _prior(rgb)
    rgb[0, 0] = (255, 0, 0)
    value = of_picture(_predicting(rgb, (0, 0), prior))
    assert math.isfinite(value)
    assert value < area(_predicting(rgb, (0, 0), prior).ab_distance)


def test_pools_the_pixels_of_the_set_as_published(photograph, muted, gray):
    """Zhang et al. report one area over all pixels; a mean of pictures' areas would not be comparable with their table."""
    prior = _prior(photograph)
    pairs = [
        Pair(pair.truth_rgb, pair.predicted_rgb, pair.truth_lab, pair.predicted_ab, prior)
        for pair in (muted(photograph[:60]), gray(photograph[60:]))
    ]
    columns = {name: np.array([of_pair(pair) for pair in pairs]) for name, of_pair in METRIC.columns.items()}
    weights = [(1 / np.maximum(prior, LEAST_SHARE))[pair.truth_bins] for pair in pairs]
    pooled = area(np.concatenate([pair.ab_distance for pair in pairs]), np.concatenate(weights))
    assert METRIC.value({name: values.mean() for name, values in columns.items()}) == pytest.approx(pooled, rel=1e-9)
    assert METRIC.kind == "set"


def test_no_prior_no_value(one_colour):
    assert math.isnan(of_picture(_predicting(one_colour, (0, 0), None)))
