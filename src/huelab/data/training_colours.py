"""How often each ab bin occurs among the training pixels: the prior that rebalanced losses and metrics need."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from huelab.color.bins import AbHistogram
from huelab.color.lab import rgb_to_lab

_PIXELS = 4_000_000  # about so many are counted in all: plenty for 313 shares
_SIDES = (16, 64)  # rows and columns of a picture that are counted at least and at most
_TOGETHER = 64


class Counted(NamedTuple):
    """Which cells of the ab lattice occurred, and how often: (n,) each."""

    cells: NDArray[np.int64]
    times: NDArray[np.int64]


def sampling_step(pictures: int, size: int) -> int:
    """Every so many rows and columns are counted of each of `pictures` training pictures of side `size`."""
    least, most = _SIDES
    side = min(max(math.isqrt(_PIXELS // max(pictures, 1)), least), most)
    return -(-size // side)


class TrainingColours:
    """Counts the colours of an even sample of the training pixels: every `step`-th row and column of each picture.

    The same for any order of the pictures, and for any way of sharing them out among processes that are merged afterwards.
    """

    def __init__(self, step: int) -> None:
        self.step = step
        self._histogram = AbHistogram()
        self._waiting: list[NDArray[np.float32]] = []

    def add(self, content: NDArray[np.uint8]) -> None:
        """Counts one picture (h, w, 3), without its padding."""
        # each picture by itself: the last bit of a conversion depends on where in the array a pixel lies
        self._waiting.append(rgb_to_lab(content[:: self.step, :: self.step].reshape(-1, 3))[:, 1:])
        if len(self._waiting) == _TOGETHER:
            self._count()

    def counted(self) -> Counted:
        """What was counted so far."""
        self._count()
        times = self._histogram.counts.reshape(-1)
        cells = np.flatnonzero(times)
        return Counted(cells, times[cells])

    def merge(self, counted: Counted) -> None:
        """Adds what another counted."""
        self._histogram.counts.reshape(-1)[counted.cells] += counted.times

    def prior(self) -> NDArray[np.float64]:
        """(313,) share of each bin, sum 1."""
        self._count()
        return self._histogram.prior()

    def _count(self) -> None:
        if self._waiting:
            self._histogram.add(np.concatenate(self._waiting))
            self._waiting.clear()
