"""A 95 % interval must hold the truth 95 times in a hundred for people as they are: they lean, guess, hurry and leave. Two minutes each."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.longform import analysed
from huelab.survey.statistics import detection, exclusions, fooling, preference
from huelab.survey.statistics.twoway import Draws, Interval
from huelab.survey.study import Study

pytestmark = [pytest.mark.slow, pytest.mark.long]

STUDIES = 250
RATES = {"beta": 0.12, "plain": 0.3, "zhang": 0.45}
APPEALS = {"beta": -0.6, "plain": 0.1, "zhang": 0.5}
MESSY = Crowd(RATES, side_bias=0.5, lapse=0.1, careless=0.1, dropout=0.15, interaction_sd=0.5)


def study(**settings: object) -> Study:
    return Study.model_validate({"title": "t", "models": tuple(RATES), "trials": 20, "catches": 0, "simulated": True, **settings})


Look = Callable[[pd.DataFrame, Draws], dict[str, list[tuple[Interval, float]]]]
"""Intervals with the truth they should hold, by the name of the figure."""


def coverage(asked: Study, minds: Crowd, look: Look, **size: int) -> dict[str, float]:
    """How often the intervals of each figure hold the truth over many small studies, without those whom the rules leave out."""
    held: dict[str, list[bool]] = {}
    for seed in range(STUDIES):
        table = crowd.votes(asked, minds, seed=seed, **{"people": 24, "photographs": 40, **size})
        gone = {one.participant for one in exclusions.excluded(table, asked)}
        main = analysed(table[~table["participant"].isin(gone)])
        for name, intervals in look(main, Draws.of(main, draws=300, seed=seed)).items():
            for found, true in intervals:
                assert found.low is not None
                assert found.high is not None
                held.setdefault(name, []).append(found.low <= true <= found.high)
    shares = {name: float(np.mean(own)) for name, own in held.items()}
    print({name: f"{share:.3f} of {len(held[name])}" for name, share in shares.items()})
    return shares


def fooled(minds: Crowd) -> Look:
    true = {model: crowd.true_rate(minds, model) for model in RATES}

    def look(main: pd.DataFrame, draws: Draws) -> dict[str, list[tuple[Interval, float]]]:
        apart = fooling.differences(main, draws, tuple(RATES))
        return {
            "rates": [(one.rate, true[one.model]) for one in fooling.rates(main, draws, tuple(RATES))],
            "differences": [(one.difference, true[one.first] - true[one.second]) for one in apart],
        }

    return look


def detected(minds: Crowd) -> Look:
    ends = {model: [float(norm.ppf(share)) for share in crowd.true_answers(minds, model)] for model in RATES}

    def look(main: pd.DataFrame, draws: Draws) -> dict[str, list[tuple[Interval, float]]]:
        found = detection.detection(main, draws, tuple(RATES))
        return {
            "d_prime": [(one.d_prime, (ends[one.model][0] - ends[one.model][1]) / sqrt(2)) for one in found],
            "bias": [(one.bias, -sum(ends[one.model]) / 2) for one in found],
        }

    return look


def test_rates_and_differences_where_people_lean_guess_hurry_and_leave() -> None:
    """Careless people are found by the rules; who stops half way has answered less."""
    found = coverage(study(catches=4), MESSY, fooled(MESSY))
    assert 0.93 <= found["rates"] <= 0.99
    assert 0.93 <= found["differences"] <= 0.99


def test_differences_of_rates_near_nothing() -> None:
    """Most of these studies fool hardly anybody: intervals may be too wide there, never of no width."""
    minds = Crowd(dict.fromkeys(RATES, 0.01), lapse=0.0)
    assert coverage(study(), minds, fooled(minds), people=12)["differences"] >= 0.93


def test_d_prime_and_bias_of_people_who_lean() -> None:
    minds = Crowd(RATES, side_bias=0.4, lapse=0.05, interaction_sd=0.3)
    found = coverage(study(trials=30), minds, detected(minds))
    assert 0.93 <= found["d_prime"] <= 0.99
    assert 0.93 <= found["bias"] <= 0.99


def test_strengths_where_tastes_differ_between_people_and_between_photographs() -> None:
    """Votes of one person, and of one photograph, hang together. The truth is what endless votes would say."""
    minds = Crowd(APPEALS, person_sd=0.8, photo_sd=0.8, side_bias=0.3, lapse=0.0)
    places = range(len(APPEALS))
    said = np.zeros((3, 3))
    for one, two in combinations(places, 2):
        apart = list(APPEALS.values())[one] - list(APPEALS.values())[two]
        # a leaning to the left takes and gives: balanced over the sides
        spread = crowd.spread(minds, "prefer")
        nodes, weights = np.polynomial.hermite_e.hermegauss(41)
        middle = crowd.centre(1 / (1 + np.exp(-apart)), spread) + spread * nodes
        share = float(np.mean([weights @ (1 / (1 + np.exp(-(middle + lean)))) / weights.sum() for lean in (0.3, -0.3)]))
        said[one, two], said[two, one] = share * 1e6, (1 - share) * 1e6
    true = dict(zip(APPEALS, preference.fit(said, np.zeros((3, 3)))[0], strict=True))

    def strengths(main: pd.DataFrame, draws: Draws) -> dict[str, list[tuple[Interval, float]]]:
        return {"strengths": [(one.strength, float(true[one.model])) for one in preference.ranking(main, draws, tuple(APPEALS)).models]}

    assert 0.93 <= coverage(study(mode="prefer"), minds, strengths)["strengths"] <= 0.99
