"""A wrong Lab value would shift every training target and every score."""

import numpy as np
import pytest
from PIL import Image
from skimage import color

from huelab.color import lab

PRIMARIES = np.array(
    [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255], [255, 0, 255], [1, 1, 1]], np.uint8
)


def cube(step):
    levels = np.arange(0, 256, step, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)


@pytest.mark.parametrize(
    "rgb", [cube(5), PRIMARIES, cube(15)[3:4, 2:3], np.zeros((0, 4, 3), np.uint8)], ids=["cube", "primaries", "1x1", "none"]
)
def test_agrees_with_scikit_image(rgb):
    own = lab.rgb_to_lab(rgb)
    assert own.dtype == np.float32
    assert own.shape == rgb.shape
    assert np.abs(own - color.rgb2lab(rgb)).max(initial=0) <= 2e-4


def test_agrees_with_scikit_image_on_photographs(samples):
    for file in samples.glob("*.jpg"):
        rgb = np.asarray(Image.open(file).convert("RGB"))
        assert np.abs(lab.rgb_to_lab(rgb) - color.rgb2lab(rgb)).max() <= 2e-4, file.name


def test_no_level_is_lost_there_and_back():
    rgb = cube(3)  # every third level of each channel, 0 and 255 among them: 614,125 colours
    assert np.array_equal(lab.lab_to_rgb(lab.rgb_to_lab(rgb)), rgb)


def test_no_level_is_lost_for_any_colour_there_is():
    for red in range(256):
        plane = np.stack(np.meshgrid(np.uint8(red), np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8)), axis=-1)
        assert np.array_equal(lab.lab_to_rgb(lab.rgb_to_lab(plane)), plane), red


def test_back_agrees_with_scikit_image_inside_the_gamut():
    rgb = cube(17)
    values = lab.rgb_to_lab(rgb) * np.float32(0.8)  # off the levels
    values[..., 0] += 8
    theirs = color.lab2rgb(values) * 255
    # scikit-image clips only what is outside; colours of z < 0 it treats in its own way
    assert np.abs(lab.lab_to_rgb(values) - theirs).max() <= 0.5 + 0.03  # rounding, and a 16-bit step of linear light


def test_gray_has_no_colour_worth_a_level():
    gray = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    assert np.abs(lab.rgb_to_lab(gray)[:, 1:]).max() < 0.01


def test_lightness_alone_is_that_of_the_whole_conversion():
    rgb = cube(7)
    assert np.abs(lab.lightness(rgb) - color.rgb2lab(rgb)[..., 0]).max() <= 2e-4


def test_gray_lightness_is_that_of_equal_channels():
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.abs(lab.gray_lightness(gray) - color.rgb2lab(np.repeat(gray[..., None], 3, axis=2))[..., 0]).max() <= 2e-4


def test_batches_and_views_give_what_single_pictures_give():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3), dtype=np.uint8)
    batch = lab.rgb_to_lab(pictures)
    for picture, converted in zip(pictures, batch, strict=True):
        # not to the bit: the last few pixels of a strip are computed one by one, the others sixteen at a time
        assert np.abs(lab.rgb_to_lab(picture) - converted).max() <= 1e-4
    assert np.abs(lab.rgb_to_lab(pictures[:, ::2, ::-1]) - batch[:, ::2, ::-1]).max() <= 1e-4


def test_pictures_larger_than_a_strip_have_no_seams():
    rgb = np.broadcast_to(np.array([10, 200, 90], np.uint8), (301, 211, 3))
    assert np.ptp(lab.rgb_to_lab(rgb), axis=(0, 1)).max() <= 1e-4


def test_refuses_what_is_no_8_bit_rgb():
    with pytest.raises(TypeError, match="uint8"):
        lab.rgb_to_lab(np.zeros((2, 2, 3), np.float32))
    with pytest.raises(ValueError, match="three channels last"):
        lab.rgb_to_lab(np.zeros((2, 2, 4), np.uint8))
    with pytest.raises(ValueError, match="three channels last"):
        lab.lab_to_rgb(np.zeros((2, 2), np.float32))
