"""The plot of colours must show what a colorizer gave: a gray one in the middle, truth where the photographs are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from huelab.errors import DataError
from huelab.evaluation import ab_density
from huelab.evaluation.predict import Prediction
from huelab.metrics.pair import Pair

ORANGE = np.full((4, 6, 3), (230, 120, 20), np.uint8)


def counted(folder: Path) -> np.ndarray:
    density = ab_density.AbDensity()
    gray = np.zeros((4, 6, 2), np.float32)
    density.add(Prediction(0, ORANGE, gray), Pair.of(ORANGE, gray))
    density.add(Prediction(1, ORANGE, gray * np.nan), None)
    density.write(folder)
    found = ab_density.read(folder)
    assert found is not None
    return found


def test_every_pixel_counts_once_in_its_cell(tmp_path: Path) -> None:
    truth, predicted = counted(tmp_path)
    middle = ab_density.CELLS // 2
    assert predicted[middle, middle] == predicted.sum() == 24
    place = np.argwhere(truth)
    assert len(place) == 1
    assert (place[0] > middle).all(), "orange lies at positive a and b"


def test_a_damaged_file_names_the_command_that_mends_it(tmp_path: Path) -> None:
    assert ab_density.read(tmp_path) is None
    counted(tmp_path)
    (tmp_path / ab_density.FILE).write_bytes(b"half")
    with pytest.raises(DataError, match="evaluate@"):
        ab_density.read(tmp_path)
