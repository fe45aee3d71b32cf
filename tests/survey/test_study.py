"""A study that could not be run must be refused before it is launched, in words its owner understands."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from huelab.survey.study import Question, Study


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"exposure_ms": 100}, "250 to 5000"),
        ({"models": ("beta", "beta")}, "more than once"),
        ({"mode": "prefer"}, "at least two"),
        ({"keys": ("f", "f")}, "two different"),
        ({"looks": (20, 10)}, "rising numbers"),
        ({"looks": (40,)}, "1 to people - 1"),
        ({"presentation": "in_turn"}, "set exposure_ms"),
        ({"questions": (Question(key="age", text="Age?"), Question(key="age", text="Again?"))}, "same key"),
        ({"completion_url": "javascript:alert(1)"}, "completion_url"),
        ({"colour": "red"}, "colour"),
        ({"trials": 6, "catches": 6}, r"catches is 6; allowed: 0 to trials - 1 \(5\)"),
        ({"block": 4}, "block"),
        ({"block": 101}, "block"),
        ({"keys": ("F", "f")}, "two different"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Study(**{"title": "t", "models": ("beta",), **settings})


def test_equal_studies_have_one_name_and_any_change_another() -> None:
    first = Study(title="Grüße", models=("beta", "zhang"))
    again = Study.model_validate_json(first.canonical())
    assert again == first
    assert again.sha256() == first.sha256()
    assert first.model_copy(update={"seed": 1}).sha256() != first.sha256()
    assert first.photographs_needed == 40 + 6 + 6


def test_keys_are_those_the_page_hears() -> None:
    """It compares them with lower-case letters: a study with F and J took no answer by key."""
    assert Study(title="t", models=("beta",), keys=("F", "J")).keys == ("f", "j")


def test_a_completion_address_carries_the_code_where_it_says_so() -> None:
    place = "https://app.example/submissions/complete?cc={code}&study=1"
    asked = Study(title="t", models=("beta",), completion_url=place)
    assert asked.completion_address("AB&D") == "https://app.example/submissions/complete?cc=AB%26D&study=1"
    assert Study(title="t", models=("beta",), completion_url="https://app.example/").completion_address("ABCD") == "https://app.example/"
    assert Study(title="t", models=("beta",)).completion_address("ABCD") == ""
