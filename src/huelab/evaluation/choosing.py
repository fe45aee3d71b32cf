"""Which kept test pictures a sheet shows: by hash, those the learned models colour best and worst, and those they disagree on most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.color import lab
from huelab.data.store import Store
from huelab.evaluation import pictures
from huelab.evaluation.evaluated import Evaluated
from huelab.metrics.definition import Metric

_SIDE = 64
"""Pixels of a longer side at which colourizations are compared with each other: colour is coarse, and pairs are many."""


class Kept:
    """The test pictures whose colourizations were kept, in the order in which they are shown."""

    def __init__(self, store: Store, evaluated: Sequence[Evaluated]) -> None:
        self.on_split = [one for one in evaluated if not one.one_picture]
        self.learned = [one for one in self.on_split if not one.floor]
        self.items: list[str] = []
        for item in pictures.in_order(store.items.iloc[store.indices("test")]):
            if not any(pictures.of_test(one.folder, item).is_file() for one in self.on_split):
                break  # beyond evaluate.pictures: those kept are the first in this order
            self.items.append(item)

    def best(self, metric: Metric, count: int) -> list[tuple[str, float]]:
        """The `count` pictures, at most half of all, whose mean score over the learned models is best, and that mean; best first."""
        return self._ranked(metric)[: min(count, len(self.items) // 2)]

    def worst(self, metric: Metric, count: int) -> list[tuple[str, float]]:
        """As `best`, worst first."""
        return self._ranked(metric)[::-1][: min(count, len(self.items) // 2)]

    def disputed(self, count: int) -> list[tuple[str, float]]:
        """The `count` pictures on which the learned models differ most: mean distance in the ab plane over pixels and pairs of models.

        In CIE units; largest first, none where there are not two learned models.
        """
        if len(self.learned) < 2:
            return []
        found = [(item, _dispute([one.test_picture(item) for one in self.learned])) for item in self.items]
        return sorted(found, key=lambda pair: -pair[1])[:count]

    def _ranked(self, metric: Metric) -> list[tuple[str, float]]:
        """All kept pictures with their mean score over the learned models, best first; those that have none are left out."""
        if not self.learned or metric.kind != "paired" or metric.better == "none":
            return []
        tables = [one.table.set_index("item_id")[metric.name] for one in self.learned if metric.name in one.table]
        if not tables:
            return []
        means = {item: float(np.mean([table[item] for table in tables])) for item in self.items}
        sign = -1 if metric.better == "higher" else 1
        return sorted(((item, mean) for item, mean in means.items() if np.isfinite(mean)), key=lambda pair: sign * pair[1])


def _dispute(made: Sequence[NDArray[np.uint8] | None]) -> float:
    planes = [_ab(picture) for picture in made if picture is not None]
    pairs = [float(np.linalg.norm(one - other, axis=-1).mean()) for one, other in combinations(planes, 2)]
    return float(np.mean(pairs)) if pairs else 0.0


def _ab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    scale = _SIDE / max(rgb.shape[:2])
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
        rgb = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return lab.rgb_to_lab(rgb)[..., 1:]
