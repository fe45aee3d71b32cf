"""Without the clamp a vivid colorizer would change the lightness of the photograph it colours."""

import numpy as np
import pytest
from PIL import Image
from skimage import color

from huelab.color import gamut, lab, srgb


def wild(shape, seed=0):
    generator = np.random.default_rng(seed)
    return generator.uniform(0, 100, shape).astype(np.float32), generator.uniform(-128, 128, (*shape, 2)).astype(np.float32)


def lightness(rgb):
    return color.rgb2lab(rgb)[..., 0]


def test_lightness_of_the_rendered_picture_stays_within_half_a_unit():
    L, ab = wild((300, 400))
    assert np.abs(lightness(gamut.render(L, ab)) - L).max() <= 0.5


@pytest.mark.parametrize("L", [0.0, 0.5, 3.0, 97.0, 99.9, 100.0])
def test_lightness_stays_at_the_ends_where_the_gamut_is_narrow(L):
    _, ab = wild((200, 200))
    light = np.full((200, 200), L, np.float32)
    assert np.abs(lightness(gamut.render(light, ab)) - L).max() <= 0.5


def test_plain_clipping_would_not_do():
    L, ab = wild((300, 400))
    assert np.abs(lightness(lab.lab_to_rgb(np.dstack([L, ab]))) - L).max() > 5


def test_colours_inside_are_left_alone(samples):
    rgb = np.asarray(Image.open(samples / "coffee.jpg").convert("RGB"))
    values = lab.rgb_to_lab(rgb)
    L, ab = values[..., 0], values[..., 1:]
    assert np.array_equal(gamut.clamp(L, ab), ab)
    assert np.array_equal(gamut.render(L, ab), rgb)


def test_hue_is_kept_and_chroma_only_reduced_and_no_more_than_needed():
    L, ab = wild((100, 100))
    clamped = gamut.clamp(L, ab)
    before, after = np.hypot(*np.moveaxis(ab, -1, 0)), np.hypot(*np.moveaxis(clamped, -1, 0))
    assert (after <= before + 1e-3).all()
    cross = ab[..., 0] * clamped[..., 1] - ab[..., 1] * clamped[..., 0]
    assert np.abs(cross / np.maximum(before, 1e-6)).max() < 1e-3  # parallel
    assert (np.sum(ab * clamped, axis=-1) >= 0).all()  # not the opposite hue
    # two units of chroma more would leave the gamut: some linear channel below 0 or above 1
    reduced = after < before - 2
    more = clamped + 2 * ab / before[..., None]
    xyz = color.lab2xyz(np.dstack([L, more]).reshape(-1, 1, 3)[reduced.ravel()])
    linear = xyz @ srgb.RGB_FROM_XYZ.T
    assert ((linear < 0) | (linear > 1)).any(axis=-1).mean() > 0.999


def test_render_is_clamp_then_convert():
    L, ab = wild((4, 50, 60))
    assert np.array_equal(gamut.render(L, ab), lab.lab_to_rgb(np.concatenate([L[..., None], gamut.clamp(L, ab)], axis=-1)))


def test_black_and_white_stay_black_and_white():
    ab = np.full((2, 2, 2), 60, np.float32)
    assert (gamut.render(np.zeros((2, 2), np.float32), ab) == 0).all()
    assert (gamut.render(np.full((2, 2), 100, np.float32), ab) >= 254).all()


def test_gray_renders_gray_and_keeps_its_levels():
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    rgb = gamut.render(lab.gray_lightness(gray), np.zeros((16, 16, 2), np.float32))
    assert np.array_equal(rgb, np.repeat(gray[..., None], 3, axis=2))


def test_one_pixel_and_none():
    assert gamut.render(np.full((1, 1), 50, np.float32), np.full((1, 1, 2), 90, np.float32)).shape == (1, 1, 3)
    assert gamut.clamp(np.zeros((0, 5), np.float32), np.zeros((0, 5, 2), np.float32)).shape == (0, 5, 2)


def test_what_is_not_finite_is_refused_instead_of_drawn():
    L, ab = wild((3, 3))
    ab[1, 1, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        gamut.render(L, ab)
    with pytest.raises(ValueError, match="shape"):
        gamut.clamp(L, ab[..., :1])
