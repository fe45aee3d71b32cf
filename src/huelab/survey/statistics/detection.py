"""Signal detection: how well real and fake were told apart (d′), and how people lean (bias), apart from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from huelab.survey.statistics.twoway import Draws, Interval, binomial, drawn, interval

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Detected:
    """One model's d′ (0: not told apart) and bias (0: none; above: for the right, or for calling pictures real)."""

    model: str
    d_prime: Interval
    bias: Interval
    trials: int


def detection(table: pd.DataFrame, draws: Draws, models: Sequence[str]) -> list[Detected]:
    """For modes pair and single; `table` holds the trials that count.

    pair: H = P("left is fake" | it is), F = P("left is fake" | the right one is), d′ = (z(H) − z(F))/√2. single: H = P("fake" | fake by the
    model), F = P("fake" | real), d′ = z(H) − z(F). Bias −(z(H) + z(F))/2. Shares are (x + ½)/(n + 1), so that none is 0 or 1.
    """
    found = []
    pair = bool((table["mode"] == "pair").any())
    for model in models:
        own = table[(table["model"] == model) | (~table["fake_side"].isin(["left", "right", "only"]) & (not pair))]
        signal = (own["fake_side"] == ("left" if pair else "only")).to_numpy(np.float64)
        said = (own["choice"] == ("left" if pair else "fake")).to_numpy(np.float64)
        counts = np.column_stack([signal * said, signal, (1 - signal) * said, 1 - signal])
        least = _least(counts.sum(axis=0))
        d_prime = drawn(draws, own, counts, lambda sums: _measures(sums, pair=pair)[0], floor=least / (2 if pair else 1))
        bias = drawn(draws, own, counts, lambda sums: _measures(sums, pair=pair)[1], floor=least / 4)
        found.append(Detected(model, interval(d_prime, draws), interval(bias, draws), int((own["model"] == model).sum())))
    return found


def _least(counts: Float) -> float:
    """The variance of z(H) ± z(F) of independent answers, by the delta method."""
    hits, signals, alarms, noise = map(float, counts)
    parts = [
        binomial(said, trials) / float(norm.pdf(norm.ppf((said + 0.5) / (trials + 1)))) ** 2
        for said, trials in ((hits, signals), (alarms, noise))
    ]
    return sum(parts)


def _measures(counts: Float, *, pair: bool) -> tuple[Float, Float]:
    """d′ and bias (draws,) of hits, signals, false alarms, noise (draws, 4)."""
    hit = norm.ppf((counts[:, 0] + 0.5) / (counts[:, 1] + 1))
    alarm = norm.ppf((counts[:, 2] + 0.5) / (counts[:, 3] + 1))
    empty = (counts[:, 1] == 0) | (counts[:, 3] == 0)
    d_prime = np.where(empty, np.nan, (hit - alarm) / (sqrt(2) if pair else 1))
    return np.asarray(d_prime), np.asarray(np.where(empty, np.nan, -(hit + alarm) / 2))
