"""Davidson's ties and what follows from equal strengths: no order of a list may look like a finding."""

from __future__ import annotations

import json
from math import isnan

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.longform import analysed
from huelab.survey.statistics import preference, words
from huelab.survey.statistics.results import results, tree
from huelab.survey.statistics.twoway import Draws
from huelab.survey.study import Study

MODELS = ("alpha", "beta", "zhang")


def study() -> Study:
    return Study(title="t", models=MODELS, mode="prefer", trials=12, catches=0, simulated=True)


def votes(people: int = 12, **minds: float) -> pd.DataFrame:
    return analysed(crowd.votes(study(), Crowd(dict.fromkeys(MODELS, 0.0), **minds), people=people, photographs=36))


def ranked(main: pd.DataFrame) -> preference.Ranking:
    return preference.ranking(main, Draws.of(main, draws=100), MODELS)


def likelihood(parameters: np.ndarray, wins: np.ndarray, ties: np.ndarray) -> float:
    """Minus Davidson's log likelihood with the prior, written out game by game."""
    strengths, nu = parameters[:-1], np.exp(parameters[-1])
    weight = np.exp(strengths)
    total = 0.0
    for i in range(len(weight)):
        for j in range(len(weight)):
            root = np.sqrt(weight[i] * weight[j])
            each = weight[i] + weight[j] + nu * root
            total += wins[i, j] * np.log(weight[i] / each) + ties[i, j] * np.log(nu * root / each)
        total += 0.5 * np.log(weight[i] / (weight[i] + 1)) + 0.5 * np.log(1 / (weight[i] + 1))
    return -total


@pytest.mark.parametrize("seed", range(6))
def test_strengths_and_ties_are_those_of_the_highest_likelihood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wins, ties = rng.poisson(6, (4, 4)).astype(float), np.triu(rng.poisson((1, 4, 30)[seed % 3], (4, 4)).astype(float), 1)
    if seed == 3:
        wins[0], wins[:, 0] = 50, 0  # one that always won
    np.fill_diagonal(wins, 0)
    strengths, nu = preference.fit(wins, ties)
    best = minimize(likelihood, np.zeros(5), (wins, ties), method="BFGS", options={"gtol": 1e-6}).x
    assert strengths == pytest.approx(best[:-1] - best[:-1].mean(), abs=1e-3)
    assert nu == pytest.approx(np.exp(best[-1]), rel=1e-3)


@pytest.mark.parametrize(("tied", "nu"), [(0, 0.0), (20, 0.5), (50, 2.0), (80, 8.0), (99, 198.0)])
def test_among_equals_nu_is_twice_the_odds_of_a_tie(tied: int, nu: float) -> None:
    won = (100 - tied) / 2
    strengths, found = preference.fit(np.array([[0, won], [won, 0]]), np.array([[0, tied], [0, 0]], float))
    assert strengths == pytest.approx([0, 0])
    assert found == pytest.approx(nu, rel=1e-6)


def test_without_answers_nobody_leads_and_nothing_is_printed_as_found() -> None:
    found = ranked(votes().iloc[:0])
    assert [(one.ranks, one.best) for one in found.models] == [(None, None)] * 3
    assert all(isnan(one.strength.value) and one.strength.low is None for one in found.models)
    assert found.tie_strength is None
    for row in words.preference(found).rows:
        assert row[1:5] == (words.NONE,) * 4


def test_ties_alone_share_every_rank_and_say_nothing_of_strengths() -> None:
    main = votes()
    found = ranked(main.assign(choice="tie"))
    assert [one.ranks for one in found.models] == [(1, 3)] * 3
    assert [one.best for one in found.models] == pytest.approx([1 / 3] * 3)
    assert all(one.strength.value == 0 and one.strength.low is None for one in found.models)
    assert found.tie_strength is None, "it is infinite, which JSON cannot hold"
    whole = crowd.votes(study(), Crowd(dict.fromkeys(MODELS, 0.0)), people=6, photographs=36)
    json.dumps(tree(results(whole.assign(choice="tie"), study(), closed=True, draws=50)), allow_nan=False)


def test_a_model_that_nobody_compared_has_no_rank_and_takes_none() -> None:
    main = votes(ties=0.0)
    found = ranked(main[(main["model"] != "alpha") & (main["model_right"] != "alpha")])
    assert not found.connected
    last = found.models[-1]
    assert (last.model, last.ranks, last.best) == ("alpha", None, None)
    assert isnan(last.strength.value)
    assert {one.ranks for one in found.models[:2]} <= {(1, 1), (1, 2), (2, 2)}
    assert sum(one.best or 0 for one in found.models) == pytest.approx(1)


def test_the_order_in_which_models_are_named_changes_no_rank() -> None:
    main = votes(ties=0.5)
    draws = Draws.of(main, draws=100)
    first, second = (preference.ranking(main, draws, order) for order in (MODELS, MODELS[::-1]))
    assert {one.model: one.ranks for one in first.models} == {one.model: one.ranks for one in second.models}
    assert {one.model: one.best for one in first.models} == pytest.approx({one.model: one.best for one in second.models})


def test_who_always_won_is_not_stronger_for_sure() -> None:
    """Every draw says the same, so the draws alone would give an interval of no width."""
    main = votes(people=4)
    wins = main.assign(choice=["left" if left < right else "right" for left, right in zip(main["model"], main["model_right"], strict=True)])
    for one in ranked(wins).models:
        assert one.strength.low is not None
        assert one.strength.high is not None
        assert one.strength.high - one.strength.low > 1
