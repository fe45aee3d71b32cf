"""Fréchet distance of two sets of vectors, each taken as a normal distribution: |m1 − m2|² + tr C1 + tr C2 − 2 tr (C1 C2)^½.

Sets are drawn again and again for intervals, so every function takes rows of counts. The trace of the root is the sum of the singular
values of A1 A2ᵀ, where C = AᵀA; with fewer vectors than dimensions that matrix is the small one, and what it is made of is computed once
for all draws. With more, C = F Fᵀ, and the eigenvalues of F1ᵀ C2 F1 are those of C1 C2. Covariances have divisor N − 1, as in every
published implementation.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
_SMALL = 1.5
"""Vectors per dimension up to which the matrix of vectors by vectors is the cheaper one; a draw leaves a third of them out."""


def of_pairs(first: NDArray[np.float32], second: NDArray[np.float32], counts: Float) -> Float:
    """(draws,) distances of `first` from `second`, both (n, d), where row i of both is drawn counts[draw, i] times.

    Rows with a number that is not finite, in either, take no part. NaN for a draw of fewer than two.
    """
    kept = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    weights = np.asarray(counts, np.float64)[:, kept]
    if not kept.any():
        return np.full(len(weights), math.nan)
    one, other = _near_zero(first[kept], second[kept])
    if len(one) > _SMALL * one.shape[1]:
        return np.array([of_normals(*_moments(one, drawn), *_moments(other, drawn)) if drawn.sum() >= 2 else math.nan for drawn in weights])
    squares = [np.einsum("ij,ij->i", vectors, vectors) for vectors in (one, other)]
    grams = [vectors @ vectors.T for vectors in (one, other)]
    between = one @ other.T

    def distance(drawn: Float) -> float:
        total = drawn.sum()
        if total < 2:
            return math.nan
        at = np.flatnonzero(drawn)
        share = drawn[at] / total
        block = np.ix_(at, at)
        norms = [share @ gram[block] @ share for gram in grams]  # of the means
        traces = sum(share @ square[at] - norm for square, norm in zip(squares, norms, strict=True))
        cross = between[block]
        row, column = share @ cross, cross @ share
        middle = row @ share
        centred = cross - row[None] - column[:, None] + middle
        root = np.sqrt(share)
        shared = _root_trace(root[:, None] * centred * root[None])
        return float(norms[0] + norms[1] - 2 * middle + (traces - 2 * shared) * total / (total - 1))

    return np.array([distance(drawn) for drawn in weights])


def from_others(vectors: NDArray[np.float32], reference: NDArray[np.float32], counts: Float) -> Float:
    """(draws,) distances of `vectors` (n, d), row i drawn counts[draw, i] times, from `reference` (m, d), which stays as it is.

    Rows with a number that is not finite take no part. NaN for a draw of fewer than two, or a reference of fewer than two.
    """
    kept = np.isfinite(vectors).all(axis=1)
    weights = np.asarray(counts, np.float64)[:, kept]
    others = reference[np.isfinite(reference).all(axis=1)]
    if not kept.any() or len(others) < 2:
        return np.full(len(weights), math.nan)
    drawn_from, against = _near_zero(vectors[kept], others)
    middle = against.mean(axis=0)
    centred = (against - middle) / math.sqrt(len(against) - 1)
    spread = float(np.square(centred).sum())
    # T Tᵀ = X C2 Xᵀ: the vectors as C2's root would turn them, in as few coordinates as will do
    factor = centred.T if min(len(drawn_from), len(centred)) <= centred.shape[1] else _factor(centred.T @ centred)
    turned = drawn_from @ factor
    if len(turned) < turned.shape[1]:
        turned = np.asarray(np.linalg.qr(turned.T, mode="r")).T
    squares = np.square(drawn_from - middle).sum(axis=1)

    def distance(drawn: Float) -> float:
        total = drawn.sum()
        if total < 2:
            return math.nan
        at = np.flatnonzero(drawn)
        share = drawn[at] / total
        apart = np.square(drawn @ drawn_from / total - middle).sum()
        part = turned[at]
        shared = _root_trace(np.sqrt(share)[:, None] * (part - share @ part))
        bessel = total / (total - 1)
        return float(apart + (share @ squares[at] - apart) * bessel + spread - 2 * shared * math.sqrt(bessel))

    return np.array([distance(drawn) for drawn in weights])


def of_normals(mean: Float, covariance: Float, other_mean: Float, other_covariance: Float) -> float:
    """The distance of two normal distributions, means (d,) and covariances (d, d)."""
    factor = _factor(covariance)
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(factor.T @ other_covariance @ factor), 0, None)).sum()
    return float(np.square(mean - other_mean).sum() + np.trace(covariance) + np.trace(other_covariance) - 2 * shared)


def _near_zero(first: NDArray[np.float32], second: NDArray[np.float32]) -> tuple[Float, Float]:
    """Both in float64, moved alike to where products of them lose no digits."""
    middle = second.mean(axis=0, dtype=np.float64)
    return first - middle, second - middle


def _moments(vectors: Float, drawn: Float) -> tuple[Float, Float]:
    at = np.flatnonzero(drawn)
    weights = drawn[at]
    mean = weights @ vectors[at] / weights.sum()
    scaled = np.sqrt(weights / (weights.sum() - 1))[:, None] * (vectors[at] - mean)
    return mean, scaled.T @ scaled


def _factor(covariance: Float) -> Float:
    """F with F Fᵀ = C: Cholesky's, and by eigenvectors, thrice as slow, where C has no full rank."""
    try:
        return np.asarray(np.linalg.cholesky(covariance), np.float64)
    except np.linalg.LinAlgError:
        values, directions = np.linalg.eigh(covariance)
        factor: Float = directions * np.sqrt(np.clip(values, 0, None))  # rounding may have made the least ones negative
        return factor


def _root_trace(matrix: Float) -> float:
    """Sum of the singular values, from the smaller of the matrix's two squares: three times as fast as a singular value decomposition."""
    square = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return float(np.sqrt(np.clip(np.linalg.eigvalsh(square), 0, None)).sum())
