"""Nobody careful may be left out, nobody careless kept, and no answer to pictures that were not shown as they should be may count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from huelab.survey import crowd, longform
from huelab.survey.crowd import Crowd
from huelab.survey.statistics import words
from huelab.survey.statistics.exclusions import excluded
from huelab.survey.statistics.results import results
from huelab.survey.study import Study

MINDS = {"beta": 0.2, "zhang": 0.4}


def study(**settings: object) -> Study:
    return Study.model_validate(
        {"title": "t", "models": tuple(MINDS), "trials": 20, "catches": 6, "people": 8, "simulated": True, **settings}
    )


def votes(asked: Study, people: Crowd | None = None, *, count: int = 8) -> pd.DataFrame:
    return crowd.votes(asked, people or Crowd(MINDS, catch_seen=1 - 1e-9, lapse=0.0), people=count, photographs=40)


def fired(table: pd.DataFrame, asked: Study) -> dict[str, list[str]]:
    return {one.participant: sorted(one.rules) for one in excluded(table, asked)}


@pytest.mark.parametrize("shown", [1000.0, np.nan], ids=["measured", "as planned"])
def test_who_answers_before_the_pictures_vanish_is_not_too_fast(shown: float) -> None:
    """The page counts from their vanishing: most careful answers have a time below 0."""
    asked = study(exposure_ms=1000)
    table = votes(asked).assign(shown_ms=shown)
    table["rt_ms"] = np.random.default_rng(0).uniform(-600, 150, len(table))
    assert (table["rt_ms"] < 0).mean() > 0.5
    assert fired(table, asked) == {}


@pytest.mark.parametrize(
    ("settings", "shown", "at_once", "careful"),
    [
        ({"exposure_ms": 1000}, 1000.0, -900.0, -600.0),
        ({"exposure_ms": 1000}, np.nan, -900.0, -600.0),
        ({"exposure_ms": 500, "presentation": "in_turn", "gap_ms": 300}, 500.0, -1200.0, -900.0),
        ({"exposure_ms": 500, "presentation": "in_turn", "mode": "single"}, 500.0, -400.0, -200.0),
        ({"exposure_ms": 1000, "answer_while_shown": False}, 1000.0, 100.0, 300.0),
        ({}, 120.0, 120.0, 300.0),
    ],
    ids=["timed", "timed, unmeasured", "in turn", "one picture", "after vanishing only", "unlimited"],
)
def test_who_answers_before_a_judgement_is_possible_is_left_out(
    settings: dict[str, object], shown: float, at_once: float, careful: float
) -> None:
    asked = study(**settings)
    table = votes(asked).assign(shown_ms=shown, rt_ms=careful)
    hasty = table["participant"].iloc[0]
    table.loc[table["participant"] == hasty, "rt_ms"] = at_once
    assert fired(table, asked) == {hasty: ["fast"]}


def test_simulated_careless_people_are_found_in_a_timed_study_and_the_careful_kept() -> None:
    asked = study(exposure_ms=500, people=30)
    table = votes(asked, Crowd(MINDS, careless=0.3, catch_seen=1 - 1e-9, lapse=0.0), count=30)
    hasty = {name for name, own in table.groupby("participant") if ((own["rt_ms"] + 500) < 200).all()}
    assert 4 < len(hasty) < 15
    assert set(fired(table, asked)) == hasty


def test_who_is_always_fooled_is_kept_in_mode_single() -> None:
    """They say "real" every time: left out for it, the best colorizer would lose exactly those whom it fools."""
    asked = study(mode="single")
    table = votes(asked)
    table.loc[table["role"] == "main", "choice"] = "real"
    table = longform.judged(table.drop(columns=["fooled", "correct"]).to_dict("records"))
    found = results(table, asked, closed=True, draws=50)
    assert found.excluded == []
    assert found.kept.fooled[0].rate.value == 1
    table["choice"] = "real"
    table = longform.judged(table.drop(columns=["fooled", "correct"]).to_dict("records"))
    assert set(map(tuple, fired(table, asked).values())) == {("catch",)}, "who says so of plainly wrong colours does not look"


@pytest.mark.parametrize("mode", ["pair", "prefer"])
def test_who_takes_one_side_always_is_left_out_where_sides_say_nothing(mode: str) -> None:
    asked = study(mode=mode)
    table = votes(asked)
    lazy = table["participant"].iloc[0]
    table.loc[(table["participant"] == lazy) & (table["role"] == "main"), "choice"] = "left"
    assert fired(table, asked) == {lazy: ["side"]}


def repeated(table: pd.DataFrame, place: int, *, first: str, again: str | None, flags: str = "") -> pd.DataFrame:
    """`table` where the trial at `place` failed by `first` and was put again: `again` answered it with `flags`, or nobody did (None)."""
    table = table.copy()
    table.loc[place, "flags"] = first
    row = table.loc[[place]].assign(k=table["k"].max() + 1, repeats=table.loc[place, "k"], choice=again or "", flags=flags if again else "")
    return pd.concat([table, row], ignore_index=True)


@pytest.mark.parametrize("role", ["main", "catch"])
@pytest.mark.parametrize("failed", ["hidden", "late", "slow_load;late"])
def test_an_answer_to_a_failed_showing_never_counts(role: str, failed: str) -> None:
    table = votes(study())
    place = int(table.index[table["role"] == role][3])
    counted = {"main": longform.analysed, "catch": longform.catches}[role]
    whole = len(counted(table))
    assert len(counted(repeated(table, place, first=failed, again=None))) == whole - 1, "the repetition was never answered"
    assert len(counted(repeated(table, place, first=failed, again="left", flags="hidden"))) == whole - 1, "the repetition failed as well"
    kept = counted(repeated(table, place, first=failed, again="left", flags="slow_load"))
    assert len(kept) == whole
    assert kept["repeats"].notna().sum() == 1
    assert len(counted(repeated(table, place, first="slow_load", again=None))) == whole, "a slow line is no failed showing"


def test_catches_that_were_not_seen_leave_nobody_out() -> None:
    asked = study()
    table = votes(asked)
    person = table["participant"].iloc[0]
    own = (table["participant"] == person) & (table["role"] == "catch")
    table.loc[own, "choice"] = table.loc[own, "fake_side"].map({"left": "right", "right": "left"})
    table = longform.judged(table.drop(columns=["fooled", "correct"]).to_dict("records"))
    assert fired(table, asked) == {person: ["catch"]}
    table.loc[own, "flags"] = "hidden"
    assert fired(table, asked) == {}
    assert results(table, asked, closed=True, draws=50).catch_accuracy == 1


def test_nothing_claims_more_than_the_rules_do() -> None:
    asked = study()
    found = results(votes(asked, Crowd(MINDS, careless=0.5)), asked, closed=True, draws=50)
    assert "how often a colorizer's picture fooled somebody" in words.excluded(found).note
