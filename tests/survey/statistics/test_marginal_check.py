"""The second opinion says nothing rather than nonsense: separated answers and a handful of votes have no log odds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.longform import analysed
from huelab.survey.statistics import mixed
from huelab.survey.study import Study

MODELS = ("beta", "zhang")


def votes(people: int, trials: int = 20, **minds: float) -> pd.DataFrame:
    study = Study(title="t", models=MODELS, trials=trials, catches=0, simulated=True)
    return analysed(crowd.votes(study, Crowd(dict.fromkeys(MODELS, 0.35), **minds), people=people, photographs=40))


def test_people_who_always_press_left_are_not_told_as_a_log_odds_of_fifty(capsys: pytest.CaptureFixture[str]) -> None:
    main = votes(8)
    assert mixed.marginal(main.assign(fooled=(main["fake_side"] == "right").astype(float)), MODELS) is None
    assert capsys.readouterr().err == ""


def test_two_answers_of_each_of_six_people_are_not_enough(capsys: pytest.CaptureFixture[str]) -> None:
    """One of them breaks the search off, others give rates of 0 with intervals of 0 to 0, or a leaning of thousands."""
    whole = votes(6)
    rng = np.random.default_rng(0)
    for _ in range(40):
        few = whole.groupby("participant").sample(2, random_state=int(rng.integers(1 << 30)))
        few = few.assign(fooled=rng.integers(0, 2, len(few)).astype(float))
        found = mixed.marginal(few, MODELS)
        if found is not None:
            assert all(0 < low < rate < high < 1 for rate, low, high in found.rates.values())
            assert abs(found.order) < 10
            assert abs(found.side or 0) < 10
    assert capsys.readouterr().err == ""


def test_a_model_that_fools_on_one_side_only_is_not_estimable() -> None:
    main = votes(12)
    never = (main["model"] == "beta") & (main["fake_side"] == "left")
    assert mixed.marginal(main.assign(fooled=main["fooled"].mask(never, 0.0)), MODELS) is None


def test_a_model_that_never_fooled_is_left_out_and_the_others_are_told() -> None:
    main = votes(12)
    found = mixed.marginal(main.assign(fooled=main["fooled"].mask(main["model"] == "beta", 0.0)), MODELS)
    assert found is not None
    assert list(found.rates) == ["zhang"]


def test_a_leaning_to_the_left_is_found() -> None:
    """Whoever leans to the left calls the left picture fake: a fake on the right fools more often."""
    found = mixed.marginal(votes(40, side_bias=0.8, person_sd=0.0, photo_sd=0.0, lapse=0.0), MODELS)
    assert found is not None
    assert found.side == pytest.approx(1.6, abs=0.5)
    assert logit(found.rates["beta"][0]) == pytest.approx(logit(0.35), abs=0.35)
