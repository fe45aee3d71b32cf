"""A plan must be fair: every photograph once per person, under every model over people, with sides and catches nobody can guess from."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from huelab.errors import SurveyError
from huelab.survey import plans
from huelab.survey.plans import Planned, plan
from huelab.survey.study import Study

PRACTICE = [f"p{number:02d}" for number in range(8)]


def study(**settings: Any) -> Study:
    return Study(**{"title": "t", "models": ("beta", "plain", "zhang"), "trials": 36, "catches": 6, **settings})


def photographs(count: int) -> list[str]:
    return [f"m{number:03d}" for number in range(count)]


def planned(asked: Study, count: int, cell: int, person: str = "someone") -> list[Planned]:
    return plan(asked, practice=PRACTICE, main=photographs(count), cell=cell, person=person)


MODES = pytest.mark.parametrize("mode", ["pair", "single", "prefer"])
SIZES = pytest.mark.parametrize(("trials", "catches", "count"), [(36, 6, 42), (36, 6, 100), (4, 0, 4), (20, 6, 50), (400, 40, 1000)])


@MODES
@SIZES
def test_the_promises_of_a_plan(mode: str, trials: int, catches: int, count: int) -> None:
    asked = study(mode=mode, trials=trials, catches=catches)
    for cell in range(min(12, plans.cells(asked, count))):
        rows = planned(asked, count, cell)
        assert [row.k for row in rows] == list(range(asked.photographs_needed))
        assert len({row.photo_id for row in rows}) == len(rows), "each photograph at most once"
        assert [row.role for row in rows[: asked.practice]] == ["practice"] * asked.practice
        scored = rows[asked.practice :]
        assert Counter(row.role for row in scored) == Counter(main=trials, catch=catches)
        assert scored[0].role == scored[-1].role == "main"
        assert not any(one.role == other.role == "catch" for one, other in pairwise(scored))
        poles = [row.fake_side if mode == "pair" else row.fake_side or "real" for row in scored]
        if mode != "prefer":
            assert max(len(list(run)) for _, run in groupby(poles)) <= plans.LONGEST_RUN


@MODES
def test_sides_are_balanced_within_person_and_model(mode: str) -> None:
    rows = [row for row in planned(study(mode=mode), 100, 1) if row.role == "main"]
    if mode == "single":
        fakes = Counter(row.left.model for row in rows)
        assert fakes[""] == 18, "half of what is seen is real"
        return
    pairs = Counter((row.left, row.right) for row in rows)
    for (left, right), count in pairs.items():
        assert abs(count - pairs[right, left]) <= 1, (left, right)


@MODES
def test_over_the_cells_every_photograph_is_seen_under_every_treatment_equally_often(mode: str) -> None:
    asked = study(mode=mode, trials=30, catches=0)
    seen: Counter[Any] = Counter()
    for cell in range(plans.cells(asked, 60)):
        for row in planned(asked, 60, cell):
            if row.role == "main":
                shown = frozenset(filter(None, (row.left, row.right)))
                seen[row.photo_id, shown] += 1
    assert len({photo for photo, _ in seen}) == 60
    per_photograph = {photo: sorted(count for (one, _), count in seen.items() if one == photo) for photo, _ in seen}
    assert len({tuple(counts) for counts in per_photograph.values()}) == 1


def test_replay_gives_the_identical_plan_whatever_order_the_photographs_come_in() -> None:
    asked = study()
    again = plan(asked, practice=PRACTICE[::-1], main=photographs(60)[::-1], cell=2, person="someone")
    assert again == planned(asked, 60, 2)
    assert again != planned(asked, 60, 2, person="another")


def test_sides_cannot_be_guessed_from_the_trial_number() -> None:
    asked = study(trials=20, catches=2)
    left = [sum(planned(asked, 40, 0, person=str(person))[k].fake_side == "left" for person in range(300)) for k in (8, 15, 27)]
    assert all(110 < count < 190 for count in left)


def test_too_few_photographs_are_counted_out() -> None:
    with pytest.raises(SurveyError, match=r"36 \+ 6 for main and catch trials, found 40"):
        planned(study(), 40, 0)
    with pytest.raises(SurveyError, match="6 for practice, found 2"):
        plan(study(), practice=PRACTICE[:2], main=photographs(60), cell=0, person="x")


def test_more_catches_than_can_stand_apart_are_refused_before_anybody_consents() -> None:
    """A launched study of them answered every consent with 503."""
    with pytest.raises(ValidationError, match=r"catches is 4; allowed: 0 to trials - 1 \(3\)"):
        study(trials=4, catches=4)
    for mode in ("pair", "single", "prefer"):
        for trials in (4, 5, 9):
            plans.require_possible(study(mode=mode, trials=trials, catches=trials - 1), practice=PRACTICE, main=photographs(40))


def test_an_order_that_cannot_be_is_noticed_when_the_study_is_made() -> None:
    asked = study(mode="single", trials=20, catches=19)  # three of four pictures are fake: five in a row somewhere
    with pytest.raises(SurveyError, match="No order of 20 main and 19 catch trials keeps runs to 4"):
        plans.require_possible(asked, practice=PRACTICE, main=photographs(60))
