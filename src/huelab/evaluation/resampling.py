"""The draws behind every interval and test: which photographs, which seeds, which signs. One seed gives all models the same draws."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
_BLOCK = 4_000_000  # entries of the draws × photographs matrix worked on at once
_KEPT = 64_000_000  # entries (of 2 bytes) kept from one table to the next


def photographs(count: int, draws: int, seed: int) -> Iterator[Float]:
    """Blocks (some draws, count): how often each photograph was drawn, of as many draws with replacement as there are photographs."""
    blocks = _kept(count, draws, seed) if draws * count <= _KEPT else _drawn(count, draws, seed)
    for block in blocks:
        yield block.astype(np.float64)


@lru_cache(maxsize=16)
def seeds(count: int, draws: int, seed: int, side: int) -> Float:
    """(draws, count): the share of each training seed in each draw; `side` 0 or 1 is the model, for two models' seeds are unrelated.

    One fewer is drawn than there are, with replacement: then the variance of the draws is that of the mean of `count` seeds. Drawing as
    many as there are gives (count - 1) / count of it, which is a third too little for three seeds (P. J. McCarthy and C. B. Snowden,
    The bootstrap and finite population sampling, 1985).
    """
    if count == 1:
        return np.ones((draws, 1))
    rng = np.random.default_rng([seed, 1 + side])
    return rng.multinomial(count - 1, np.full(count, 1 / count), size=draws) / (count - 1)


def signs(count: int, draws: int, seed: int) -> tuple[Iterator[Float], bool]:
    """Blocks (some draws, count) of -1 and 1 and whether they are all 2^(count - 1) patterns, which is so where `draws` suffices for them.

    The first sign is then always 1: turning all of them round changes no absolute value.
    """
    if count - 1 < draws.bit_length() and 2 ** (count - 1) <= draws:
        patterns = (np.arange(2 ** (count - 1))[:, None] >> np.arange(count)) & 1
        return iter([np.asarray(1.0 - 2.0 * patterns, np.float64)]), True
    return _signs(count, draws, seed), False


def _signs(count: int, draws: int, seed: int) -> Iterator[Float]:
    rng = np.random.default_rng([seed, 0])
    most = max(1, _BLOCK // count)
    for start in range(0, draws, most):
        yield rng.integers(0, 2, size=(min(most, draws - start), count), dtype=np.int8).astype(np.float64) * 2 - 1


def _drawn(count: int, draws: int, seed: int) -> Iterator[NDArray[np.uint16]]:
    rng = np.random.default_rng(seed)
    most = max(1, _BLOCK // count)
    for start in range(0, draws, most):
        rows = min(most, draws - start)
        drawn = rng.integers(0, count, size=(rows, count)) + np.arange(rows)[:, None] * count
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.uint16)


@lru_cache(maxsize=1)
def _kept(count: int, draws: int, seed: int) -> tuple[NDArray[np.uint16], ...]:
    """The same draws serve every metric and model: drawing takes longer than all the means."""
    return tuple(_drawn(count, draws, seed))
