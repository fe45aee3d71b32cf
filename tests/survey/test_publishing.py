"""Results are seen when they were planned to be, and reach the leaderboard and the promotion rule with their intervals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huelab import paths
from huelab.errors import SurveyError
from huelab.evaluation import human
from huelab.survey import answering, owners, publishing
from tests.survey.conftest import Launch, Launched


def answered(one: Launched, people: int) -> None:
    for number in range(people):
        token = one.person()
        state = answering.current(one.store, token)
        while "trial" in state:
            choice = ("left", "right")[(number + state["done"]) % 2]
            state = answering.answer(one.store, token, state["trial"]["nonce"], choice, rt_ms=900.0)["state"]


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
    one = launch(people=4, rules={"same_side": 1.0, "catch_accuracy": 0.0})
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
