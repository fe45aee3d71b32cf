"""What people saw counts only where it can be compared, and a slip in its file must be told, not guessed at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from huelab import paths
from huelab.errors import DataError
from huelab.evaluation.human import HumanResult, read
from huelab.tracking.human import difference, in_one_study
from huelab.tracking.registered import Registered


def result(content: str, rate: float = 0.3, low: float = 0.2, high: float = 0.4, **more: Any) -> dict[str, Any]:
    return {"study": "spring", "content": content, "model": "beta", "rate": rate, "low": low, "high": high, "n": 100, **more}


def write(tree: Any) -> None:
    paths.human_results().parent.mkdir(exist_ok=True)
    paths.human_results().write_text(tree if isinstance(tree, str) else json.dumps(tree))


def test_no_survey_no_results(project: Path) -> None:
    assert read() == ()


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ("{", "cannot be read"),
        ([], "valid dictionary"),
        ({"results": [result("a", rate=0.9)]}, r"results\.0: low 0\.2, rate 0\.9 and high 0\.4 are not in this order"),
        ({"results": [result("a", rate=30)]}, r"results\.0\.rate: found 30"),
        ({"results": [result("a", raters=3)]}, r"results\.0\.raters: unknown key; allowed: study, content"),
        ({"results": [{"study": "spring"}]}, r"results\.0\.content"),
        (
            {"results": [result("a", against=[{"content": "b", "raters": 3}])]},
            r"results\.0\.against\.0\.raters: unknown key; allowed: content",
        ),
        (
            {"results": [result("a", against=[{"content": "b", "difference": -0.1, "low": 0.0, "high": 0.1}])]},
            r"against\.0: low 0\.0, difference -0\.1 and high 0\.1 are not in this order",
        ),
    ],
    ids=str,
)
def test_a_slip_names_the_file_the_key_and_the_way_out(project: Path, tree: Any, says: str) -> None:
    write(tree)
    with pytest.raises(DataError, match=rf"human\.json.*{says}.*git checkout registry/human\.json"):
        read()


def test_the_latest_study_that_covers_both_counts(project: Path) -> None:
    write(
        {"results": [result("a"), result("b"), result("a", study="autumn", rate=0.35), result("b", study="autumn"), result("a", study="x")]}
    )
    one, two = (Registered("beta", content) for content in "ab")
    found = in_one_study(read(), one, two)
    assert found is not None
    assert [(each.study, each.content) for each in found] == [("autumn", "a"), ("autumn", "b")]
    assert in_one_study(read(), one, Registered("beta", "c")) is None


def test_a_colorizer_scored_anew_is_still_the_one_people_saw(project: Path) -> None:
    write({"results": [result("a", weights="w1"), result("b", weights="w2")]})
    assert in_one_study(read(), Registered("beta", "other", "w1"), Registered("plain", "another", "w2")) is not None


def test_the_difference_that_a_study_published_counts_from_either_side(project: Path) -> None:
    paired = {"content": "b", "difference": -0.1, "low": -0.15, "high": -0.05}
    write({"results": [result("a", rate=0.25, against=[paired]), result("b", rate=0.35, high=0.5)]})
    one, other = read()
    assert difference(one, other) == (-0.1, -0.15, -0.05)
    assert difference(other, one) == (0.1, 0.05, 0.15)
    write({"results": [result("a", rate=0.25), result("b", rate=0.35, high=0.5)]})
    value, low, high = difference(*read())
    assert value == pytest.approx(-0.1)
    assert low < 0 < high, "by the two intervals alone nothing is shown"


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """56 of 70 against 48 of 80: 0.0524 to 0.3339 (Newcombe, Statistics in Medicine 17, 1998, Table II, example a, method 10)."""
    first = HumanResult(study="s", content="a", model="m", rate=0.8, low=0.6918, high=0.8772, n=70)  # Wilson's intervals
    second = HumanResult(study="s", content="b", model="m", rate=0.6, low=0.4904, high=0.7004, n=80)
    value, low, high = difference(first, second)
    assert value == pytest.approx(0.2)
    assert low == pytest.approx(0.0524, abs=2e-4)
    assert high == pytest.approx(0.3339, abs=2e-4)
