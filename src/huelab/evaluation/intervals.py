"""How sure a mean is: percentile bootstrap over photographs. All pictures of one photograph are drawn together, for they are alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab import params
from huelab.metrics.definition import Metric

Float = NDArray[np.float64]
_BLOCK = 4_000_000  # entries of the draws × photographs matrix worked on at once
_KEPT = 64_000_000  # entries (of 2 bytes) kept from one metric to the next


@dataclass(frozen=True)
class Estimate:
    """A value over the test pictures with its interval; low and high are None where one photograph gives no idea of the spread."""

    mean: float
    low: float | None
    high: float | None
    photographs: int
    """That had a score; the interval is over these."""
    excluded: int = 0
    """Pictures left out because their score is NaN or infinite."""


def estimates(table: pd.DataFrame, chosen: Sequence[Metric], settings: params.Compare) -> dict[str, Estimate]:
    """Each metric of `chosen` over the rows of `table` (a scores.parquet), paired metrics as means, set-level ones as their value.

    The same seed draws the same photographs for every model, so that intervals of two models are comparable.
    """
    found = {}
    for metric in chosen:
        scores = table[list(metric.columns)].to_numpy(np.float64)
        found[metric.name] = _estimate(scores, table["photo_id"].to_numpy(object), list(metric.columns), metric, settings)
    return found


def paired_difference(first: pd.DataFrame, second: pd.DataFrame, column: str, settings: params.Compare) -> Estimate:
    """Mean of first − second in `column`, picture by picture where both have a finite score; the interval is over photographs."""
    both = first[["item_id", "photo_id", column]].merge(second[["item_id", column]], on="item_id", suffixes=("", "_second"), validate="1:1")
    difference = both[column].to_numpy(np.float64) - both[f"{column}_second"].to_numpy(np.float64)
    return _estimate(difference[:, None], both["photo_id"].to_numpy(object), [column], None, settings)


def _estimate(
    scores: Float, photographs: NDArray[np.object_], names: Sequence[str], metric: Metric | None, settings: params.Compare
) -> Estimate:
    def value(means: Float) -> Float:
        if metric is None:
            return means[..., 0]
        return np.asarray(metric.value({name: means[..., place] for place, name in enumerate(names)}), np.float64)

    finite = np.isfinite(scores).all(axis=1)
    excluded = int((~finite).sum())
    if not finite.any():
        return Estimate(math.nan, None, None, 0, excluded)
    codes, known = pd.factorize(photographs[finite], sort=True)
    counts = np.bincount(codes).astype(np.float64)
    sums = np.zeros((len(known), scores.shape[1]))
    np.add.at(sums, codes, scores[finite])
    mean = float(value(sums.sum(axis=0) / counts.sum()))
    if len(known) < 2:
        return Estimate(mean, None, None, len(known), excluded)
    drawn = np.concatenate([value(means) for means in _means(sums, counts, settings.draws, settings.seed)])
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(mean, float(low), float(high), len(known), excluded)


def _means(sums: Float, counts: Float, draws: int, seed: int) -> Iterator[Float]:
    """Blocks (some draws, columns) of the means over photographs drawn with replacement, each with all its pictures."""
    photographs = len(counts)
    blocks = _kept(photographs, draws, seed) if draws * photographs <= _KEPT else _drawn(photographs, draws, seed)
    for block in blocks:
        taken = block.astype(np.float64)
        yield (taken @ sums) / (taken @ counts)[:, None]


def _drawn(photographs: int, draws: int, seed: int) -> Iterator[NDArray[np.uint16]]:
    """Blocks (some draws, photographs): how often each photograph was drawn."""
    rng = np.random.default_rng(seed)
    share = np.full(photographs, 1 / photographs)
    most = max(1, _BLOCK // photographs)
    for start in range(0, draws, most):
        yield rng.multinomial(photographs, share, size=min(most, draws - start)).astype(np.uint16)


@lru_cache(maxsize=1)
def _kept(photographs: int, draws: int, seed: int) -> tuple[NDArray[np.uint16], ...]:
    """The same draws serve every metric and model: drawing takes longer than all the means."""
    return tuple(_drawn(photographs, draws, seed))
