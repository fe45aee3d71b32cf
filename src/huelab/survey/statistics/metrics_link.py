"""Whether a metric says what people say: fooling rates of single pictures beside their scores, and the rank correlation of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Float = NDArray[np.float64]
DRAWS = 1000
_LEAST = 4
"""Pictures below which a rank correlation says nothing."""


@dataclass(frozen=True)
class Link:
    """Spearman's correlation of a metric with the fooling rate, with its 95 % interval over photographs; None where it cannot be told."""

    metric: str
    rho: float | None
    low: float | None
    high: float | None
    within: float | None
    """The same within models, averaged over them by their pictures: what remains when a model's overall rank is taken away."""
    within_low: float | None
    within_high: float | None
    pictures: int
    """Pairs of photograph and model with votes and a score."""
    photographs: int


def joined(photographs_of: pd.DataFrame, scores: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """`photographs_of` (fooling.per_photograph) with `path` and the metrics of each model's scores (item_id, path, metric columns).

    A picture of the survey is the scored one of the same id; those without a score, or whose model is not in `scores`, are left out.
    """
    parts = []
    for model, own in photographs_of.groupby("model", sort=True):
        table = scores.get(str(model))
        if table is not None:
            measured = table.drop(columns=["model", "photo_id", "label"], errors="ignore").rename(columns={"item_id": "photo_id"})
            parts.append(own.merge(measured, on="photo_id", how="inner", validate="one_to_one"))
    return pd.concat(parts, ignore_index=True) if parts else photographs_of.iloc[:0]


def links(table: pd.DataFrame, metrics: Sequence[str], *, draws: int = DRAWS, seed: int = 0) -> list[Link]:
    """Of the table that `joined` gives, for each metric it has; photographs are drawn anew with all their pictures."""
    photographs = sorted(set(table["photo_id"])) if len(table) else []
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(photographs), np.full(len(photographs), 1 / len(photographs)), draws) if photographs else np.zeros((0, 0))
    found = []
    for metric in metrics:
        if metric not in table.columns:
            continue
        own = table[np.isfinite(table[metric].to_numpy(np.float64)) & np.isfinite(table["rate"].to_numpy(np.float64))]
        if own.empty:
            continue
        weights = counts[:, pd.Index(photographs).get_indexer(pd.Index(own["photo_id"]))].astype(np.float64)
        measured, rate = own[metric].to_numpy(np.float64), own["rate"].to_numpy(np.float64)
        model = pd.factorize(own["model"])[0]
        once = np.ones((1, len(own)))
        rho, within = float(_correlations(measured, rate, once)[0]), float(_within(measured, rate, model, once)[0])
        pooled, inside = _correlations(measured, rate, weights), _within(measured, rate, model, weights)
        found.append(
            Link(
                metric=metric,
                rho=_told(rho),
                low=_ends(rho, pooled)[0],
                high=_ends(rho, pooled)[1],
                within=_told(within),
                within_low=_ends(within, inside)[0],
                within_high=_ends(within, inside)[1],
                pictures=len(own),
                photographs=int(own["photo_id"].nunique()),
            )
        )
    return found


def _correlations(one: Float, other: Float, weights: Float) -> Float:
    """Spearman's ρ, ties at their mean rank, of n pairs each counted as often as a row of `weights` (draws, n) says: (draws,).

    NaN for too few, or where all are alike.
    """
    first, second = _ranks(one, weights), _ranks(other, weights)
    total = weights.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        first = first - (weights * first).sum(axis=1, keepdims=True) / total
        second = second - (weights * second).sum(axis=1, keepdims=True) / total
        size = np.sqrt((weights * first**2).sum(axis=1) * (weights * second**2).sum(axis=1))
        found = (weights * first * second).sum(axis=1) / size
    return np.asarray(np.where((size > 0) & (total[:, 0] >= _LEAST), found, np.nan))


def _ranks(values: Float, weights: Float) -> Float:
    """Mean ranks (draws, n) of values that are there as often as `weights` says."""
    distinct, place = np.unique(values, return_inverse=True)
    often = weights @ (place[:, None] == np.arange(len(distinct))).astype(np.float64)
    return np.asarray((often.cumsum(axis=1) - often / 2)[:, place])


def _within(one: Float, other: Float, group: NDArray[np.intp], weights: Float) -> Float:
    """The same inside each group, averaged by the groups' weights: (draws,)."""
    parts, shares = [], []
    for name in np.unique(group):
        inside = group == name
        parts.append(_correlations(one[inside], other[inside], weights[:, inside]))
        shares.append(weights[:, inside].sum(axis=1))
    value, share = np.array(parts), np.array(shares)
    share = np.where(np.isfinite(value), share, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nansum(value * share, axis=0) / np.where(share.sum(axis=0) > 0, share.sum(axis=0), np.nan))


def _ends(value: float, drawn: Float) -> tuple[float | None, float | None]:
    """The middle 95 % of the draws."""
    finite = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or finite.size < 0.5 * len(drawn) or finite.size < 2:
        return None, None
    return float(np.quantile(finite, 0.025)), float(np.quantile(finite, 0.975))


def _told(value: float) -> float | None:
    return value if np.isfinite(value) else None
