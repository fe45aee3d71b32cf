"""FLIP must be NVIDIA's own number: their package computes the same pictures here, pixel by pixel."""

from __future__ import annotations

import flip_evaluator
import numpy as np
import pytest

from huelab.metrics.flip import PIXELS_PER_DEGREE, error_map, flip


def _package(first, second):
    """Error map (h, w), its mean, and the settings it was made with."""
    pictures = [rgb.astype(np.float32) / 255 for rgb in (first, second)]
    errors, mean, settings = flip_evaluator.evaluate(*pictures, "LDR", applyMagma=False)
    return errors[..., 0], mean, settings


def test_equals_nvidias_package_on_photographs(photograph, gray, muted):
    for make in (gray, muted):
        pair = make(photograph)
        errors, mean, settings = _package(photograph, pair.predicted_rgb)
        assert settings["ppd"] == pytest.approx(PIXELS_PER_DEGREE, rel=1e-6)
        assert np.abs(error_map(photograph, pair.predicted_rgb) - errors).max() < 1e-3
        assert flip(pair) == pytest.approx(mean, abs=2e-5)


def test_equals_it_for_noise_black_and_white():
    """The ends of every curve: largest colour errors, strongest edges, dark colours."""
    rng = np.random.default_rng(0)
    noise, other = rng.integers(0, 256, (2, 40, 50, 3), np.uint8)
    dark, dim = rng.integers(0, 12, (2, 40, 50, 3), np.uint8)
    black, white = np.zeros((30, 30, 3), np.uint8), np.full((30, 30, 3), 255, np.uint8)
    green, blue = black.copy(), black.copy()
    green[..., 1], blue[..., 2] = 255, 255
    board = np.where(np.indices((30, 30)).sum(0)[..., None] // 4 % 2, white, black)
    for first, second in ((noise, other), (dark, dim), (black, white), (green, blue), (board, 255 - board), (board, white)):
        errors, mean, _ = _package(first, second)
        found = error_map(first, second)
        assert np.abs(found - errors).max() < 1e-3
        assert found.mean() == pytest.approx(mean, abs=1e-4)
    assert error_map(green, blue).mean() == pytest.approx(1, abs=1e-4), "the most different colours there are"


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    assert flip(identical(tiny)) == pytest.approx(0, abs=1e-6)
    for rgb in (one_colour, tiny, tiny[:1, :1]):
        pair = gray(rgb)
        assert flip(pair) == pytest.approx(_package(rgb, pair.predicted_rgb)[1], abs=2e-5)
    assert flip(gray(np.full((16, 16, 3), 93, np.uint8))) == pytest.approx(0, abs=1e-6)
