"""Where in the ab plane a colorizer's colours lie, and where the photographs' own lie: a pair of histograms per colorizer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from huelab.errors import DataError
from huelab.evaluation.predict import Prediction
from huelab.metrics.pair import Pair

FILE = "ab_density.npy"
STEP = 5
"""CIE units of a cell's side."""
REACH = 110
"""The sRGB gamut ends within ±110 of a and b."""
CELLS = 2 * REACH // STEP


class AbDensity:
    """Counts the pixels of all test pictures by cell of the ab plane. A `Collector`."""

    def __init__(self) -> None:
        self.counts = np.zeros((2, CELLS, CELLS), np.int64)

    def add(self, prediction: Prediction, pair: Pair | None) -> None:
        """Counts a picture's pixels, truth and prediction; one without finite colours counts in neither."""
        if pair is None:
            return
        for counts, ab in zip(self.counts, (pair.truth_lab[..., 1:], pair.predicted_ab), strict=True):
            cell = np.clip((ab.reshape(-1, 2) + REACH) / STEP, 0, CELLS - 1).astype(np.int64)
            counts += np.bincount(cell[:, 0] * CELLS + cell[:, 1], minlength=CELLS**2).reshape(CELLS, CELLS)

    def write(self, folder: Path) -> None:
        """Writes ab_density.npy."""
        np.save(folder / FILE, self.counts)


def read(folder: Path) -> NDArray[np.int64] | None:
    """(2, 44, 44) pixels of truth and prediction by a (first axis) and b, -110..110 in steps of 5; None where none were counted.

    Raises DataError for a damaged file.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        counts = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{file} is damaged ({error}): run `dvc repro --force --single-item evaluate@{folder.name}`.") from None
    if counts.shape != (2, CELLS, CELLS):
        raise DataError(f"{file} has shape {counts.shape}, not (2, {CELLS}, {CELLS}): run `dvc repro evaluate@{folder.name}`.")
    return np.asarray(counts, np.int64)
