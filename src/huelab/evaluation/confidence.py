"""Whether a colorizer knows when it guesses: how far its colours are off, by how sure it was. Of nets that give bins only."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from huelab.data.replacing import write_json
from huelab.errors import DataError
from huelab.evaluation.predict import Prediction
from huelab.metrics.pair import Pair

FILE = "confidence.json"
FINE = 10_000
"""Equal steps of confidence 0..1 that pixels are counted in, before they are gathered into groups."""
GROUPS = 15
"""Of about equally many pixels; fewer where many pixels have the same confidence."""


@dataclass(frozen=True)
class Group:
    """Pixels of like confidence: from `low` to `high`, their mean confidence and mean ab distance to the truth in CIE units."""

    low: float
    high: float
    confidence: float
    error: float
    share: float
    """Of all pixels, 0..1."""
    count: int


class Confidence:
    """Counts the pixels of all test pictures by how sure the net was of them. A `Collector`."""

    def __init__(self) -> None:
        self._count = np.zeros(FINE, np.int64)
        self._confidence = np.zeros(FINE)
        self._error = np.zeros(FINE)

    def add(self, prediction: Prediction, pair: Pair | None) -> None:
        """Counts a picture's pixels; one without finite colours, or of a net that gives no bins, counts nowhere."""
        if pair is None or prediction.confidence is None:
            return
        sure = prediction.confidence.ravel().astype(np.float64)
        step = np.clip(sure * FINE, 0, FINE - 1).astype(np.int64)
        self._count += np.bincount(step, minlength=FINE)
        self._confidence += np.bincount(step, sure, FINE)
        self._error += np.bincount(step, pair.ab_distance.ravel(), FINE)

    def groups(self) -> list[Group]:
        """The pixels from the least to the most sure, in at most GROUPS groups; none where nothing was counted."""
        total = int(self._count.sum())
        if not total:
            return []
        middle = (np.cumsum(self._count) - self._count / 2) / total
        group = np.minimum((middle * GROUPS).astype(np.int64), GROUPS - 1)
        found = []
        for number in range(GROUPS):
            steps = np.flatnonzero((group == number) & (self._count > 0))
            if not len(steps):
                continue
            count = int(self._count[steps].sum())
            sure, error = (float(sums[steps].sum()) / count for sums in (self._confidence, self._error))
            found.append(Group(int(steps[0]) / FINE, (int(steps[-1]) + 1) / FINE, sure, error, count / total, count))
        return found

    def write(self, folder: Path) -> None:
        """Writes confidence.json, unless no pixel has a confidence."""
        found = self.groups()
        if found:
            write_json(folder / FILE, {"groups": [asdict(group) for group in found]})


def read(folder: Path) -> list[Group]:
    """The groups of a colorizer's folder of scores; none for one whose net gives no bins. Raises DataError for a damaged file."""
    file = folder / FILE
    if not file.is_file():
        return []
    try:
        found = [Group(**group) for group in json.loads(file.read_text(encoding="utf-8"))["groups"]]
        whole = bool(found) and all(math.isfinite(value) for group in found for value in asdict(group).values())
    except (OSError, ValueError, TypeError, KeyError):
        whole = False
    if not whole:
        raise DataError(f"{file} is damaged: run `dvc repro --force --single-item evaluate@{folder.name}`.") from None
    return found
