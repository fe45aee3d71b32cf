"""Results are seen when they were planned to be, and reach the leaderboard and the promotion rule with their intervals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from huelab import paths
from huelab.errors import SurveyError
from huelab.evaluation import human
from huelab.survey import answering, longform, owners, person, privacy, publishing
from huelab.survey.schema import Stimulus
from huelab.survey.statistics import words
from huelab.tracking.human import difference, in_one_study
from huelab.tracking.registered import Registered
from tests.survey.conftest import Launch, Launched

ALL = {"same_side": 1.0, "catch_accuracy": 0.0}
"""Rules that leave out nobody who answers by the clock."""


def answered(one: Launched, people: int, *, flags: tuple[str, ...] = ()) -> list[str]:
    tokens = [one.person() for _ in range(people)]
    for number, token in enumerate(tokens):
        state = answering.current(one.store, token)
        while "trial" in state:
            choice = ("left", "right")[(number + state["done"]) % 2]
            state = answering.answer(one.store, token, state["trial"]["nonce"], choice, rt_ms=900.0, flags=flags)["state"]
    return tokens


def closed(one: Launched, people: int = 2) -> Launched:
    answered(one, people)
    owners.close(one.store, one.version, who="owner")
    return one


def publish(one: Launched) -> list[str]:
    return publishing.publish(one.store, one.version, who="owner")


def test_results_wait_for_the_planned_number_or_a_reason(launch: Launch) -> None:
    one = launch(people=4, looks=(2,))
    answered(one, 1)
    with pytest.raises(SurveyError, match=r"1 of 4 people are complete: results open at 2.*--why"):
        publishing.opened(one.store, one.version, who="owner")
    assert publishing.opened(one.store, one.version, who="owner", why="a pilot").complete == 1
    assert publishing.opened(one.store, one.version, who="owner").complete == 1, "opened once, open for good"
    other = launch(people=3, looks=(2,), seed=1)
    answered(other, 2)
    assert publishing.opened(other.store, other.version, who="owner").look.next == 3


def test_a_closed_study_reaches_the_promotion_rule(launch: Launch, project: Path) -> None:
    one = launch(people=4, rules=ALL)
    answered(one, 4)
    with pytest.raises(SurveyError, match="is live: results are published once it is closed"):
        publishing.publish(one.store, one.version, who="owner")
    owners.close(one.store, one.version, who="owner")
    for _ in range(2):  # twice gives the same
        said = publishing.publish(one.store, one.version, who="owner")
    assert said[0].startswith("beta: ")
    found = human.read()
    assert [(row.study, row.model, row.weights) for row in found] == [(one.version, "beta", "of-beta"), (one.version, "zhang", "of-zhang")]
    assert all(row.low <= row.rate <= row.high and row.n == 16 for row in found)


def test_a_look_before_it_is_due_is_never_again_called_one_that_keeps_a_level(launch: Launch, project: Path) -> None:
    one = launch(people=3, rules=ALL)
    answered(one, 1)
    publishing.opened(one.store, one.version, who="owner", why="a pilot")
    for last in (False, True):
        text = words.table(publishing.opened(one.store, one.version, who="owner"))
        assert "no level is kept" in text
        assert "LOOKED AT EARLY by owner" in text
        assert "results open at" not in text
        assert "keeps the whole" not in text
        if not last:
            answered(one, 2)
            owners.close(one.store, one.version, who="owner")
    assert any("no level is kept" in line for line in publish(one)), "who publishes reads it as well"


def test_a_deletion_does_not_hide_results_that_were_due(launch: Launch) -> None:
    one = launch(people=2)
    first, _ = answered(one, 2)
    privacy.delete_me(one.store, person.deletion_code(first))
    found = publishing.opened(one.store, one.version, who="owner")
    assert (found.look.complete, found.look.deleted, found.complete, found.early_looks) == (2, 1, 1, ())


def test_people_beyond_the_plan_do_not_move_what_was_planned(launch: Launch) -> None:
    one = launch(people=2, rules=ALL)
    answered(one, 2)
    then = publishing.computed(one.store, one.version).kept
    answered(one, 3)
    owners.close(one.store, one.version, who="owner")
    now = publishing.computed(one.store, one.version)
    assert (now.kept.fooled, now.kept.trials) == (then.fooled, 16)
    assert "5 of 2 people are complete; the figures hold what was answered until 2 were complete" in words.table(now)


def test_an_older_study_published_anew_does_not_become_the_latest(launch: Launch, project: Path) -> None:
    first, second = (closed(launch(people=2, rules=ALL, seed=seed)) for seed in (1, 2))
    for one in (second, first, second, first):  # also an older one that is published late
        publish(one)
        if one is not second or human.read()[-1].study == second.version:
            found = human.latest(human.read(), "of-beta")
            assert found is not None
            assert found.study == second.version
    assert [row.study for row in human.read()] == [first.version] * 2 + [second.version] * 2
    rows = [row | {"closed": ""} for row in json.loads(paths.human_results().read_text())["results"]]
    paths.human_results().write_text(json.dumps({"results": rows}))
    publish(first)
    assert [row.study for row in human.read()] == [first.version] * 2 + [second.version] * 2, "nor where nobody wrote when they closed"


def test_the_rule_judges_by_the_difference_that_the_statistics_found(launch: Launch, project: Path) -> None:
    """From the two intervals alone, people and photographs that both share count twice, and a difference is lost."""
    one = closed(launch(people=4, rules=ALL), 4)
    publish(one)
    found = publishing.computed(one.store, one.version).kept.differences[0]
    beta, zhang = (Registered(name, "x", f"of-{name}") for name in ("beta", "zhang"))
    for champion, challenger, sign in ((zhang, beta, 1), (beta, zhang, -1)):
        both = in_one_study(human.read(), champion, challenger)
        assert both is not None
        value, *ends = difference(both[1], both[0])
        assert value == pytest.approx(sign * found.difference.value)
        assert found.difference.low is not None
        assert found.difference.high is not None
        assert sorted(ends) == pytest.approx(sorted((sign * found.difference.low, sign * found.difference.high)))


def test_regions_of_few_photographs_are_told_from_photographs(launch: Launch, project: Path) -> None:
    one = launch(people=2, rules=ALL)
    with one.store.write() as session:
        for picture in session.scalars(select(Stimulus)):
            picture.provenance = picture.provenance | {"path": f"cat{int(picture.photo_id[-2:]) % 3}.jpg"}
    closed(one)
    table = longform.of_version(one.store, one.version)
    assert (table["photograph"] == "cat" + (table["photo_id"].str[-2:].astype(int) % 3).astype(str) + ".jpg").all()
    assert table["completed_at"].notna().all()
    found = publishing.computed(one.store, one.version).kept
    main = table[(table["role"] == "main") & (table["choice"] != "")]
    assert found.photographs == main["photograph"].nunique() <= 3
    assert found.pictures == main["photo_id"].nunique() > 3
    few = "fewer than 10, so that intervals speak of hardly any other photographs"
    assert f"photographs: {found.photographs} ({found.pictures} regions of them): {few}" in publish(one)


def test_showings_that_all_failed_leave_nothing_to_judge(launch: Launch) -> None:
    one = launch(people=1)
    answered(one, 1, flags=("hidden",))
    found = publishing.computed(one.store, one.version)
    assert (found.begun, found.everybody.trials, found.catch_accuracy) == (1, 0, None)
    assert [list(left.rules) for left in found.excluded] == [["few"]]


def test_a_damaged_file_is_not_written_over(launch: Launch, project: Path) -> None:
    one = launch(people=2)
    answered(one, 2)
    owners.close(one.store, one.version, who="owner")
    paths.human_results().parent.mkdir(exist_ok=True)
    paths.human_results().write_text("{")
    with pytest.raises(SurveyError, match=r"human\.json is damaged"):
        publishing.publish(one.store, one.version, who="owner")
    assert paths.human_results().read_text() == "{"
    paths.human_results().write_text(json.dumps({"results": []}))
