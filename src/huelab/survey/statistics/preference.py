"""Preferences between models: Bradley and Terry's strengths with Davidson's ties, and how sure their order is.

P(i over j) = w_i / (w_i + w_j + ν√(w_i w_j)), P(tie) = ν√(w_i w_j) / the same, w = exp(strength). A weak prior (half a win and half a loss
of each model against an average one) keeps strengths finite where a model won, or lost, always. Equal strengths share their ranks, and a
model that nobody compared has none of these figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import expit
from scipy.stats import rankdata

from huelab.survey.statistics.twoway import WAYS, Drawn, Draws, Interval, interval

Float = NDArray[np.float64]
DRAWS = 1000
"""Of each bootstrap at most: every draw is fitted anew."""
_PRIOR = 0.5
_STEP = 0.5
"""Longest step of the search: one so short never makes a log likelihood of this family worse, however far from its top."""
_ROUNDS = 200


@dataclass(frozen=True)
class Preferred:
    """One model among those compared. Strengths have mean 0; a difference of 1.1 is three wins to one loss, ties aside."""

    model: str
    strength: Interval
    """NaN for a model that nobody compared; without an interval where there are ties alone, which say nothing of strengths."""
    ranks: tuple[int, int] | None
    """Best and worst rank in the middle 95 % of draws of people and photographs at once, which errs on the wide side; 1 is the best, and
    equals hold all the ranks they share."""
    best: float | None
    """Share of draws in which it leads; k that lead together count 1/k each."""
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True)
class Ranking:
    """All models, best first."""

    models: list[Preferred]
    tie_strength: float | None
    """ν: 0 without ties, 2 where equals tie half of the time; None without answers, and where all are ties: it would be infinite."""
    connected: bool
    """Whether every model was compared with every other, directly or not; else strengths of different islands cannot be compared."""
    side_bias: float
    """Share of decided trials in which the left picture was preferred; 0.5 is none."""


def ranking(table: pd.DataFrame, draws: Draws, models: Sequence[str]) -> Ranking:
    """Of the trials that count in mode prefer; `model` and `model_right` say which pictures were left and right."""
    own = table[(table["model_right"] != "") & table["choice"].isin(["left", "right", "tie"])]
    count = len(models)
    cell = _cells(own, models)
    wins, ties = _tables(cell.sum(axis=0)[None], count)
    met = (wins + wins.transpose(0, 2, 1) + ties)[0]
    known = np.flatnonzero(met.any(axis=1))
    few = Draws(draws.people, draws.photographs, draws.by_person[:DRAWS], draws.by_photograph[:DRAWS], draws.seed)

    def fitted(sums: Float) -> tuple[Float, Float]:
        own_wins, own_ties = (part[:, known[:, None], known] for part in _tables(sums, count))
        return _fit(own_wins, own_ties)

    found, nu = fitted(cell.sum(axis=0)[None])
    strengths = np.full(count, nan)
    strengths[known] = found[0]
    many = {way: fitted(few.sums(own, cell, way))[0] for way in WAYS}
    floor = _variances(found[0], float(nu[0]), met[known[:, None], known])
    places = _Places.of(fitted(few.sums(own, cell, "both"))[0])
    listed = []
    for place, name in enumerate(models):
        at = int(np.searchsorted(known, place)) if place in known else None
        strength = Interval(float(strengths[place]), None, None)
        if at is not None and wins.any():
            drawn = Drawn(strength.value, {way: many[way][:, at] for way in WAYS}, float(floor[at]))
            strength = interval(drawn, few)
        listed.append(
            Preferred(
                model=name,
                strength=strength,
                ranks=None if at is None else places.range(at),
                best=None if at is None else places.best(at),
                wins=int(wins[0, place].sum()),
                losses=int(wins[0, :, place].sum()),
                ties=int(ties[0, place].sum()),
            )
        )
    decided = own["choice"] != "tie"
    return Ranking(
        models=sorted(listed, key=lambda one: -one.strength.value if isfinite(one.strength.value) else inf),
        tie_strength=float(nu[0]) if len(own) and isfinite(nu[0]) else None,
        connected=bool(connected_components(met > 0, directed=False)[0] == 1),
        side_bias=float((own.loc[decided, "choice"] == "left").mean()) if decided.any() else nan,
    )


def _cells(own: pd.DataFrame, models: Sequence[str]) -> Float:
    """(rows, 2·models²): 1 at the table of wins [winner, loser], or at that of ties [left, right]."""
    count, rows = len(models), np.arange(len(own))
    left, right = (pd.Index(models).get_indexer(pd.Index(own[column])) for column in ("model", "model_right"))
    choice = own["choice"].to_numpy()
    winner, loser = np.where(choice == "left", left, right), np.where(choice == "left", right, left)
    place = np.where(choice == "tie", count * count + left * count + right, winner * count + loser)
    cell = np.zeros((len(own), 2 * count * count))
    cell[rows, place] = 1
    return cell


def _tables(sums: Float, count: int) -> tuple[Float, Float]:
    """(draws, models, models) wins, and ties counted both ways."""
    wins, ties = (part.reshape(-1, count, count) for part in np.split(sums, 2, axis=1))
    return wins, ties + ties.transpose(0, 2, 1)


@dataclass(frozen=True)
class _Places:
    """The ranks of each model in each draw, (draws, models): the best and the worst that equals share, and 1/k where k lead."""

    low: Float
    high: Float
    leads: Float

    @classmethod
    def of(cls, strengths: Float) -> _Places:
        rounded = -np.round(strengths, 6)  # equals differ in the last digits of a search
        low, high = (np.asarray(rankdata(rounded, method=method, axis=1), np.float64) for method in ("min", "max"))
        first = low == 1
        return cls(low, high, first / np.maximum(1, first.sum(axis=1, keepdims=True)))

    def range(self, place: int) -> tuple[int, int]:
        return int(np.quantile(self.low[:, place], 0.025)), int(np.ceil(np.quantile(self.high[:, place], 0.975)))

    def best(self, place: int) -> float:
        return float(self.leads[:, place].mean())


def fit(wins: Float, ties: Float) -> tuple[Float, float]:
    """Strengths (models,) with mean 0, and ν, of the counts wins[i, j] (i over j) and ties[i, j]: the likeliest, given the prior.

    Ties may be counted at [i, j] or [j, i]. ν is infinite where all are ties.
    """
    strengths, nu = _fit(wins[None], (ties + ties.T)[None])
    return strengths[0], float(nu[0])


def _fit(wins: Float, ties: Float) -> tuple[Float, Float]:
    """Of many tables (draws, models, models), ties counted both ways, at once: strengths (draws, models) and ν (draws,).

    In strengths and log ν the log likelihood is concave, so that Newton's steps find its top.
    """
    games = wins + wins.transpose(0, 2, 1) + ties
    tied, all_of = ties.sum(axis=(1, 2)) / 2, games.sum(axis=(1, 2)) / 2
    none, only = tied == 0, (tied > 0) & (tied == all_of)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_nu = np.where(none | only, 0.0, np.log(2 * tied / (all_of - tied)))  # likeliest among equals
    scores = wins.sum(axis=2) + ties.sum(axis=2) / 2
    strengths = np.zeros(scores.shape)
    open_ = ~only & (all_of > 0)
    for _ in range(_ROUNDS):
        nu = np.where(none, 0.0, np.exp(log_nu))
        slope, bend = _slopes(strengths, nu, games, scores, tied)
        bend[none, -1, -1] = 1.0
        step = np.where(open_[:, None], np.linalg.solve(bend, slope[..., None])[..., 0], 0.0)
        step *= np.minimum(1, _STEP / np.maximum(np.abs(step).max(axis=1, initial=0, keepdims=True), 1e-300))
        strengths, log_nu = strengths + step[:, :-1], log_nu + step[:, -1]
        if np.abs(step).max(initial=0) < 1e-9:
            break
    centred = strengths - strengths.mean(axis=1, keepdims=True) if strengths.size else strengths
    return centred, np.where(none, 0.0, np.where(only, inf, np.exp(log_nu)))


def _slopes(strengths: Float, nu: Float, games: Float, scores: Float, tied: Float) -> tuple[Float, Float]:
    """First derivatives (draws, models + 1) of the log likelihood by strengths and log ν, and minus the second ones."""
    win, tie = _chances(strengths, nu)
    expected = win + tie / 2
    prior = expit(strengths)
    slope = np.empty((*strengths.shape[:1], strengths.shape[1] + 1))
    slope[:, :-1] = scores + _PRIOR - (games * expected).sum(axis=2) - 2 * _PRIOR * prior
    slope[:, -1] = tied - (games * tie).sum(axis=(1, 2)) / 2
    bend = np.empty((*slope.shape, slope.shape[1]))
    bend[:, :-1, :-1] = _information(win, tie, games, prior)
    bend[:, :-1, -1] = bend[:, -1, :-1] = (games * tie * (0.5 - expected)).sum(axis=2)
    bend[:, -1, -1] = (games * tie * (1 - tie)).sum(axis=(1, 2)) / 2
    return slope, bend


def _chances(strengths: Float, nu: Float) -> tuple[Float, Float]:
    """(draws, models, models): of i over j, and of a tie."""
    half = np.exp((strengths[:, :, None] - strengths[:, None]) / 2)
    total = half + 1 / half + nu[:, None, None]
    return half / total, nu[:, None, None] / total


def _information(win: Float, tie: Float, games: Float, prior: Float) -> Float:
    """(draws, models, models) about strengths: each game tells the variance of its score (1, ½ or 0) of the difference."""
    told = games * (win + tie / 4 - (win + tie / 2) ** 2)
    own = np.eye(told.shape[1]) * (told.sum(axis=2) + 2 * _PRIOR * prior * (1 - prior))[:, None]
    return np.asarray(own - told)


def _variances(strengths: Float, nu: float, games: Float) -> Float:
    """(models,) of strengths with mean 0 if all votes were independent: nobody who always won is stronger for sure."""
    if not len(strengths) or not isfinite(nu):
        return np.zeros(len(strengths))
    win, tie = _chances(strengths[None], np.array([nu]))
    about = np.linalg.inv(_information(win, tie, games[None], expit(strengths)[None])[0])
    middle = np.eye(len(about)) - 1 / len(about)
    return np.asarray(np.diag(middle @ about @ middle))
