"""Regions of one photograph are no photographs: many of them must not make a figure look surer than a few photographs can."""

from __future__ import annotations

import pandas as pd
import pytest

from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.longform import analysed
from huelab.survey.statistics import agreement, metrics_link, preference, words
from huelab.survey.statistics.results import Results, results
from huelab.survey.study import Study

MINDS = {"beta": 0.25, "zhang": 0.45}


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draw of a ranking is fitted anew."""
    monkeypatch.setattr(preference, "DRAWS", 60)


def study(**settings: object) -> Study:
    return Study.model_validate(
        {"title": "t", "models": tuple(MINDS), "trials": 20, "catches": 4, "people": 30, "simulated": True, **settings}
    )


def votes(**settings: object) -> pd.DataFrame:
    return crowd.votes(study(**settings), Crowd(MINDS), people=30, photographs=40)


def regions(table: pd.DataFrame, photographs: int) -> pd.DataFrame:
    """The same answers, the pictures being regions of so many photographs."""
    number = table["photo_id"].str.extract(r"(\d+)$")[0].astype(int) % photographs
    return table.assign(photograph="photo" + number.astype(str) + ".jpg")


def found(photographs: int | None, **settings: object) -> Results:
    table = votes(**settings)
    return results(table if photographs is None else regions(table, photographs), study(**settings), closed=True, draws=100)


def width(one: Results, place: int = 0) -> float:
    rate = one.kept.fooled[place].rate
    assert rate.low is not None
    assert rate.high is not None
    return rate.high - rate.low


@pytest.mark.parametrize("mode", ["pair", "single"])
def test_intervals_are_of_photographs_and_not_of_their_regions(mode: str) -> None:
    few, many = found(3, mode=mode), found(None, mode=mode)
    assert [one.rate.value for one in few.kept.fooled] == [one.rate.value for one in many.kept.fooled]
    assert all(width(few, place) > 1.3 * width(many, place) for place in (0, 1))
    assert (few.kept.photographs, few.kept.pictures) == (3, 40)
    assert [one.photographs for one in few.kept.fooled] == [3, 3]
    assert (many.kept.photographs, many.kept.pictures) == (40, 40)
    one = found(1, mode=mode)
    assert [(rate.rate.low, rate.rate.high) for rate in one.kept.fooled] == [(None, None)] * 2, "one photograph tells of no other"
    assert [apart.p for apart in one.kept.differences] == [None]


def test_preferences_are_of_photographs_as_well() -> None:
    few, many = found(3, mode="prefer").kept.ranking, found(None, mode="prefer").kept.ranking
    assert few is not None
    assert many is not None
    for one, other in zip(few.models, many.models, strict=True):
        assert one.strength.low is not None
        assert other.strength.low is not None
        assert one.strength.value - one.strength.low > 1.3 * (other.strength.value - other.strength.low)


def test_how_many_photographs_there_were_is_said_and_that_they_are_few() -> None:
    text = words.table(found(6))
    assert "6 (40 regions of them): fewer than 10, so that intervals speak of hardly any other photographs" in text
    assert "people, 6 photographs (40 regions)," in text
    assert "fewer than 10" not in words.table(found(None))
    assert "regions" not in words.table(found(None))


def test_single_pictures_keep_their_own_votes() -> None:
    table = found(6).kept.photographs_of
    assert table["photo_id"].nunique() == 40
    assert table["photograph"].nunique() == 6


def test_a_correlation_with_a_metric_is_over_photographs_too() -> None:
    def spread(photographs: int | None) -> tuple[float | None, float | None, int]:
        rates = found(photographs).kept.photographs_of
        scores = {
            model: pd.DataFrame({"item_id": own["photo_id"], "path": own["photograph"], "mse": -own["rate"] + 0.5 * (own.index % 7)})
            for model, own in rates.groupby("model")
        }
        (link,) = metrics_link.links(metrics_link.joined(rates, scores), ["mse"])
        return link.low, link.high, link.photographs

    assert spread(6)[2] == 6
    assert spread(None)[2] == 40
    assert spread(6)[:2] != spread(None)[:2]
    assert spread(1)[:2] == (None, None)


def test_agreement_on_preferences_is_chance_for_guesses_whatever_pairs_are_shown() -> None:
    """Over all pairs at once, that nobody prefers a model which was not shown would look like agreement."""
    models = ("beta", "plain", "zhang")
    asked = study(mode="prefer", models=models)
    guessed = analysed(crowd.votes(asked, Crowd(dict.fromkeys(models, 0.0), person_sd=0, photo_sd=0), people=40, photographs=24))
    value = agreement.alpha(guessed)
    assert value is not None
    assert abs(value) < 0.06
    best = guessed.copy()
    odd = best["photo_id"].str[-1].astype(int) % 2 == 1
    left = (best["model"] < best["model_right"]) == odd
    best["choice"] = left.map({True: "left", False: "right"})
    assert agreement.alpha(best) == pytest.approx(1.0)
    assert agreement.alpha(best.iloc[:1]) is None
    mixed = best.copy()
    mixed.loc[mixed.index[::3], "choice"] = "tie"
    middle = agreement.alpha(mixed)
    assert middle is not None
    assert 0.1 < middle < 0.9
