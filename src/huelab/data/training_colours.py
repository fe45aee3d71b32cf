"""How often each ab bin occurs among the training pixels: the prior that rebalanced losses and metrics need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.color.bins import AbHistogram
from huelab.color.lab import rgb_to_lab

_SIDE = 64  # at most so many rows and columns of pixels of a picture are counted
_PICTURES = 20_000  # and at most so many pictures, evenly spread
_TOGETHER = 64


class TrainingColours:
    """Counts the colours of up to `pictures` training pictures of side `size`.

    An even sample of the pixels is enough for 313 shares, and keeps the stage fast: every picture up to 20,000, every pixel up to 64 x 64.
    """

    def __init__(self, pictures: int, size: int) -> None:
        self._histogram = AbHistogram()
        self._every = max(1, -(-pictures // _PICTURES))
        self._step = -(-size // _SIDE)
        self._seen = 0
        self._waiting: list[NDArray[np.uint8]] = []

    def add(self, content: NDArray[np.uint8]) -> None:
        """Counts one picture (h, w, 3), without its padding."""
        if self._seen % self._every == 0:
            self._waiting.append(content[:: self._step, :: self._step].reshape(-1, 3).copy())
            if len(self._waiting) == _TOGETHER:
                self._count()
        self._seen += 1

    def prior(self) -> NDArray[np.float64]:
        """(313,) share of each bin, sum 1."""
        self._count()
        return self._histogram.prior()

    def _count(self) -> None:
        if self._waiting:
            self._histogram.add(rgb_to_lab(np.concatenate(self._waiting))[:, 1:])
            self._waiting.clear()
