"""What is printed must be what was found: every figure of the tree, in tables a person can read."""

from __future__ import annotations

import re

import pytest

from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.statistics import words
from huelab.survey.statistics.results import Results, results
from huelab.survey.study import Study

MODELS = ("alpha", "beta", "zhang")


def found(mode: str, **minds: float) -> Results:
    study = Study(title="Which is real?", models=MODELS, mode=mode, trials=12, catches=4, people=20, simulated=True)  # type: ignore[arg-type]
    votes = crowd.votes(study, Crowd({"alpha": 0.2, "beta": 0.35, "zhang": 0.45}, **minds), people=20, photographs=24)
    return results(votes, study, closed=False, draws=60)


@pytest.fixture(scope="module")
def pair() -> Results:
    return found("pair", careless=0.2, dropout=0.1)


def line(text: str, start: str, after: str) -> str:
    """The line of `text` that begins with `start`, below the heading `after`."""
    return next(row for row in text[text.index(after) :].splitlines() if row.strip().startswith(start))


def test_every_rate_stands_in_its_row_with_its_interval(pair: Results) -> None:
    text = words.table(pair)
    for one in pair.kept.fooled:
        row = line(text, one.model, "Fooling rate")
        expected = (one.rate.value, one.rate.low, one.rate.high, *one.naive)
        assert re.findall(r"\d+\.\d", row) == [f"{100 * value:.1f}" for value in expected if value is not None]
        assert row.split()[-3:] == [str(one.trials), str(one.people), str(one.photographs)]


def test_differences_carry_holms_p(pair: Results) -> None:
    text = words.table(pair)
    for one in pair.kept.differences:
        assert line(text, f"{one.first} − {one.second}", "Differences").rstrip().endswith(words.p(one.p_holm))


def test_whoever_was_left_out_is_named_with_the_rule_and_results_with_them_follow(pair: Results) -> None:
    text = words.table(pair)
    assert pair.excluded
    for one in pair.excluded:
        for told in one.rules.values():
            assert re.search(rf"{one.participant}.*{re.escape(told)}", text)
    without, _, rest = text.partition("With everybody")
    assert "Fooling rate" in without
    assert "Fooling rate" in rest


def test_simulated_answers_are_marked_first_of_all(pair: Results) -> None:
    assert words.table(pair).startswith("SIMULATED")


def test_columns_stand_under_each_other(pair: Results) -> None:
    text = words.table(pair)
    block = text[text.index("Fooling rate") :].splitlines()[1 : 2 + len(MODELS)]
    assert len({len(row) for row in block}) == 1
    assert max(map(len, block)) < 120


def test_a_preference_study_prints_a_ranking_and_no_rates() -> None:
    results = found("prefer")
    text = words.table(results)
    assert results.kept.ranking is not None
    order = [one.model for one in results.kept.ranking.models]
    rows = [row.split()[0] for row in text[text.index("\nPreference") :].splitlines()[3:6]]
    assert rows == order
    assert "Fooling rate" not in text


def test_before_anybody_answered_it_still_prints(pair: Results) -> None:
    study = pair.study
    empty = crowd.votes(study, Crowd(dict.fromkeys(MODELS, 0.3)), people=2, photographs=24).iloc[:0]
    text = words.table(results(empty, study, closed=False, draws=50))
    assert "0 of 20" in text
    assert "nan" not in text.lower()


def test_a_closed_look_says_when_results_open(pair: Results) -> None:
    assert "results open at 20" in words.table(pair)
