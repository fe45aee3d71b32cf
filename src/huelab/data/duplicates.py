"""Finds photographs that are nearly the same, from their perceptual hashes, and groups them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_BLOCK = 4_000_000  # pairs compared at a time


def near_duplicate_groups(hashes: Sequence[str], bits: int) -> NDArray[np.int64]:
    """For each 64-bit hash (16 hex digits) the index of the first photograph of its group.

    Two photographs belong together when their hashes differ in at most `bits` bits, or when a chain of such photographs links them.
    Hashes are cut into `bits + 1` bands: two that differ in at most `bits` bits agree in at least one of them, so only those are compared.
    """
    first = np.arange(len(hashes), dtype=np.int64)
    if not len(hashes):
        return first
    codes = np.array([int(value, 16) for value in hashes], dtype=np.uint64)
    distinct, representative, place = np.unique(codes, return_index=True, return_inverse=True)
    parent = list(range(len(distinct)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in _close_pairs(distinct, bits):
        for one, other in zip(left.tolist(), right.tolist(), strict=True):
            a, b = root(one), root(other)
            # the earlier photograph stands for the group, whatever the order of the pairs
            if representative[a] > representative[b]:
                a, b = b, a
            parent[b] = a
    roots = np.array([representative[root(node)] for node in range(len(distinct))], dtype=np.int64)
    return np.asarray(roots[place.reshape(-1)], dtype=np.int64)


def _close_pairs(codes: NDArray[np.uint64], bits: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Index pairs of distinct codes that differ in at most `bits` bits; a pair may come more than once."""
    edges = np.linspace(0, 64, bits + 2).astype(int)
    for low, high in itertools.pairwise(edges):
        if bits == 0:
            return
        band = (codes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.diff(band[order], prepend=band[order[0]] ^ np.uint64(1)))
        for start, end in zip(starts, np.append(starts[1:], len(order)), strict=True):
            if end - start > 1:
                yield from _close_within(codes, order[start:end], bits)


def _close_within(
    codes: NDArray[np.uint64], members: NDArray[np.int64], bits: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    rows = max(1, _BLOCK // len(members))
    for start in range(0, len(members), rows):
        block = members[start : start + rows]
        distance = np.bitwise_count(codes[block][:, None] ^ codes[members][None, :])
        left, right = np.nonzero(distance <= bits)
        once = right > left + start
        yield block[left[once]], members[right[once]]
