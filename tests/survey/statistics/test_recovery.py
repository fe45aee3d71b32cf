"""What is published must be true: simulated people with known minds, found again by the same code that reads people's votes."""

from __future__ import annotations

import json

import choix
import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.longform import COLUMNS, analysed
from huelab.survey.statistics import agreement, fooling, looks, preference
from huelab.survey.statistics.results import results, tree
from huelab.survey.statistics.twoway import Draws
from huelab.survey.study import Study

TRUTH = {"beta": 0.15, "plain": 0.3, "zhang": 0.45}


def study(**settings: object) -> Study:
    return Study.model_validate({"title": "t", "models": tuple(TRUTH), "trials": 40, "catches": 6, "simulated": True, **settings})


def test_true_fooling_rates_are_recovered_within_their_intervals() -> None:
    people = Crowd(TRUTH, side_bias=0.4, careless=0.1, dropout=0.1)
    found = results(crowd.votes(study(), people, people=80, photographs=120, seed=4), study(), closed=True, draws=1000)
    assert found.simulated
    for one in found.kept.fooled:
        true = crowd.true_rate(people, one.model)
        assert one.rate.low is not None
        assert one.rate.high is not None
        assert one.rate.low < true < one.rate.high
        assert one.rate.high - one.rate.low > one.naive[1] - one.naive[0], "votes are not independent"
    assert [one.model for one in sorted(found.kept.fooled, key=lambda one: one.rate.value)] == list(TRUTH)
    assert found.kept.marginal is not None
    for model, (rate, _, _) in found.kept.marginal.rates.items():
        assert abs(rate - next(one.rate.value for one in found.kept.fooled if one.model == model)) < 0.03
    best = next(one for one in found.kept.differences if {one.first, one.second} == {"beta", "zhang"})
    assert best.p_holm is not None
    assert best.p_holm < 0.01
    bias = {one.model: one.bias.value for one in found.kept.detected}
    assert all(value < 0 for value in bias.values()), "leaning to the left"
    d_prime = {one.model: one.d_prime.value for one in found.kept.detected}
    assert d_prime["beta"] > d_prime["plain"] > d_prime["zhang"] > 0


def test_careless_people_are_left_out_by_the_rule_that_says_why() -> None:
    people = Crowd(TRUTH, careless=0.3)
    table = crowd.votes(study(), people, people=40, photographs=100, seed=1)
    found = results(table, study(), closed=True, draws=200)
    careless = {name for name, own in table.groupby("participant") if (own["rt_ms"] < 200).all()}
    assert {one.participant for one in found.excluded if "fast" in one.rules} == careless
    assert found.everybody.people == 40
    assert found.kept.people == 40 - len(found.excluded)
    assert all("of" in words or "%" in words for one in found.excluded for words in one.rules.values())


@pytest.mark.parametrize("mode", ["single", "prefer"])
def test_the_other_modes_find_the_order(mode: str) -> None:
    truth = TRUTH if mode == "single" else {"beta": -0.8, "plain": 0.0, "zhang": 0.8}
    asked = study(mode=mode)
    found = results(crowd.votes(asked, Crowd(truth), people=60, photographs=100), asked, closed=True, draws=400)
    if mode == "single":
        rates = {one.model: one.rate.value for one in found.kept.fooled}
        assert all(abs(rates[model] - crowd.true_rate(Crowd(truth), model)) < 0.08 for model in truth)
        return
    assert found.kept.ranking is not None
    assert [one.model for one in found.kept.ranking.models] == ["zhang", "plain", "beta"]
    assert found.kept.ranking.connected
    for one in found.kept.ranking.models:
        assert one.strength.low is not None
        assert one.strength.high is not None
        assert one.strength.low < truth[one.model] < one.strength.high
    assert found.kept.ranking.models[0].ranks == (1, 1)


