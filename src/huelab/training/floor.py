"""Floors do not learn: training one writes its card, with the mean training colour for `mean`. No torch."""

from __future__ import annotations

import numpy as np

from huelab import paths
from huelab.color import lab
from huelab.data.store import Store
from huelab.models.saved import Saved, save
from huelab.params import Params
from huelab.training import card

_CHUNK = 256
"""Pictures converted at a time: memory does not grow with the number of photographs."""


def write(name: str, params: Params, store: Store) -> Saved:
    """Writes the card of the floor `name` to its folder under work/models."""
    facts = card.base(name, params, store)
    if name == "mean":
        facts["mean_ab"] = list(mean_ab(store))
    return save(paths.model(name), facts)


def mean_ab(store: Store) -> tuple[float, float]:
    """Mean a and b (CIE units) over the content pixels of the training pictures; (0, 0) where there are none."""
    total, count = np.zeros(2), 0
    indices = store.indices("train")
    for start in range(0, len(indices), _CHUNK):
        some = indices[start : start + _CHUNK]
        for rgb, (top, left, height, width) in zip(store.read(some), store.boxes(some), strict=True):
            ab = lab.rgb_to_lab(rgb[top : top + height, left : left + width])[..., 1:]
            total += ab.sum(axis=(0, 1), dtype=np.float64)
            count += int(height * width)
    a, b = total / max(count, 1)
    return float(a), float(b)
