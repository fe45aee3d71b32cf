"""Colours as classes: soft encoding into ab bins, their prior, class weights and annealed mean. All ab in CIE units.

A set of bins is an array of centres (Q, 2), here called `among`. Two are known, both derived, not shipped: the 313 of Zhang et al. (ECCV
2016), which are meant wherever nothing is said, and the 247 of Hage et al. (2016).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from huelab.color import lab
from huelab.color.srgb import Float32

COUNT = 313
"""Bins of the default set."""
STEP = 10
"""Of its grid."""
REACH = 110
"""The grid runs from -110 to 110 on both axes."""

_PART = 512  # colours whose distances to all bins fit the cache

Float64 = NDArray[np.float64]
Index = NDArray[np.int64]
Centers = NDArray[np.int16] | NDArray[np.float32]
"""(Q, 2) ab of the bins of a set."""


@cache
def centers() -> NDArray[np.int16]:
    """(313, 2) int16, a slow and b fast: value for value the `pts_in_hull.npy` that Zhang et al. distribute. Read-only.

    The points of a grid of step 10 inside the convex hull of sRGB's ab, grown by one point all around.
    """
    import cv2

    hull = _hull(np.arange(0, 256, 15, dtype=np.uint8))
    grid = np.arange(-REACH, REACH + 1, STEP)
    inside = np.array([[cv2.pointPolygonTest(hull, (float(a), float(b)), False) >= 0 for b in grid] for a in grid])
    grown = cv2.dilate(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    a, b = np.meshgrid(grid, grid, indexing="ij")
    points = np.stack([a[grown], b[grown]], axis=-1).astype(np.int16)
    points.flags.writeable = False
    return points


@cache
def hage_centers() -> Float32:
    """(247, 2) float32, b slow and a fast: the bins of Hage, Meulenbeld, Dorscheidt and van der Hoff (DawudH/ImageColorizer). Read-only.

    20 x 20 points from the lowest a and b of sRGB on, a twentieth of the range apart (9.1 in a, 10.0 in b); those inside the convex hull.
    As in their code the cube is sampled every 10 levels from 0 to 250, so that the outermost colours lie just beyond the hull.
    """
    import cv2

    steps = 20
    hull = _hull(np.arange(0, 255, 10, dtype=np.uint8))
    low, high = hull.min(axis=(0, 1)), hull.max(axis=(0, 1))
    a, b = (low + np.arange(steps)[:, None] * (high - low) / steps).T
    mesh = np.stack(np.meshgrid(a, b), axis=-1).reshape(-1, 2)
    points = mesh[[cv2.pointPolygonTest(hull, (float(a), float(b)), False) > 0 for a, b in mesh]].astype(np.float32)
    points.flags.writeable = False
    return points


def nearest(ab: ArrayLike) -> Index:
    """(...) index of the one of the 313 bins that is nearest to ab (..., 2); of equally near ones the first."""
    points = np.asarray(ab, np.float64)
    cells = np.ceil(points / STEP - 0.5)
    rows = np.clip(cells + REACH // STEP, 0, 2 * REACH // STEP).astype(np.int64)
    index: Index = np.asarray(_grid()[rows[..., 0], rows[..., 1]])
    # the nearest point of the whole grid may be no bin, or the colour may lie beyond the grid: then all bins are tried
    elsewhere = (index < 0) | (np.abs(cells) > REACH // STEP).any(axis=-1)
    index[elsewhere] = _by_distance(points[elsewhere], 1, centers())[0][..., 0]
    return index


def soft_encode(ab: ArrayLike, *, k: int = 5, sigma: float = 5.0, among: Centers | None = None) -> tuple[Index, Float32]:
    """The k nearest bins of ab (..., 2): indices (..., k), nearest first, and weights (..., k) float32 = exp(-d² / 2σ²), sum 1.

    The paper takes k=5, the released code 10; sigma is 5 in both. Of equally near bins the first counts as nearer.
    """
    among = centers() if among is None else among
    if not 1 <= k <= len(among):
        raise ValueError(f"k is {k}: choose from 1 to {len(among)}")
    points = np.asarray(ab, np.float64)
    flat = points.reshape(-1, 2)
    indices, weights = np.empty((len(flat), k), np.int64), np.empty((len(flat), k), np.float32)
    for start in range(0, len(flat), _PART):
        part = slice(start, start + _PART)
        indices[part], squares = _by_distance(flat[part], k, among)
        # relative to the nearest, so that colours far outside the bins do not vanish
        gauss = np.exp((squares[:, :1] - squares) / (2 * sigma**2))
        weights[part] = gauss / gauss.sum(axis=1, keepdims=True)
    shape = (*points.shape[:-1], k)
    return indices.reshape(shape), weights.reshape(shape)


def annealed_mean(logits: ArrayLike, temperature: float = 0.38, *, among: Centers | None = None) -> Float32:
    """Ab (..., 2) of logits or log-probabilities (..., Q): the mean of the distribution sharpened by `temperature` (equation 5).

    1 gives the plain mean (desaturated), towards 0 the mode (vivid, patchy); 0 is the mode itself.
    """
    if temperature < 0:
        raise ValueError(f"temperature is {temperature}: choose from 0 (the mode) to 1 (the mean)")
    z = np.asarray(logits, np.float32)
    points = (centers() if among is None else among).astype(np.float32)
    if temperature == 0:
        return np.asarray(points[z.argmax(axis=-1)])
    sharp = np.exp((z - z.max(axis=-1, keepdims=True)) / np.float32(temperature))
    return np.asarray((sharp @ points) / sharp.sum(axis=-1, keepdims=True), np.float32)


class AbHistogram:
    """How often each colour occurs, on a lattice of 1 CIE unit from -128 to 128; grows by any number of photographs, never in memory."""

    SIDE = 257

    def __init__(self) -> None:
        self.counts = np.zeros((self.SIDE, self.SIDE), np.int64)
        self._sum = np.zeros(2)

    def add(self, ab: Float32) -> None:
        """Counts the colours ab (..., 2); those beyond the lattice count at its edge."""
        points = ab.reshape(-1, 2)
        self._sum += points.sum(axis=0, dtype=np.float64)
        cells = np.clip(np.rint(points), -128, 128).astype(np.int64) + 128
        self.counts += np.bincount(cells[:, 0] * self.SIDE + cells[:, 1], minlength=self.SIDE**2).reshape(self.counts.shape)

    @property
    def total(self) -> int:
        """Pixels counted."""
        return int(self.counts.sum())

    def mean(self) -> tuple[float, float]:
        """The mean ab, exactly (not that of the lattice); 0, 0 where nothing was counted."""
        a, b = self._sum / max(self.total, 1)
        return float(a), float(b)

    def prior(self) -> Float64:
        """See `prior`."""
        return prior(self.counts)


def prior(counts: NDArray[np.int64], *, k: int = 5, sigma: float = 5.0, among: Centers | None = None) -> Float64:
    """(Q,) share of each bin, sum 1: the mean of the soft-encoded colours of a histogram (257, 257) as `AbHistogram` counts it.

    That is the smoothing the authors describe (richzhang/colorization, issue 47). An empty histogram gives equal shares.
    """
    among = centers() if among is None else among
    a, b = np.nonzero(counts)
    if not len(a):
        return np.full(len(among), 1 / len(among))
    indices, weights = soft_encode(np.stack([a, b], axis=-1) - 128, k=k, sigma=sigma, among=among)
    shares = np.bincount(indices.ravel(), (weights * counts[a, b, None].astype(np.float64)).ravel(), minlength=len(among))
    return np.asarray(shares / shares.sum())


def class_weights(prior: ArrayLike, lam: float = 0.5, *, count: int = COUNT) -> Float64:
    """(Q,) w = ((1 - λ) p + λ / Q)⁻¹, scaled so that Σ p w = 1 (equation 4); Q counts the bins with a prior above 0.

    A bin that never occurred takes no part in the uniform share; it gets the weight of the limit p -> 0, the largest there is. `count` is
    how many shares the prior must have.
    """
    p = np.asarray(prior, np.float64)
    if p.shape != (count,) or not np.isfinite(p).all() or (p < 0).any() or p.sum() <= 0:
        raise ValueError(f"a prior is {count} shares from 0 that are not all 0, found shape {p.shape}")
    if not 0 <= lam <= 1:
        raise ValueError(f"lam is {lam}: choose from 0 (inverse prior) to 1 (no weighting)")
    p = p / p.sum()
    mixed = (1 - lam) * p + lam / np.count_nonzero(p)
    seen = p > 0
    weights = np.empty(count)
    weights[seen] = 1 / mixed[seen]
    weights[~seen] = weights[seen].max() if lam == 0 else 1 / mixed[~seen]
    return np.asarray(weights / (p * weights).sum())


@cache
def _grid() -> Index:
    """(23, 23) index of the bin at each grid point, -1 where there is none."""
    grid = np.full((2 * REACH // STEP + 1,) * 2, -1, np.int64)
    cells = (centers().astype(np.int64) + REACH) // STEP
    grid[cells[:, 0], cells[:, 1]] = np.arange(COUNT)
    return grid


def _hull(levels: NDArray[np.uint8]) -> Float32:
    """(n, 1, 2) corners of the convex hull of the ab of all sRGB colours with these levels."""
    import cv2

    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    return np.asarray(cv2.convexHull(lab.rgb_to_lab(cube).reshape(-1, 3)[:, 1:].copy()), np.float32)


def _by_distance(points: Float64, k: int, among: Centers) -> tuple[Index, Float64]:
    """Indices and squared distances (n, k) of the k bins nearest to points (n, 2), nearest first, ties by index."""
    axes, count = among.astype(np.float64), len(among)
    squares = (points[:, :1] - axes[:, 0]) ** 2
    squares += (points[:, 1:] - axes[:, 1]) ** 2
    ranked = squares + np.arange(count) * 1e-9  # far below any difference that matters, and makes the order unique
    near = np.argpartition(ranked, k, axis=1)[:, :k] if k < count else np.tile(np.arange(count), (len(points), 1))
    order = np.argsort(np.take_along_axis(ranked, near, axis=1), axis=1)
    near = np.take_along_axis(near, order, axis=1)
    return near, np.take_along_axis(squares, near, axis=1)
