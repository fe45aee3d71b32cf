"""Bleeding: colour that stops at edges must beat colour that runs over them, and the share is that of the published rule."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from skimage.feature import canny
from skimage.segmentation import slic

from huelab.metrics.cdr import cdr, ratio
from huelab.metrics.pair import Pair


def _transcription(true, made):
    """The published rule pixel by pixel, windows cut at the border, compactness 10 in CIE units."""

    def superpixels(plane):
        spread = np.ptp(plane) or 1.0
        return slic(plane, n_segments=250, compactness=10 / spread, sigma=1, start_label=1, channel_axis=None)

    edges = canny(true.astype(float), sigma=1.2, high_threshold=0.7, low_threshold=0.2, use_quantiles=True)
    own, other = superpixels(true), superpixels(made)
    values = []
    for row, column in zip(*np.nonzero(edges), strict=True):
        window = np.s_[max(row - 4, 0) : row + 5, max(column - 4, 0) : column + 5]
        apart = own[window] != own[row, column]
        merged = apart & (other[window] == other[row, column])
        values.append(1 - merged.sum() / apart.sum() if apart.any() else 1)
    return np.mean(values)


def test_equals_the_published_rule_written_out(photograph, muted):
    pair = muted(photograph[:80, :90])
    expected = [_transcription(pair.truth_lab[..., channel + 1], pair.predicted_ab[..., channel]) for channel in range(2)]
    assert ratio(pair.truth_lab[..., 1], pair.predicted_ab[..., 0]) == pytest.approx(expected[0], abs=1e-9)
    assert cdr(pair) == pytest.approx(np.mean(expected), abs=1e-9)


def test_blurred_colours_bleed_and_true_ones_do_not(photograph, identical):
    truth = identical(photograph)
    values = [1.0]
    assert cdr(Pair(truth.truth_rgb, truth.truth_rgb, truth.truth_lab, truth.truth_lab[..., 1:])) == 1
    for sigma in (1, 3, 9):
        blurred = cv2.GaussianBlur(truth.truth_lab[..., 1:], (0, 0), sigma)
        values.append(cdr(Pair.of(photograph, blurred)))
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.9


def test_a_colour_that_runs_over_an_edge(identical):
    """Left red, right green: twelve pixels of red too much must show, and nothing where it stays."""
    rgb = np.zeros((256, 256, 3), np.uint8)
    rgb[:, :128], rgb[:, 128:] = (200, 60, 60), (60, 160, 60)
    truth = identical(rgb)
    leaked = truth.truth_lab[..., 1:].copy()
    leaked[:, 128:140] = leaked[:, :1]
    leaking = Pair(rgb, rgb, truth.truth_lab, leaked)
    assert cdr(truth) > 0.99
    assert cdr(leaking) < 0.9


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    """No colour edges, no value, and never an exception."""
    assert math.isnan(cdr(gray(one_colour)))
    assert math.isnan(cdr(identical(np.full((32, 32, 3), 128, np.uint8))))
    assert math.isnan(cdr(gray(one_colour[:1, :1])))
    value = cdr(gray(tiny))
    assert math.isnan(value) or 0 <= value <= 1
