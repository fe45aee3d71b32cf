"""Whether a metric says what people say: fooling rates of single pictures beside their scores, and the rank correlation of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

Float = NDArray[np.float64]
DRAWS = 500
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
        place = pd.Index(photographs).get_indexer(pd.Index(own["photo_id"]))
        measured, rate = own[metric].to_numpy(np.float64), own["rate"].to_numpy(np.float64)
        model = pd.factorize(own["model"])[0]
        drawn = [np.repeat(np.arange(len(own)), row[place]) for row in counts]
        pooled = [_rank_correlation(measured[rows], rate[rows]) for rows in drawn]
        inside = [_within(measured[rows], rate[rows], model[rows]) for rows in drawn]
        rho, within = _rank_correlation(measured, rate), _within(measured, rate, model)
        found.append(
            Link(
                metric=metric,
                rho=_told(rho),
                **dict(zip(("low", "high"), _ends(rho, pooled), strict=True)),
                within=_told(within),
                **dict(zip(("within_low", "within_high"), _ends(within, inside), strict=True)),
                pictures=len(own),
                photographs=int(own["photo_id"].nunique()),
            )
        )
    return found


def _rank_correlation(one: Float, other: Float) -> float:
    """Spearman's ρ with mean ranks for ties; NaN for too few, or where all are alike."""
    if len(one) < _LEAST:
        return float("nan")
    first, second = rankdata(one), rankdata(other)
    first, second = first - first.mean(), second - second.mean()
    size = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / size) if size > 0 else float("nan")


def _within(one: Float, other: Float, group: NDArray[np.intp]) -> float:
    weights, values = [], []
    for name in np.unique(group):
        inside = group == name
        value = _rank_correlation(one[inside], other[inside])
        if np.isfinite(value):
            weights.append(int(inside.sum()))
            values.append(value)
    return float(np.average(values, weights=weights)) if values else float("nan")


def _ends(value: float, drawn: Sequence[float]) -> tuple[float | None, float | None]:
    """The middle 95 % of the draws."""
    finite = np.array([one for one in drawn if np.isfinite(one)])
    if not np.isfinite(value) or finite.size < 0.5 * len(drawn) or finite.size < 2:
        return None, None
    return float(np.quantile(finite, 0.025)), float(np.quantile(finite, 0.975))


def _told(value: float) -> float | None:
    return value if np.isfinite(value) else None
