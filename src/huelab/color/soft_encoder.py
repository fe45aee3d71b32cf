"""Soft encoding of many pixels at once, on any device: only the bins that can be among the nearest are looked at.

Which they are is known before any picture is: the ab plane is cut into cells of one unit, and each cell lists the bins that are among the k
nearest of any of its points, a dozen instead of hundreds. Distances and order among those are computed as ever, so nothing is approximated.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from huelab.color import bins
from huelab.color.bins import Centers, Float64

REACH = 128
"""Cells run from -128 to 128 on both axes: sRGB ends at -108 and 98. Colours beyond are compared with every bin."""

_SIDE = 2 * REACH + 1
_COARSE = 8  # cells along a side that share a first choice of candidates
_ROUNDING = 1e-2  # of squared distances in float32 there, with room to spare


class SoftEncoder:
    """The k nearest bins of each pixel and the Gaussian weights they share it by; see `bins.soft_encode`, whose results these are."""

    def __init__(self, among: Centers | None = None, *, k: int = 5, sigma: float = 5.0) -> None:
        """`among` (Q, 2): the bins; None means the 313. Raises ValueError where there are not `k` of them."""
        centers = bins.centers() if among is None else among
        if not 1 <= k <= len(centers):
            raise ValueError(f"k is {k}: choose from 1 to {len(centers)}")
        self.count, self.k, self.sigma = len(centers), k, sigma
        # candidates that only fill up a row are infinitely far
        self._a, self._b = (torch.cat([torch.from_numpy(axis.astype(np.float32)), torch.tensor([torch.inf])]) for axis in centers.T)
        self._candidates = torch.from_numpy(candidates(centers, k))

    def __call__(self, ab: Tensor) -> tuple[Tensor, Tensor]:
        """For ab (N, 2, H, W) the indices (N, k, H, W) int64, nearest first, of equally near ones the first, and float32 weights, sum 1."""
        if self._candidates.device != ab.device:
            self._a, self._b, self._candidates = (value.to(ab.device) for value in (self._a, self._b, self._candidates))
        planes = ab.detach().float()
        a, b = (planes.select(-3, axis).reshape(-1) for axis in (0, 1))
        cells = [axis.round().clamp(-REACH, REACH).long() + REACH for axis in (a, b)]
        indices, squares = self._nearest(a, b, self._candidates[cells[0] * _SIDE + cells[1]].long())
        beyond = torch.maximum(a.abs(), b.abs()) > REACH + 0.5
        if beyond.any():
            every = torch.arange(self.count, device=ab.device).expand(int(beyond.sum()), -1)
            indices[beyond], squares[beyond] = self._nearest(a[beyond], b[beyond], every)
        weights = torch.softmax(squares / (-2 * self.sigma**2), dim=-1)
        shape = (*planes.shape[:-3], *planes.shape[-2:], self.k)
        return indices.view(shape).movedim(-1, -3), weights.view(shape).movedim(-1, -3)

    def _nearest(self, a: Tensor, b: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The k nearest of the bins `indices` (n, m), each row in rising order, to the colours a, b (n,), and their squared distances."""
        # without the cancellation of expanded squares: two subtractions per bin
        squares = (a[:, None] - self._a[indices]) ** 2 + (b[:, None] - self._b[indices]) ** 2
        squares, order = squares.sort(dim=-1, stable=True)
        return indices.gather(1, order[:, : self.k]), squares[:, : self.k].contiguous()


def candidates(among: Centers, k: int) -> NDArray[np.int16]:
    """(257 · 257, m) bins that may be among the k nearest of a point in each cell of one unit around a lattice point, -128 to 128, b fast.

    Each row rises, and is filled up with Q, which is no bin.
    """
    return _candidates(among.astype(np.float64).tobytes(), k)


@cache
def _candidates(among: bytes, k: int) -> NDArray[np.int16]:
    points = np.frombuffer(among).reshape(-1, 2)
    axis = np.arange(-REACH, REACH + 1, dtype=np.float64)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for first in range(0, _SIDE, _COARSE):
        for second in range(0, _SIDE, _COARSE):
            rows, columns = axis[first : first + _COARSE], axis[second : second + _COARSE]
            middle = np.array([[(rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2]])
            few = np.nonzero(_within_reach(middle, (len(rows) / 2, len(columns) / 2), points, k)[0])[0]
            cells = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
            cell, place = np.nonzero(_within_reach(cells, (0.5, 0.5), points[few], k))
            numbers = ((cells[:, 0] + REACH) * _SIDE + cells[:, 1] + REACH).astype(np.int64)
            found.append((numbers[cell], few[place]))
    cell, bin_ = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((bin_, cell))
    cell, bin_ = cell[order], bin_[order]
    per_cell = np.bincount(cell, minlength=_SIDE**2)
    place = np.arange(len(cell)) - (np.cumsum(per_cell) - per_cell)[cell]
    table = np.full((_SIDE**2, per_cell.max()), len(points), np.int16)
    table[cell, place] = bin_
    return table


def _within_reach(middles: Float64, half: tuple[float, float], points: Float64, k: int) -> NDArray[np.bool_]:
    """(n, Q): may the bin be among the k nearest of a point of the rectangle around `middles` (n, 2) that reaches `half` to each side?

    Not if it is farther from the rectangle's nearest point than k bins are from its farthest.
    """
    gap = np.abs(middles[:, None] - points)
    farthest = ((gap + half) ** 2).sum(axis=-1)
    closest = (np.maximum(gap - half, 0.0) ** 2).sum(axis=-1)
    enough = np.partition(farthest, k - 1, axis=1)[:, k - 1]
    return np.asarray(closest <= enough[:, None] + _ROUNDING)
