"""How many people a study takes is money: the plan must neither forget what the pages will ask nor stop at a lucky draw."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from itertools import combinations
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from huelab import cli
from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.longform import analysed
from huelab.survey.statistics import fooling, power
from huelab.survey.statistics.planner import POWER, plan
from huelab.survey.statistics.power import Design, Votes
from huelab.survey.statistics.twoway import Draws
from huelab.survey.study import Study

RATES = {"beta": 0.2, "plain": 0.3, "zhang": 0.45}


def study(models: tuple[str, ...] = tuple(RATES), **settings: object) -> Study:
    return Study.model_validate({"title": "t", "models": models, "trials": 20, "catches": 0, "simulated": True, **settings})


def design(asked: Study, minds: Crowd, *, photographs: int = 40, dropout: float = 0.0, excluded: float = 0.0) -> Design:
    return Design(asked, photographs, minds, dropout, excluded, 0.05)


def as_votes(main: pd.DataFrame, models: tuple[str, ...]) -> Votes:
    own = main[main["fooled"].notna()]
    person, photograph = (pd.factorize(own[name])[0] for name in ("participant", "photo_id"))
    return Votes(own["fooled"].to_numpy(float), pd.Index(models).get_indexer(pd.Index(own["model"])), person, photograph)


@pytest.mark.parametrize("minds", [Crowd(RATES), Crowd(RATES, person_sd=1.5, photo_sd=0.0), Crowd(RATES, interaction_sd=1.5, dropout=0.3)])
def test_written_out_variances_are_those_of_the_bootstrap(minds: Crowd) -> None:
    """The planner's studies are read by these, people's by the bootstrap."""
    main = analysed(crowd.votes(study(), minds, people=30, photographs=40, seed=3))
    draws = Draws.of(main, draws=4000, seed=1)
    rates, errors, clusters = power.errors_of(as_votes(main, tuple(RATES)), groups=3)
    assert clusters == draws.clusters
    wide = 2 * t.ppf(0.975, clusters - 1)
    for (one, two), found in zip(combinations(range(3), 2), fooling.differences(main, draws, tuple(RATES)), strict=True):
        assert found.difference.low is not None
        assert found.difference.high is not None
        assert rates[one] - rates[two] == pytest.approx(found.difference.value)
        assert errors[one, two] == pytest.approx((found.difference.high - found.difference.low) / wide, rel=0.06)


@pytest.mark.parametrize("mode", ["pair", "single"])
def test_studies_as_arrays_are_those_of_simulated_people(mode: str) -> None:
    asked, minds = study(mode=mode), Crowd(RATES, person_sd=1.0, photo_sd=1.0, interaction_sd=0.5)
    arrays = [power.votes(design(asked, minds), 20, np.random.default_rng(seed)) for seed in range(40)]
    people = [as_votes(analysed(crowd.votes(asked, minds, people=20, photographs=40, seed=seed)), tuple(RATES)) for seed in range(40)]
    fast, slow = ([power.errors_of(one, groups=3) for one in each] for each in (arrays, people))
    assert {len(one.hit) for one in arrays} == {len(one.hit) for one in people}
    for one in range(3):
        assert np.mean([rates[one] for rates, *_ in fast]) == pytest.approx(list(RATES.values())[one], abs=0.04)
        for two in range(3):
            mean = [np.mean([errors[one, two] for _, errors, _ in each]) for each in (fast, slow)]
            assert mean[0] == pytest.approx(mean[1], rel=0.1)


def test_preferences_as_arrays_are_those_of_simulated_people() -> None:
    asked, minds = study(mode="prefer"), Crowd({"beta": 0.0, "plain": 0.6, "zhang": -0.3}, person_sd=1.0, photo_sd=1.0)
    slow, fast = np.zeros((2, 3)), np.zeros((2, 3))
    for seed in range(30):
        own = power.votes(design(asked, minds), 20, np.random.default_rng(seed))
        fast += [np.bincount(own.group, own.hit, 3), np.bincount(own.group, minlength=3)]
        main = analysed(crowd.votes(asked, minds, people=20, photographs=40, seed=seed))
        for place, (one, two) in enumerate(combinations(asked.models, 2)):
            met = main[(main["choice"] != "tie") & main["model"].isin([one, two]) & main["model_right"].isin([one, two])]
            preferred = met["model"].where(met["choice"] == "left", met["model_right"])
            slow[:, place] += [(preferred == two).sum(), len(met)]
    assert fast[0] / fast[1] == pytest.approx(slow[0] / slow[1], abs=0.04)
    assert fast[1] == pytest.approx(slow[1], rel=0.05)


def test_who_stops_and_who_is_left_out_is_missing_from_the_votes() -> None:
    whole = power.votes(design(study(), Crowd(RATES)), 200, np.random.default_rng(0))
    fewer = power.votes(design(study(), Crowd(RATES), dropout=0.4, excluded=0.2), 200, np.random.default_rng(0))
    assert len(whole.hit) == 200 * 20
    # 0.8 stay in; of the 0.4 who stop, one half did enough, and on average three quarters
    assert len(fewer.hit) == pytest.approx(200 * 20 * 0.8 * (0.6 + 0.4 * 0.5 * 0.75), rel=0.1)


def test_the_planner_asks_for_more_people_than_the_formula_that_forgets_they_repeat_themselves() -> None:
    found = plan(study(("beta", "zhang")), detect=0.2, photographs=40, most=100, repeats=80)
    assert found.people is not None
    assert found.people > found.formula
    assert found.power >= POWER
    assert [people for people, _ in found.tried] == sorted({people for people, _ in found.tried})
    assert found.complete == round(found.people * 0.9)


def test_the_answer_has_the_power_it_says_in_studies_it_has_not_seen() -> None:
    asked = study(("beta", "zhang"))
    found = plan(asked, detect=0.2, photographs=40, most=100, dropout=0, excluded=0, repeats=150)
    assert found.people is not None
    afresh = design(asked, Crowd({"beta": 0.3, "zhang": 0.5}, interaction_sd=0.3))
    assert power.power(afresh, found.people, repeats=1500, seed=999) > POWER - 3 * sqrt(0.16 / 1500) - 0.02
    fewer = max(2, round(found.people * 0.75))
    assert power.power(afresh, fewer, repeats=1500, seed=999) < POWER, "as few as it says, not more"


def test_more_models_have_less_power_since_the_pages_show_holms_p() -> None:
    """With as many trials of each model per person, and the others half way between the two."""
    shown = []
    for models in ("ab", "abcde"):
        asked = study(tuple(models), trials=8 * len(models))
        minds = Crowd({"a": 0.3, "b": 0.5, **dict.fromkeys(models[2:], 0.4)})
        shown.append(power.power(design(asked, minds, photographs=80), 16, repeats=300, seed=0))
    assert shown[1] < shown[0] - 0.15


def test_dropouts_and_the_excluded_cost_people() -> None:
    asked = study(("a", "b"))
    none = plan(asked, detect=0.2, photographs=80, most=200, dropout=0, excluded=0, repeats=100)
    many = plan(asked, detect=0.2, photographs=80, most=200, dropout=0.4, excluded=0.2, repeats=100)
    assert none.people is not None
    assert many.people is not None
    assert many.people > 1.25 * none.people


def test_a_picture_at_a_time_takes_more_people_than_pairs_for_half_of_them_are_real() -> None:
    pair, single = (plan(study(("a", "b"), mode=mode), detect=0.25, photographs=80, most=200, repeats=100) for mode in ("pair", "single"))
    assert pair.people is not None
    assert single.people is not None
    assert single.people > 1.4 * pair.people


def test_preferences_are_planned_by_the_share_above_one_half() -> None:
    found = plan(study(mode="prefer"), detect=0.15, photographs=80, most=200, repeats=100)
    assert found.people is not None
    with pytest.raises(ValueError, match=r"detect is 0\.5; allowed: above 0 and below 0\.5$"):
        plan(study(mode="prefer"), detect=0.5, photographs=80)


def test_what_nobody_can_show_is_said_after_one_try() -> None:
    found = plan(study(("a", "b")), detect=0.02, photographs=40, most=20, repeats=50)
    assert (found.people, found.complete) == (None, None)
    assert [people for people, _ in found.tried] == [20]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"detect": 0.9}, r"detect is 0\.9; allowed: above 0 and below 0\.7 \(1 - base\)"),
        ({"detect": 0.0}, "detect is 0; allowed: above 0"),
        ({"base": 0.0}, "base is 0; allowed: a rate above 0 and below 1"),
        ({"base": -0.2}, "base is -0.2; allowed"),
        ({"photographs": 10}, "photographs is 10; allowed: 20 or more"),
        ({"most": 2}, "most is 2; allowed: 4 or more"),
        ({"dropout": 1.0}, "dropout is 1; allowed: a share from 0 to below 1"),
    ],
)
def test_what_cannot_be_planned_is_named(settings: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        plan(study(("a", "b")), **{"detect": 0.2, "photographs": 40, **settings})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the study shows one model"):
        plan(study(("a",)), detect=0.2, photographs=40)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """`huelab survey plan WORDS`: exit code, stdout, stderr."""

    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["huelab", "survey", "plan", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as left:
            code = int(left.code or 0)
        return code, *capsys.readouterr()

    return call


def test_the_command_tells_every_try_and_then_the_answer(planned: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = planned("--detect", "0.3", "--base", "0.2", "--trials", "20", "--photographs", "40", "--most", "40")
    assert (code, err) == (0, "")
    *tries, answer = out.splitlines()
    assert len(tries) > 2
    assert all(re.fullmatch(r"\d+ people: power \d+%", line) for line in tries)
    assert re.fullmatch(
        r"\d+ people who begin, \d+ who come to the end, show 20% against 50% with 80 % power; "
        r"the formula for independent votes says \d+",
        answer,
    )
    code, out, _ = planned("--detect", "0.02", "--trials", "8", "--most", "6")
    assert code == 0
    assert out.splitlines()[-1].startswith("more than 6 people (or more photographs) show 30% against 32%")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--detect", "0.1", "--trials", "2"), "--trials"),
        (("--detect", "0.1", "--base", "0"), "--base"),
        (("--detect", "0.1", "--base", "-0.2"), "--base"),
        (("--detect", "0.5", "--base", "0.6"), r"--detect is 0\.5; allowed: above 0 and below 0\.4"),
        (("--detect", "0.1", "--photographs", "20"), "--photographs is 20; allowed: 40 or more"),
        (("--detect", "0.1", "--mode", "guess"), "--mode is 'guess'; allowed: pair, single, prefer"),
        (("--detect", "0.1", "--dropout", "1"), "--dropout"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_in_the_command_is_one_message(planned: Callable[..., tuple[int, str, str]], words: tuple[str, ...], says: str) -> None:
    code, out, err = planned(*words)
    assert (code, out) == (2, "")
    assert re.search(says, err), err
    assert "Traceback" not in err
    assert "validation error" not in err
