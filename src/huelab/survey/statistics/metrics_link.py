"""Whether a metric says what people say: fooling rates of single pictures beside their scores, and the rank correlation of the two."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab import metrics, paths

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
    """Of any model, with votes and a score."""
    photographs: int


@dataclass(frozen=True)
class Measured:
    """Each model's scores (a row per picture), and why others have none here."""

    scores: Mapping[str, pd.DataFrame]
    lacking: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Beside:
    """All metrics beside a study's fooling rates."""

    links: list[Link]
    lacking: Mapping[str, str]
    """Model -> why it is left out."""
    missing: str
    """Why there is no link at all; "" where there is one."""


def scores_of(models: Sequence[str], lineage: Mapping[str, Any]) -> Measured:
    """The scores of `models` that stage evaluate left here; they must be of the very weights whose pictures people saw (`lineage`)."""
    scores, lacking = {}, {}
    for model in models:
        shown = str(lineage.get("models", {}).get(model, {}).get("content", ""))
        try:
            table = pd.read_parquet(paths.scores(model) / "scores.parquet")
            weights = json.loads((paths.model(model) / "card.json").read_text(encoding="utf-8")).get("weights_sha256", "")
        except (OSError, ValueError, AttributeError):  # pyarrow's and json's errors are ValueErrors
            lacking[model] = "it has no scores here"
            continue
        if weights != shown:
            lacking[model] = "it was trained again since its pictures were rendered"
        else:
            scores[model] = table
    return Measured(scores, lacking)


def beside(photographs_of: pd.DataFrame, mode: str, found: Measured | None) -> Beside:
    """Every metric that the scores hold, beside fooling rates; a mode without these has none."""
    if mode == "prefer":
        return Beside([], {}, "mode prefer has no fooling rate")
    if found is None:
        return Beside([], {}, "scores were not looked up")
    table = joined(photographs_of, found.scores)
    linked = links(table, [name for name in metrics.names() if name in table.columns and table[name].notna().any()])
    return Beside(linked, found.lacking, "" if linked else "none of these pictures has a score here: `make run` scores what is missing")


def joined(photographs_of: pd.DataFrame, scores: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """`photographs_of` (Figures.photographs_of) with `path` and the metrics of each model's scores (item_id, path, metric columns).

    A picture of the survey is the scored one of the same id; those without a score, or whose model is not in `scores`, are left out.
    """
    parts = []
    for model, own in photographs_of.groupby("model", sort=True):
        table = scores.get(str(model))
        if table is not None:
            others = table.drop(columns=["model", "photo_id", "photograph", "label"], errors="ignore")
            parts.append(own.merge(others.rename(columns={"item_id": "photo_id"}), on="photo_id", how="inner", validate="one_to_one"))
    return pd.concat(parts, ignore_index=True) if parts else photographs_of.iloc[:0]


def links(table: pd.DataFrame, metrics: Sequence[str], *, draws: int = DRAWS, seed: int = 0) -> list[Link]:
    """Of the table that `joined` gives, for each metric it has; photographs are drawn anew with all their regions and pictures."""
    photographs = sorted(set(table["photograph"])) if len(table) else []
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(photographs), np.full(len(photographs), 1 / len(photographs)), draws) if photographs else np.zeros((0, 0))
    found = []
    for metric in metrics:
        if metric not in table.columns:
            continue
        own = table[np.isfinite(table[metric].to_numpy(np.float64)) & np.isfinite(table["rate"].to_numpy(np.float64))]
        if own.empty:
            continue
        weights = counts[:, pd.Index(photographs).get_indexer(pd.Index(own["photograph"]))].astype(np.float64)
        measured, rate = own[metric].to_numpy(np.float64), own["rate"].to_numpy(np.float64)
        model = pd.factorize(own["model"])[0]
        once = np.ones((1, len(own)))
        rho, within = float(_correlations(measured, rate, once)[0]), float(_within(measured, rate, model, once)[0])
        pooled, inside = _correlations(measured, rate, weights), _within(measured, rate, model, weights)
        pooled_ends, inside_ends = (_ends(rho, pooled), _ends(within, inside)) if len(photographs) > 1 else ((None, None), (None, None))
        found.append(
            Link(
                metric=metric,
                rho=_told(rho),
                low=pooled_ends[0],
                high=pooled_ends[1],
                within=_told(within),
                within_low=inside_ends[0],
                within_high=inside_ends[1],
                pictures=len(own),
                photographs=int(own["photograph"].nunique()),
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
    _, first, place = np.unique(np.sort(values), return_index=True, return_inverse=True)
    order = np.argsort(values)
    often = np.add.reduceat(weights[:, order], first, axis=1)
    place = place[np.argsort(order)]
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
