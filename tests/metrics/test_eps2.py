"""Nazeri's accuracy: on rounded values, both channels at once; a tie at the threshold counts."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from huelab.metrics.eps2 import accuracy, eps2
from huelab.metrics.pair import Pair


def _published(true, predicted, epsilon):
    """Share of pixels whose rounded L, a and b all lie within ε, 2.2 ε and 2.2 ε."""
    apart = np.abs(np.round(true) - np.round(predicted))
    return ((apart[..., 0] <= epsilon) & (apart[..., 1] <= 2.2 * epsilon) & (apart[..., 2] <= 2.2 * epsilon)).mean()


def test_equals_the_published_rule(photograph, gray, muted):
    for pair in (gray(photograph), muted(photograph)):
        true = rgb2lab(photograph)
        shown = np.concatenate([true[..., :1], pair.predicted_ab], axis=-1)
        # a value that lies on .5 may round either way in float32
        assert eps2(pair) == pytest.approx(_published(true, shown, 2), abs=1e-3)


def _apart(a, b):
    lab = np.zeros((4, 4, 3), np.float32)
    rgb = np.zeros((4, 4, 3), np.uint8)
    return Pair(rgb, rgb, lab, np.broadcast_to(np.float32([a, b]), (4, 4, 2)))


def test_both_channels_must_be_near_and_rounding_decides():
    assert eps2(_apart(4.4, -4.4)) == 1
    assert eps2(_apart(4.6, 0)) == 0, "rounds to 5"
    assert eps2(_apart(0, -5)) == 0
    assert accuracy(_apart(11.4, 0), 5) == 1
    assert accuracy(_apart(11.6, 0), 5) == 0


def test_degenerate_pictures(one_colour, tiny, gray, identical):
    assert eps2(identical(tiny)) == 1
    assert eps2(gray(one_colour)) == 0
    assert eps2(gray(np.full((6, 6, 3), 93, np.uint8))) == 1, "a gray photograph is right in gray"


def test_gray_is_right_for_many_pixels(samples, gray):
    """Why it must be read beside the gray row: no colour at all is right for a tenth of the starter photographs' pixels."""
    values = []
    for file in sorted(samples.glob("*.jpg")):
        with Image.open(file) as picture:
            values.append(eps2(gray(np.asarray(picture.convert("RGB").reduce(4)))))
    assert np.mean(values) > 0.05
