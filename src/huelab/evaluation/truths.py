"""The photographs behind the test pictures, by item_id: what a colourization is shown and judged beside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.color import gamut, lab
from huelab.data.store import Store, region

UInt8 = NDArray[np.uint8]


class Truths:
    """The test photographs of a store, padding cropped away."""

    def __init__(self, store: Store) -> None:
        self.store = store
        indices = store.indices("test")
        items = store.items.iloc[indices]
        self._places = dict(zip(items["item_id"].astype(str), indices.tolist(), strict=True))

    def rgb(self, item: str) -> UInt8:
        """(h, w, 3)."""
        place = self._places[item]
        top, left, height, width = self.store.boxes([place])[0]
        return np.asarray(self.store.read([place])[0, top : top + height, left : left + width])

    def name(self, item: str) -> str:
        """The photograph's file and, of a tile, which."""
        return ", ".join(filter(None, (str(self._row(item)["path"]), region(item))))

    def label(self, item: str) -> str:
        """The photograph's folder."""
        return str(self._row(item)["label"])

    def _row(self, item: str) -> dict[str, object]:
        return dict(self.store.items.iloc[self._places[item]])


def gray(rgb: UInt8) -> UInt8:
    """The photograph's lightness alone: what a colorizer is given."""
    L = lab.lightness(rgb)
    return gamut.render(L, np.zeros((*L.shape, 2), np.float32))
