"""Shows a picture to a network as it was trained: in windows of the training size, half overlapping, blended.

A network that learned on tiles of photographs has never seen a whole one. Some do not mind; a U-Net whose bottleneck was one pixel in
training does, and paints everything in one colour.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

BATCH = 32
"""Windows in one pass of the network."""


def predict(network: Callable[[Float], Float], L: Float, size: int) -> Float:
    """Ab (h, w, 2) of L (h, w) from `network`, which maps L (n, size, size) to ab (n, size, size, 2); further planes (how sure) likewise.

    Windows lie half a window apart and fade toward their borders; a picture smaller than a window is mirrored at its edges.
    """
    height, width = L.shape
    padded = np.pad(L, ((0, max(0, size - height)), (0, max(0, size - width))), mode="symmetric")
    places = [(top, left) for top in _starts(padded.shape[0], size) for left in _starts(padded.shape[1], size)]
    fade = np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32) ** 2
    weight = np.outer(fade, fade)[..., None]
    total: Float | None = None
    share = np.zeros((*padded.shape, 1), np.float32)
    for first in range(0, len(places), BATCH):
        batch = places[first : first + BATCH]
        seen = np.stack([padded[top : top + size, left : left + size] for top, left in batch])
        for (top, left), ab in zip(batch, network(seen), strict=True):
            if total is None:
                total = np.zeros((*padded.shape, ab.shape[-1]), np.float32)
            total[top : top + size, left : left + size] += weight * ab
            share[top : top + size, left : left + size] += weight
    return np.ascontiguousarray((total / share)[:height, :width])


def _starts(length: int, size: int) -> list[int]:
    """Where windows begin along an axis: half a window apart, the last one at the end."""
    return sorted({*range(0, length - size, max(1, size // 2)), length - size})