@pytest.mark.slow
@pytest.mark.long
def test_intervals_hold_what_they_say_over_two_hundred_studies() -> None:
    """Wilson's interval, as if votes were independent, holds far less often."""
    asked = study(trials=20, catches=0)
    people = Crowd(TRUTH)
    held, naive = [], []
    for seed in range(200):
        main = analysed(crowd.votes(asked, people, people=30, photographs=60, seed=seed))
        for one in fooling.rates(main, Draws.of(main, draws=400, seed=seed), asked.models):
            assert one.rate.low is not None
            assert one.rate.high is not None
            true = crowd.true_rate(people, one.model)
            held.append(one.rate.low <= true <= one.rate.high)
            naive.append(one.naive[0] <= true <= one.naive[1])
    print(f"two-way {np.mean(held):.3f}, Wilson {np.mean(naive):.3f}")
    assert 0.93 <= np.mean(held) <= 0.99, np.mean(held)
    assert np.mean(naive) < 0.9


def test_strengths_equal_those_of_another_library_where_there_are_no_ties() -> None:
    rng = np.random.default_rng(0)
    wins = rng.integers(20, 60, (4, 4)).astype(float) * 50  # many, so that neither prior shows
    np.fill_diagonal(wins, 0)
    pairs = [(i, j) for i in range(4) for j in range(4) for _ in range(int(wins[i, j]))]
    expected = choix.ilsr_pairwise(4, pairs, alpha=0)
    assert np.allclose(preference.fit(wins, np.zeros((4, 4)))[0], expected - expected.mean(), atol=2e-3)


def test_ties_alone_make_nobody_stronger_and_islands_are_reported() -> None:
    ties = np.array([[0, 30, 30], [0, 0, 30], [0, 0, 0]], float)
    strengths, nu = preference.fit(np.zeros((3, 3)), ties)
    assert np.allclose(strengths, 0, atol=1e-6)
    assert nu > 2
    asked = study(mode="prefer", models=("beta", "plain", "zhang"))
    table = analysed(crowd.votes(asked, Crowd({"beta": 0, "plain": 0, "zhang": 0}), people=6, photographs=60))
    island = table[table["model"].isin(["beta", "plain"]) & table["model_right"].isin(["beta", "plain"])]
    assert not preference.ranking(island, Draws.of(island, draws=50), asked.models).connected


def test_wilson_and_holm_agree_with_statsmodels() -> None:
    from huelab.evaluation.paired import holm

    for hit, of in ((0, 9), (3, 9), (9, 9), (320, 1000)):
        assert fooling.wilson(hit, of) == pytest.approx(proportion_confint(hit, of, method="wilson"), abs=1e-6)
    ps = [0.01, 0.04, 0.03, 0.2]
    assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


def test_agreement_is_one_when_all_say_the_same_and_none_without_a_second_opinion() -> None:
    table = analysed(crowd.votes(study(), Crowd(TRUTH, person_sd=0, photo_sd=0), people=30, photographs=60))
    value = agreement.alpha(table)
    assert value is not None
    assert abs(value) < 0.2, "chance"
    alike = table.assign(fooled=(table["photo_id"] > "main0030").astype(float))
    assert agreement.alpha(alike) == pytest.approx(1.0)
    assert agreement.alpha(table.head(1)) is None


def test_looks_spend_five_per_cent_in_all() -> None:
    """Pocock's tables: two equal looks by O'Brien and Fleming have bounds 2.797 and 1.977; three 3.471, 2.454, 2.004."""
    assert looks.obrien_fleming((0.5, 1.0)) == pytest.approx((0.0052, 0.0480), abs=2e-3)
    assert looks.obrien_fleming((1 / 3, 2 / 3, 1.0)) == pytest.approx((0.0005, 0.0141, 0.0451), abs=2e-3)
    asked = study(people=40, looks=(20,))
    assert not looks.standing(asked, 19, closed=False).open
    assert looks.standing(asked, 20, closed=False).open
    assert looks.standing(asked, 25, closed=False).next == 40
    assert looks.standing(asked, 3, closed=True).open


def test_few_people_no_answers_and_one_photograph_break_nothing() -> None:
    asked = study()
    whole = crowd.votes(asked, Crowd(TRUTH), people=6, photographs=60)
    for table in (whole.head(0), whole[whole["participant"] == "simulated00000"], whole[whole["photo_id"] == whole["photo_id"].iloc[20]]):
        found = results(table, asked, closed=False, draws=50)
        json.dumps(tree(found), allow_nan=False)
        assert list(table.columns) == list(COLUMNS)
