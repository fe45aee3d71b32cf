"""Preferences between models: Bradley and Terry's strengths with Davidson's ties, and how sure their order is.

P(i over j) = w_i / (w_i + w_j + ν√(w_i w_j)), P(tie) = ν√(w_i w_j) / the same, w = exp(strength). A weak prior (half a win and half a loss
of each model against an average one) keeps strengths finite where a model won, or lost, always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from huelab.survey.statistics.twoway import WAYS, Drawn, Draws, Interval, interval

Float = NDArray[np.float64]
DRAWS = 300
"""Of each bootstrap: every draw is fitted anew."""
_PRIOR = 0.5


@dataclass(frozen=True)
class Preferred:
    """One model among those compared. Strengths have mean 0; a difference of 1.1 is three wins to one loss, ties aside."""

    model: str
    strength: Interval
    ranks: tuple[int, int]
    """Best and worst rank in the middle 95 % of draws of people and photographs at once, which errs on the wide side; 1 is the best."""
    best: float
    """Share of draws in which it leads."""
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True)
class Ranking:
    """All models, best first."""

    models: list[Preferred]
    tie_strength: float
    """ν: 0 without ties, 2 where equals tie half of the time."""
    connected: bool
    """Whether every model was compared with every other, directly or not; else strengths of different islands cannot be compared."""
    side_bias: float
    """Share of decided trials in which the left picture was preferred; 0.5 is none."""


def ranking(table: pd.DataFrame, draws: Draws, models: Sequence[str]) -> Ranking:
    """Of the trials that count in mode prefer; `model` and `model_right` say which pictures were left and right."""
    own = table[(table["model_right"] != "") & table["choice"].isin(["left", "right", "tie"])]
    count = len(models)
    left, right = (pd.Index(models).get_indexer(pd.Index(own[column])) for column in ("model", "model_right"))
    cell = np.zeros((len(own), 2 * count * count))
    rows = np.arange(len(own))
    won, tied = own["choice"].to_numpy() != "tie", own["choice"].to_numpy() == "tie"
    winner = np.where(own["choice"] == "left", left, right)
    loser = np.where(own["choice"] == "left", right, left)
    cell[rows[won], (winner * count + loser)[won]] = 1
    cell[rows[tied], count * count + (left * count + right)[tied]] = 1
    found = cell.sum(axis=0)
    wins, ties = found[: count**2].reshape(count, count), found[count**2 :].reshape(count, count)
    strengths, tie = fit(wins, ties)
    few = Draws(draws.people, draws.photographs, draws.by_person[:DRAWS], draws.by_photograph[:DRAWS], draws.seed)

    def fitted(sums: Float) -> Float:
        return np.array([fit(row[: count**2].reshape(count, count), row[count**2 :].reshape(count, count))[0] for row in sums])

    many = {way: fitted(few.sums(own, cell, way)) for way in WAYS}
    places = (-fitted(few.sums(own, cell, "both"))).argsort(axis=1).argsort(axis=1) + 1
    both = ties + ties.T
    met = wins + wins.T + both
    listed = [
        Preferred(
            model=name,
            strength=interval(Drawn(float(strengths[place]), {way: many[way][:, place] for way in WAYS}), few),
            ranks=(int(np.quantile(places[:, place], 0.025)), int(np.ceil(np.quantile(places[:, place], 0.975)))),
            best=float((places[:, place] == 1).mean()),
            wins=int(wins[place].sum()),
            losses=int(wins[:, place].sum()),
            ties=int(both[place].sum()),
        )
        for place, name in enumerate(models)
    ]
    decided = own["choice"] != "tie"
    bias = float((own.loc[decided, "choice"] == "left").mean()) if decided.any() else float("nan")
    return Ranking(
        models=sorted(listed, key=lambda one: -one.strength.value),
        tie_strength=tie,
        connected=bool(connected_components(met > 0, directed=False)[0] == 1),
        side_bias=bias,
    )


def fit(wins: Float, ties: Float, *, rounds: int = 200) -> tuple[Float, float]:
    """Strengths (models,) with mean 0, and ν, of the counts wins[i, j] (i over j) and ties[i, j]; by minorization (Hunter 2004, section 4).

    Ties may be counted at [i, j] or [j, i].
    """
    count = len(wins)
    ties = ties + ties.T
    games = wins + wins.T + ties
    weight, nu = np.ones(count), 0.1 if ties.any() else 0.0
    won = wins.sum(axis=1) + ties.sum(axis=1) / 2 + _PRIOR
    for _ in range(rounds):
        root = np.sqrt(weight[:, None] * weight[None])
        total = weight[:, None] + weight[None] + nu * root
        share = games / total
        np.fill_diagonal(share, 0)
        # the prior: a win and a loss, half each, against a model of strength 0
        pull = (share * (1 + nu / 2 * np.sqrt(weight[None] / weight[:, None]))).sum(axis=1) + 2 * _PRIOR / (weight + 1)
        new = won / pull
        new /= np.exp(np.log(new).mean())
        if nu:
            nu = float((ties.sum() / 2) / ((share * root).sum() / 2)) if ties.any() else 0.0
        moved = float(np.abs(np.log(new / weight)).max())
        weight = new
        if moved < 1e-7:
            break
    return np.log(weight) - np.log(weight).mean(), float(nu)
