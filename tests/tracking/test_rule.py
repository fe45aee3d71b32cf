"""Who is champion, by the rule of params.yaml alone: a gain that chance explains must not change what colours people's photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from huelab.errors import ParamsError
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.human import HumanResult
from huelab.params import Compare, Registry
from huelab.tracking.promotion import Contender, Decision, decide
from huelab.tracking.registered import Registered

DATA = "0123456789ab"
RULE = Registry(veto=("ssim",))
COMPARE = Compare(draws=500)
PHOTOGRAPHS = 40


def scored(model: str, *, data: str = DATA, photographs: int = PHOTOGRAPHS, spread: float = 1.0, **means: float) -> Contender:
    """A colorizer whose scores differ between photographs by `spread`, in its own way."""
    rng = np.random.default_rng(sum(model.encode()))
    items = [f"photo-{number}" for number in range(photographs)]
    columns: dict[str, Any] = {"item_id": items, "photo_id": items, "path": items}
    for name, mean in means.items():
        own = rng.normal(0, spread, photographs)
        columns[name] = mean + own - own.mean()
    summary = {"model": model, "n_items": photographs, "means": dict(means), "set_level": {}}
    evaluated = Evaluated(model, Path(model), pd.DataFrame(columns), summary)
    registered = Registered(model, f"content-{model}", f"weights-{model}", data, len(model))
    return Contender(registered, means.get("ciede2000"), evaluated)


def decided(champion: Contender, *challengers: Contender, rule: Registry = RULE, **more: Any) -> Decision:
    return decide(champion, challengers, rule, COMPARE, **more)


ZHANG = scored("zhang", ciede2000=10.0, ssim=0.9)


def test_the_best_becomes_the_first_champion() -> None:
    found = decide(None, [scored("beta", ciede2000=12.0), scored("plain", ciede2000=11.0)], RULE, COMPARE)
    assert found.champion is not None
    assert (found.champion.model, found.changed) == ("plain", True)
    assert found.why == "the first champion: ciede2000 11, best of 2"


@pytest.mark.parametrize(
    ("gain", "least", "changes", "says"),
    [
        (2.0, 0.0, True, "is a paired gain of 2 ["),
        (2.0, 1.5, True, "more than 1.5"),
        (2.0, 2.5, False, "better by 2, not by more than 2.5"),
        (0.1, 0.0, False, "better within chance: the interval ["),
        (0.0, 0.0, False, "still the best"),
        (-1.0, 0.0, False, "still the best"),
    ],
)
def test_a_champion_falls_only_to_a_gain_that_is_large_enough_and_no_chance(gain: float, least: float, changes: bool, says: str) -> None:
    rule = RULE.model_copy(update={"min_improvement": least})
    found = decided(ZHANG, scored("plain", ciede2000=10.0 - gain, ssim=0.9), rule=rule)
    assert found.changed == changes
    assert found.champion == (found.trials[0].challenger.registered if changes else ZHANG.registered)
    assert says in found.why


def test_a_metric_of_which_more_is_better_is_read_the_other_way_round() -> None:
    rule = RULE.model_copy(update={"metric": "ssim", "veto": ()})
    champion, better, worse = (scored(name, ssim=mean, spread=0.01) for name, mean in (("a", 0.8), ("b", 0.9), ("c", 0.7)))
    one, two, three = (Contender(who.registered, who.score("ssim"), who.evaluated) for who in (champion, better, worse))
    assert decided(one, two, rule=rule).changed
    assert not decided(one, three, rule=rule).changed


def test_one_photograph_promotes_nobody() -> None:
    champion, challenger = (scored(name, ciede2000=mean, photographs=1) for name, mean in (("zhang", 10.0), ("plain", 5.0)))
    found = decided(champion, challenger)
    assert not found.changed
    assert "one photograph gives no interval" in found.why


def test_who_is_shown_to_be_worse_in_a_veto_metric_stays_out() -> None:
    found = decided(ZHANG, scored("plain", ciede2000=8.0, ssim=0.2, spread=0.1))
    assert not found.changed
    assert found.why == "plain does not pass (ssim: worse, and the interval excludes 0: veto)"
    assert decided(ZHANG, scored("plain", ciede2000=8.0, ssim=0.85)).changed, "worse within chance is no veto"
    assert decided(ZHANG, scored("plain", ciede2000=8.0)).changed, "a metric that is not computed is no veto"


def test_where_the_best_is_vetoed_the_next_is_judged() -> None:
    vetoed, next_best = scored("plain", ciede2000=7.0, ssim=0.2, spread=0.1), scored("pix2pix", ciede2000=8.0, ssim=0.9, spread=0.1)
    found = decided(ZHANG, next_best, vetoed)
    assert found.champion == next_best.registered
    assert [trial.passed for trial in found.trials] == [False, True]


def fooled(model: str, low: float, rate: float, high: float, study: str = "spring") -> HumanResult:
    return HumanResult(study=study, content=f"content-{model}", model=model, rate=rate, low=low, high=high, n=200)


def test_people_have_a_say_where_one_survey_covers_both() -> None:
    challenger = scored("plain", ciede2000=8.0, ssim=0.9)
    champions = fooled("zhang", 0.35, 0.40, 0.45)
    worse, like, elsewhere = fooled("plain", 0.1, 0.15, 0.2), fooled("plain", 0.3, 0.38, 0.45), fooled("plain", 0.1, 0.15, 0.2, "autumn")
    found = decided(ZHANG, challenger, results=[champions, worse])
    assert not found.changed
    assert found.why == "plain does not pass (people fooled: study spring: fewer, and the interval excludes 0: veto)"
    assert decided(ZHANG, challenger, results=[champions, like]).changed
    assert decided(ZHANG, challenger, results=[champions, elsewhere]).changed, "rates of two studies cannot be compared"
    assert decided(ZHANG, challenger, results=[champions, worse], rule=RULE.model_copy(update={"human": False})).changed


def test_scores_on_other_photographs_are_not_compared() -> None:
    other = scored("plain", ciede2000=99.0, data="another")
    found = decided(ZHANG, other)
    assert found.champion == other.registered
    assert "photographs changed" in found.why
    kept = decided(ZHANG, other, rule=RULE.model_copy(update={"new_data": "keep"}))
    assert (kept.champion, kept.changed) == (ZHANG.registered, False)
    mixed = decided(ZHANG, other, scored("beta", ciede2000=3.0, data="a third"))
    assert not mixed.changed
    assert "different data" in mixed.why


def test_a_champion_whose_scores_are_gone_stays_until_a_person_decides() -> None:
    found = decided(Contender(ZHANG.registered, None, None), scored("plain", ciede2000=1.0, ssim=0.9))
    assert not found.changed
    assert "the scores of zhang by photograph are not there" in found.why
    assert "huelab promote --to" in found.why


def test_what_a_person_set_aside_the_rule_leaves_alone() -> None:
    aside, other = scored("plain", ciede2000=5.0, ssim=0.9), scored("beta", ciede2000=7.0, ssim=0.9)
    found = decided(ZHANG, aside, other, aside=[(aside.registered, "Ada replaced it on 2026-01-02: too blue")])
    assert found.champion == other.registered
    assert found.notes == ("plain (version 5) is left alone: Ada replaced it on 2026-01-02: too blue",)
    alone = decided(ZHANG, aside, aside=[(aside.registered, "Ada replaced it")])
    assert (alone.champion, alone.why) == (ZHANG.registered, "a person decided so, and nobody newer is there")


def test_the_same_weights_scored_anew_are_no_challenger() -> None:
    again = Registered("zhang", "another content", ZHANG.registered.weights, DATA, 9)
    found = decided(ZHANG, Contender(again, 9.0, ZHANG.evaluated))
    assert not found.changed


@pytest.mark.parametrize("key", ["metric", "veto"])
def test_a_metric_without_a_better_end_cannot_choose_a_champion(key: str) -> None:
    value = "colorfulness" if key == "metric" else ("colorfulness",)
    with pytest.raises(ParamsError, match=rf"registry\.{key} is 'colorfulness'"):
        decide(None, [ZHANG], RULE.model_copy(update={key: value}), COMPARE)
