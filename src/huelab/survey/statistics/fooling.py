"""The fooling rate: how often a model's picture was taken for the real one. 0.5 in pairs: nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
import pandas as pd

from huelab.evaluation.paired import holm
from huelab.survey.statistics.twoway import Drawn, Draws, Interval, binomial, difference_interval, drawn, p_value, share, share_interval

Z = 1.959964


@dataclass(frozen=True)
class Fooled:
    """One model's rate over people and photographs."""

    model: str
    rate: Interval
    trials: int
    people: int
    photographs: int
    naive: tuple[float, float]
    """Wilson's interval as if all votes were independent: too narrow, printed to be compared with other studies."""


@dataclass(frozen=True)
class Difference:
    """Rate of the first minus rate of the second, over the same draws."""

    first: str
    second: str
    difference: Interval
    p: float | None
    p_holm: float | None


def rates(table: pd.DataFrame, draws: Draws, models: Sequence[str]) -> list[Fooled]:
    """Each model's rate; `table` holds the trials that count (longform.analysed), with `fooled`."""
    found = []
    for model in models:
        own = _of(table, model)
        naive = wilson(int(own["fooled"].sum()), len(own))
        people, photographs = own["participant"].nunique(), own["photo_id"].nunique()
        rate = share_interval(_rate(own, draws), draws, len(own))
        found.append(Fooled(model, rate, len(own), people, photographs, naive))
    return found


def differences(table: pd.DataFrame, draws: Draws, models: Sequence[str]) -> list[Difference]:
    """Every pair of models, Holm-corrected over all pairs."""
    rate = {model: _rate(_of(table, model), draws) for model in models}
    rows = []
    for first, second in combinations(models, 2):
        apart = rate[first] - rate[second]
        rows.append((first, second, difference_interval(apart, draws), p_value(apart, draws)))
    corrected = holm([p for *_, p in rows])
    return [Difference(first, second, apart, p, adjusted) for (first, second, apart, p), adjusted in zip(rows, corrected, strict=True)]


def _of(table: pd.DataFrame, model: str) -> pd.DataFrame:
    return table[(table["model"] == model) & table["fooled"].notna()]


def _rate(own: pd.DataFrame, draws: Draws) -> Drawn:
    fooled = own["fooled"].to_numpy(np.float64)
    counts = np.column_stack([fooled, np.ones_like(fooled)])
    return drawn(draws, own, counts, share, floor=binomial(float(fooled.sum()), len(fooled)))


def per_photograph(table: pd.DataFrame) -> pd.DataFrame:
    """model, photo_id, fooled, trials, rate, low, high: single photographs, with Wilson's interval (each vote is of another person)."""
    own = table[table["fooled"].notna()]
    counts = own.groupby(["model", "photo_id"], sort=True)["fooled"].agg(["sum", "size"]).reset_index()
    ends = [wilson(int(hit), int(size)) for hit, size in zip(counts["sum"], counts["size"], strict=True)]
    return pd.DataFrame(
        {
            "model": counts["model"],
            "photo_id": counts["photo_id"],
            "fooled": counts["sum"].astype(int),
            "trials": counts["size"],
            "rate": counts["sum"] / counts["size"],
            "low": [low for low, _ in ends],
            "high": [high for _, high in ends],
        }
    )


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; right for independent votes only. (0, 1) without any."""
    if not trials:
        return 0.0, 1.0
    share, square = successes / trials, Z * Z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = Z * sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    return max(0.0, middle - half), min(1.0, middle + half)
