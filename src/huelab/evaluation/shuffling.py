"""Whose colours the floor `shuffled` borrows: a seeded derangement that never pairs pictures of one photograph where it can be helped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def donors(photographs: NDArray[np.object_], *, seed: int) -> NDArray[np.int64]:
    """(n,) for each picture the position of the one that gives its colours; `photographs` (n,) says which photograph each belongs to.

    Each picture gives once, so the borrowed colours are those of the whole set, unless one photograph has more than half of all pictures:
    then its surplus borrows from the others again. With a single photograph another of its tiles gives; a single picture gives to itself.
    """
    count = len(photographs)
    rng = np.random.default_rng(seed)
    _, group, sizes = np.unique(photographs.astype(str), return_inverse=True, return_counts=True)
    # pictures in a circle, photograph by photograph in random order; a turn by the largest photograph's count leaves every photograph
    rank = rng.permutation(len(sizes))[group]
    circle = np.lexsort((rng.permutation(count), rank))
    turn = int(sizes.max()) if len(sizes) > 1 else min(1, count - 1)
    giver = np.empty(count, np.int64)
    giver[circle] = np.roll(circle, -turn)
    if len(sizes) > 1:
        for position in np.flatnonzero(group[giver] == group):
            giver[position] = rng.choice(np.flatnonzero(group != group[position]))
    return giver
