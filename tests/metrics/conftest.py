"""Photographs and colourizations the metric tests share: real ones from samples/, and the degenerate ones a user may bring."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from huelab.metrics.pair import Pair

UInt8 = NDArray[np.uint8]


@pytest.fixture(params=["astronaut", "chelsea", "coffee"])
def photograph(request: pytest.FixtureRequest, samples: Path) -> UInt8:
    """(120, 150, 3) from the middle of a starter photograph, at half its size."""
    with Image.open(samples / f"{request.param}.jpg") as picture:
        rgb = np.asarray(picture.convert("RGB").reduce(2))
    top, left = (rgb.shape[0] - 120) // 2, (rgb.shape[1] - 150) // 2
    return np.ascontiguousarray(rgb[top : top + 120, left : left + 150])


@pytest.fixture
def muted() -> Callable[[UInt8], Pair]:
    """A colourization of a photograph that is paler than it and turned in hue, as an unsure colorizer makes it."""

    def make(rgb: UInt8) -> Pair:
        from huelab.color import lab

        ab = lab.rgb_to_lab(rgb)[..., 1:]
        turn = np.array([[0.8, -0.3], [0.3, 0.8]], np.float32)
        return Pair.of(rgb, 0.6 * ab @ turn + np.float32(4))

    return make


@pytest.fixture
def identical() -> Callable[[UInt8], Pair]:
    """A colourization that is the photograph itself."""

    def make(rgb: UInt8) -> Pair:
        from huelab.color import lab

        return Pair.of(rgb, lab.rgb_to_lab(rgb)[..., 1:])

    return make


@pytest.fixture
def gray() -> Callable[[UInt8], Pair]:
    """No colour at all."""
    return lambda rgb: Pair.of(rgb, np.zeros((*rgb.shape[:2], 2), np.float32))


def flat(red: int, green: int, blue: int, side: int = 32) -> UInt8:
    """A picture of one colour."""
    return np.full((side, side, 3), (red, green, blue), np.uint8)


@pytest.fixture
def one_colour() -> UInt8:
    return flat(180, 90, 40)


@pytest.fixture
def tiny() -> UInt8:
    """5×7 pixels."""
    return np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
