"""Who looks again and again finds something where there is nothing: looks are planned, or said to prove nothing."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.statistics import looks, words
from huelab.survey.statistics.results import Results, results, tree
from huelab.survey.study import Study

STUDY = Study(title="t", models=("beta", "zhang"), trials=12, catches=2, people=10, looks=(4,), simulated=True)
EARLY = ("LOOKED AT EARLY by ann at 2026-03-01 10:00 UTC, with 2 complete: curious",)


def taken(count: int, *, half: int | None = None) -> pd.DataFrame:
    """`count` people, one an hour; person `half` did two thirds in their hour and the rest a day later."""
    table = crowd.votes(STUDY, Crowd({"beta": 0.2, "zhang": 0.45}), people=count, photographs=30)
    number = table["participant"].str.removeprefix("simulated").astype(int)
    start = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(number, unit="h")
    table["received_at"] = start + pd.to_timedelta(table["k"], unit="min")
    table["completed_at"] = start + pd.to_timedelta(50, unit="min")
    if half is not None:
        late = (number == half) & (table["k"] > 14)
        table.loc[late, "received_at"] += pd.Timedelta(1, "D")
        table.loc[number == half, "completed_at"] += pd.Timedelta(1, "D")
    return table


def figures(found: Results) -> str:
    whole = tree(found)
    return json.dumps([whole["kept"], whole["everybody"], whole["excluded"], whole["catch_accuracy"]])


def of(table: pd.DataFrame, **settings: object) -> Results:
    return results(table, STUDY, draws=40, **{"closed": False, **settings})  # type: ignore[arg-type]


def test_results_do_not_move_between_two_looks_nor_after_the_last() -> None:
    whole = taken(13)
    people = sorted(set(whole["participant"]))

    def after(count: int, **settings: object) -> Results:
        return of(whole[whole["participant"].isin(people[:count])], **settings)

    assert figures(after(4)) == figures(after(7)) == figures(after(9)), "look of 4"
    assert figures(after(4)) != figures(after(3))
    assert figures(after(10)) != figures(after(4))
    assert figures(after(10)) == figures(after(13)) == figures(after(13, closed=True)), "planned 10"
    assert after(10).everybody.people == 10
    assert figures(after(7, closed=True)) == figures(after(4)), "closing at a good moment is a look as well"
    assert (
        "7 of 10 people are complete; the figures hold what was answered until 4 were complete and do not move until 10 are. At this"
        in (words.table(after(7)))
    )
    assert "13 of 10 people are complete; the figures hold what was answered until 10 were complete; who came after that" in words.table(
        after(13, closed=True)
    )
    assert after(7).look.level == after(4).look.level == pytest.approx(looks.obrien_fleming((0.4, 1.0))[0])


def test_whoever_was_half_way_at_a_look_counts_as_they_stood_then() -> None:
    table = taken(13, half=0)
    began = int(((table["participant"] == "simulated00000") & (table["role"] == "main") & (table["k"] <= 14)).sum())
    assert 0 < began < 12
    ten = of(table)
    assert (ten.look.complete, ten.everybody.people, ten.everybody.trials) == (13, 11, 10 * 12 + began), "in order of completion"
    five = of(taken(5, half=0))
    assert (five.everybody.people, five.everybody.trials) == (5, 4 * 12 + began)


def test_a_study_that_was_opened_early_keeps_no_level_and_says_so_for_good() -> None:
    for count, closed in ((3, False), (7, False), (10, False), (3, True), (13, True)):
        found = of(taken(count), closed=closed, early_looks=EARLY)
        text = words.table(found)
        assert found.look.open
        assert found.look.level is None
        assert "no level is kept" in text
        assert "keeps the whole at 5 %" not in text
        assert "results open at" not in text
        assert text.rstrip().endswith(EARLY[0])
        assert tree(found)["early_looks"] == list(EARLY)
    assert figures(of(taken(7), early_looks=EARLY)) == figures(of(taken(4)))


def test_a_study_closed_unseen_before_its_first_look_keeps_five_per_cent() -> None:
    found = of(taken(3), closed=True)
    assert found.everybody.people == 3
    assert found.look.level == 0.05
    assert "closed before its results were due, and before anybody saw them. At this look a p-value below 0.05" in words.table(found)


def test_a_deletion_does_not_take_a_look_back() -> None:
    table = taken(10)
    first = table["participant"] == "simulated00000"
    gone = [table.loc[first, "completed_at"].iloc[0].to_pydatetime()]
    found = of(table[~first], deleted=gone)
    assert found.look.open
    assert (found.look.complete, found.look.at, found.everybody.people, found.complete) == (10, 10, 9, 9)
    assert "10 of 10 people are complete (1 had their data deleted since)." in words.table(found)
    more = taken(12)
    assert figures(of(more[more["participant"] != "simulated00000"], deleted=gone)) == figures(found), "nobody moves up into their place"


def test_before_the_first_look_it_says_when_results_open() -> None:
    found = of(taken(3))
    assert not found.look.open
    assert looks.words(found.look) == "3 of 10 people are complete: results open at 4, so that nobody stops when they look good."
