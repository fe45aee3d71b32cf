"""A plate must show its digit to most eyes, and to a dichromat's none; the screening turns nobody away by chance."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from huelab.color import lab
from huelab.survey import plates


def as_lab(linear: np.ndarray) -> np.ndarray:
    level = np.where(linear > 0.0031308, 1.055 * np.clip(linear, 0, None) ** (1 / 2.4) - 0.055, 12.92 * linear)
    return lab.rgb_to_lab(np.rint(255 * np.clip(level, 0, 1))[None, None].astype(np.uint8))[0, 0]


@pytest.mark.parametrize("kind", ["protan", "deutan"])
def test_figure_and_ground_are_apart_for_most_and_one_for_the_dichromat(kind: str) -> None:
    figure, ground = plates.confused(kind)
    assert np.hypot(*(as_lab(figure) - as_lab(ground))[1:]) > 40
    seen = as_lab(plates.simulated(figure, kind)) - as_lab(plates.simulated(ground, kind))
    assert np.abs(seen).max() < 3


def test_plates_are_whole_pictures_few_bytes_and_the_same_each_time() -> None:
    for number in range(plates.COUNT):
        with Image.open(io.BytesIO(plates.png(number))) as picture:
            assert picture.size == (plates.SIDE, plates.SIDE)
            picture.load()
    assert sum(len(plates.png(number)) for number in range(plates.COUNT)) < 80_000, "all come before the first question"
    again = plates.png.__wrapped__(1)
    assert again == plates.png(1)


@pytest.mark.parametrize(("number", "kind"), [(1, "deutan"), (2, "protan"), (5, "deutan"), (6, "protan")])
def test_the_drawn_digit_is_seen_by_most_and_hidden_from_the_dichromat(number: int, kind: str) -> None:
    with Image.open(io.BytesIO(plates.png(number))) as picture:
        level = np.asarray(picture.convert("RGB"), float)
    dots = np.abs(level - plates._GRAY).max(-1) > 25
    inside = plates._digit(plates._PLATES[number][1])
    linear = np.where(level > 0.04045 * 255, ((level / 255 + 0.055) / 1.055) ** 2.4, level / 255 / 12.92)

    def apart(seen: np.ndarray) -> np.ndarray:
        figure, ground = (seen[dots & where].mean(0) for where in (inside, ~inside))
        return as_lab(figure) - as_lab(ground)

    assert np.hypot(*apart(linear)[1:]) > 35
    seen = apart(plates.simulated(linear, kind))
    assert np.hypot(*seen[1:]) < 6
    assert abs(seen[0]) < 6, "nor does lightness show it"


def test_the_classes() -> None:
    right = {str(number): digit for number, (_, digit) in enumerate(plates._PLATES)}
    assert plates.judged(right)["class"] == "typical"
    assert plates.judged(right | {"1": ""})["class"] == "typical", "one slip is no finding"
    assert plates.judged(right | {str(number): "" for number in range(1, plates.COUNT)})["class"] == "red-green"
    assert plates.judged(right | {"0": "3"})["class"] == "unclear"
    assert plates.judged({})["class"] == "unclear"
