"""The photograph's own lightness must survive: it is all that is known for certain."""

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import color

from huelab.color import bins, gamut, lab
from huelab.colorize import engine
from huelab.data import resize
from huelab.errors import ModelError, UsageError


def lightness(rgb):
    return color.rgb2lab(rgb)[..., 0]


def vivid(L):
    """Chroma that varies over the picture and leaves the gamut in places."""
    y, x = np.mgrid[0 : L.shape[0], 0 : L.shape[1]]
    return np.stack([70 * np.sin(x / 9), 80 * np.cos(y / 7)], axis=-1).astype(np.float32)


@pytest.mark.parametrize("shape", [(300, 451), (64, 64), (1, 1), (1, 700), (900, 2), (37, 5)])
def test_lightness_stays_within_half_a_unit_at_any_size(shape):
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    coloured = engine.Engine("vivid", 64, vivid).colour(rgb)
    assert coloured.shape == rgb.shape
    assert np.abs(lightness(coloured) - lightness(rgb)).max() <= 0.5


def test_gray_in_and_no_chroma_gives_the_same_picture_back(gray):
    rgb = np.repeat(gray[..., None], 3, axis=2)
    none = engine.Engine("gray", 32, lambda L: np.zeros((*L.shape, 2), np.float32))
    assert np.array_equal(none.colour(rgb), rgb)


def test_a_colorizer_that_knows_the_colours_gives_the_photograph_back(samples):
    rgb = np.asarray(Image.open(samples / "chelsea.jpg").convert("RGB"))
    height, width = engine.network_size(*rgb.shape[:2], 256)
    small = lab.rgb_to_lab(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA))
    coloured = engine.Engine("knowing", 256, lambda L: np.ascontiguousarray(small[..., 1:])).colour(rgb)
    assert np.abs(coloured.astype(int) - rgb).mean() < 2


def test_the_network_sees_the_lightness_of_the_photograph_at_its_own_size(samples):
    rgb = np.asarray(Image.open(samples / "chelsea.jpg").convert("RGB"))
    seen = []

    def predict(L):
        seen.append(L)
        return np.zeros((*L.shape, 2), np.float32)

    engine.Engine("watching", 48, predict).colour(rgb)
    height, width = engine.network_size(*rgb.shape[:2], 48)
    assert seen[0].shape == (height, width)
    assert min(seen[0].shape) == 48
    assert seen[0].dtype == np.float32
    expected = lightness(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA))
    assert np.abs(seen[0] - expected).max() <= 2e-4


def test_strips_leave_no_seams():
    """The enlarged chroma is the same as enlarging it in one piece."""
    rgb = np.full((777, 1200, 3), 120, np.uint8)
    ab = np.random.default_rng(0).uniform(-20, 20, (13, 20, 2)).astype(np.float32)
    whole = cv2.resize(ab, (1200, 777), interpolation=cv2.INTER_LINEAR)
    expected = gamut.render(lab.lightness(rgb), whole)
    difference = np.abs(engine.paint(rgb, ab).astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001  # roundings on the edge between two levels


def test_size_keeps_the_aspect_and_bounds_the_work():
    assert engine.network_size(3000, 4000, 256) == (256, 341)
    assert engine.network_size(40, 30, 64) == (85, 64)
    assert engine.network_size(1, 1, 64) == (64, 64)
    height, width = engine.network_size(2, 30_000, 64)
    assert width == resize.LARGEST_ASPECT * 64
    assert height == 1


def test_a_real_colorizer_colours(beta, coffee):
    loaded = engine.load(beta, device="cpu")
    assert (loaded.name, loaded.size) == ("beta", 32)
    coloured = loaded.colour(coffee)
    assert np.abs(lightness(coloured) - lightness(coffee)).max() <= 0.5
    assert np.array_equal(coloured, engine.load(beta, device="cpu").colour(coffee))
    assert engine.load(beta, size=48, device="cpu").size == 48


def test_broken_colours_are_an_error_with_a_name(coffee):
    broken = engine.Engine("beta", 32, lambda L: np.full((*L.shape, 2), np.nan, np.float32))
    with pytest.raises(ModelError, match="beta gave colours that are not numbers"):
        broken.colour(coffee)
    other_shape = engine.Engine("beta", 32, lambda L: bins.centers().astype(np.float32))
    with pytest.raises(ModelError, match="shape"):
        other_shape.colour(coffee)


def test_impossible_wishes_are_refused(beta):
    with pytest.raises(UsageError, match="16 to 4096"):
        engine.load(beta, size=4)
    import torch

    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="cuda"):
            engine.load(beta, device="cuda")
