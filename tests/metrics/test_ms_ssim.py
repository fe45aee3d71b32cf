"""MS-SSIM as pytorch-msssim computes it; where a side is odd, as the authors' code does."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_msssim import ms_ssim as library

from huelab.metrics.ms_ssim import SMALLEST, WEIGHTS, ms_ssim, multi_scale_similarity
from huelab.metrics.pair import Pair
from huelab.metrics.ssim import structural_similarity


def _library(first, second):
    tensors = [torch.from_numpy(rgb.astype(np.float64)).permute(2, 0, 1)[None] for rgb in (first, second)]
    return float(library(*tensors, data_range=255))


@pytest.fixture(params=["astronaut", "coffee", "rocket"])
def large(request: pytest.FixtureRequest, samples: Path) -> np.ndarray:
    """(176, 192, 3), sides that can be halved four times."""
    with Image.open(samples / f"{request.param}.jpg") as picture:
        return np.asarray(picture.convert("RGB").resize((192, 176)))


def test_equals_pytorch_msssim_on_photographs(large, gray, muted):
    for make in (gray, muted):
        pair = make(large)
        assert ms_ssim(pair) == pytest.approx(_library(large, pair.predicted_rgb), abs=1e-5)


def test_equals_it_where_float32_is_hardest():
    rng = np.random.default_rng(1)
    for level in (0, 128, 254):
        first = np.full((176, 176, 3), level, np.uint8)
        second = np.clip(first + rng.integers(-1, 2, first.shape), 0, 255).astype(np.uint8)
        assert multi_scale_similarity(first, second) == pytest.approx(_library(first, second), abs=2e-4)
    noise, other = rng.integers(0, 256, (2, 176, 176, 3), np.uint8)
    assert multi_scale_similarity(noise, other) == pytest.approx(_library(noise, other), abs=1e-4)


def test_odd_sides_repeat_their_last_row_and_column(large):
    """pytorch-msssim averages odd edges with black, which the published code does not: one more row would change the value."""
    odd, paler = large[:175, :191], (large[:175, :191] // 2 + 60).astype(np.uint8)
    value = multi_scale_similarity(odd, paler)
    padded = [np.pad(rgb, ((0, 1), (0, 1), (0, 0)), "edge") for rgb in (odd, paler)]
    assert value == pytest.approx(_library(*padded), abs=2e-3)


def test_below_161_pixels_there_is_no_value(large, gray):
    """Five scales need 161 pixels; a value made of fewer would pass for the real one."""
    assert SMALLEST == 161
    assert math.isnan(multi_scale_similarity(large[:160], large[:160]))
    assert multi_scale_similarity(large[:161, :161], large[:161, :161]) == pytest.approx(1, abs=1e-6)
    assert math.isnan(ms_ssim(gray(large[:20, :20])))
    assert sum(WEIGHTS) == pytest.approx(1, abs=1e-3)


def test_identical_one_colour_and_gray(large, gray):
    assert multi_scale_similarity(large, large) == pytest.approx(1, abs=1e-6)
    flat = np.full((176, 176, 3), (180, 90, 40), np.uint8)
    pair = gray(flat)
    assert ms_ssim(pair) == pytest.approx(_library(flat, pair.predicted_rgb), abs=1e-5)
    shade = np.full((176, 176, 3), 93, np.uint8)
    assert ms_ssim(gray(shade)) == pytest.approx(1, abs=1e-6)


def test_a_negative_term_counts_as_nought():
    """A photograph and its negative: without the rule the root of a negative number would be taken."""
    rng = np.random.default_rng(3)
    first = rng.integers(0, 256, (176, 176, 3), np.uint8)
    lab = np.zeros((176, 176, 3), np.float32)
    assert ms_ssim(Pair(first, 255 - first, lab, lab[..., 1:])) == 0 == _library(first, 255 - first)
    assert structural_similarity(first, 255 - first) < 0
