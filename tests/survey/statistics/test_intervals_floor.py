"""Where everybody says the same, nothing is surer than so many votes can make it: no interval of no width, and no missing p."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.longform import analysed
from huelab.survey.statistics import detection, fooling
from huelab.survey.statistics.twoway import Draws, binomial
from huelab.survey.study import Study

MODELS = ("beta", "zhang")


def votes(fooled: dict[str, float] | None = None, *, always: str = "", people: int = 12, models: tuple[str, ...] = MODELS) -> pd.DataFrame:
    """A study whose answers are replaced: each model fools always (1) or never (0), or one answer is given to everything."""
    study = Study(title="t", models=models, trials=8, catches=0, simulated=True)
    main = analysed(crowd.votes(study, Crowd(dict.fromkeys(models, 0.3)), people=people, photographs=40))
    other = {"left": "right", "right": "left"}
    side = main["fake_side"].tolist()
    choice = [always or (other[at] if (fooled or {})[model] else at) for at, model in zip(side, main["model"], strict=True)]
    return main.assign(choice=choice, fooled=[float(said != at) for said, at in zip(choice, side, strict=True)])


def draws(main: pd.DataFrame) -> Draws:
    return Draws.of(main, draws=200)


def test_where_nobody_was_ever_fooled_the_difference_has_an_interval_as_wide_as_so_many_votes() -> None:
    main = votes(dict.fromkeys(MODELS, 0))
    (found,) = fooling.differences(main, draws(main), MODELS)
    assert found.difference.value == 0
    assert found.difference.low is not None
    assert found.difference.high is not None
    assert found.difference.low < -0.02
    assert found.difference.high > 0.02
    assert found.p == pytest.approx(1)


def test_never_against_always_is_the_surest_difference_and_stays_in_holms_family() -> None:
    models = ("beta", "zhang", "plain")
    main = votes({"beta": 0, "zhang": 1, "plain": 1}, models=models)
    found = fooling.differences(main, draws(main), models)
    assert all(one.p is not None and one.p_holm is not None for one in found), "a family that shrinks is too kind to the others"
    clear = found[0]
    assert clear.p is not None
    assert clear.p < 1e-6
    assert clear.p_holm == pytest.approx(3 * clear.p, rel=0.5)
    assert clear.difference.low == -1.0, "a difference of rates is never below -100 %"
    assert clear.difference.high is not None
    assert -1 < clear.difference.high < -0.8


def test_all_right_gives_a_d_prime_that_forty_eight_votes_can_bear() -> None:
    main = votes({"beta": 0}, people=6, models=("beta",))
    assert len(main) == 48
    (found,) = detection.detection(main, draws(main), ("beta",))
    assert found.d_prime.low is not None
    assert found.d_prime.high is not None
    hit = 24.5 / 25
    error = sqrt(2 * hit * (1 - hit) / 24 / norm.pdf(norm.ppf(hit)) ** 2 / 2)
    assert found.d_prime.value == pytest.approx(sqrt(2) * norm.ppf(hit))
    assert found.d_prime.high - found.d_prime.low > 2 * 1.96 * error
    assert found.d_prime.low > 0
    assert found.bias.low is not None
    assert found.bias.high is not None
    assert found.bias.low < -0.3 < 0.3 < found.bias.high


def test_all_left_leans_surely_but_not_to_two_decimals() -> None:
    main = votes(always="left", people=6, models=("beta",))
    (found,) = detection.detection(main, draws(main), ("beta",))
    assert found.bias.value < -2
    assert found.bias.low is not None
    assert found.bias.high is not None
    assert found.bias.high - found.bias.low > 1
    assert found.bias.high < 0
    assert found.d_prime.low is not None
    assert found.d_prime.high is not None
    assert found.d_prime.low < -0.5 < 0.5 < found.d_prime.high


def test_rare_fooling_and_twelve_people_never_give_an_interval_of_no_width() -> None:
    study = Study(title="t", models=MODELS, trials=8, catches=0, simulated=True)
    empty = 0
    for seed in range(30):
        main = analysed(crowd.votes(study, Crowd(dict.fromkeys(MODELS, 0.01), lapse=0), people=12, photographs=40, seed=seed))
        (found,) = fooling.differences(main, Draws.of(main, draws=60, seed=seed), MODELS)
        assert found.difference.low is not None
        assert found.difference.high is not None
        assert found.difference.high - found.difference.low > 0.04
        assert found.p is not None
        empty += not main["fooled"].any()
    assert empty, "some of these studies fool nobody, or the test shows nothing"


def test_the_least_variance_is_that_of_independent_votes() -> None:
    assert binomial(50, 100) == pytest.approx(0.25 / 100)
    assert 0 < binomial(0, 10) == pytest.approx(binomial(10, 10))
    assert np.isinf(binomial(0, 0))
