"""Who is champion, by the rule of params.yaml alone."""

from __future__ import annotations

import pytest

from huelab.errors import ParamsError
from huelab.params import Registry
from huelab.tracking.registry import Standing, decide
from tests.tracking.stages import DATA

RULE = Registry()
STANDING = Standing(1, "zhang", DATA, 10.0)


@pytest.mark.parametrize(
    ("gain", "least", "champion"),
    [(1.0, 0.0, 2), (1.0, 1.0, 1), (1.0, 0.5, 2), (0.0, 0.0, 1), (-1.0, 0.0, 1)],
)
def test_a_champion_falls_only_to_more_than_the_least_improvement(gain: float, least: float, champion: int) -> None:
    for metric, sign in (("ciede2000", -1), ("ssim", 1)):
        rule = RULE.model_copy(update={"metric": metric, "min_improvement": least})
        challenger = Standing(2, "plain", DATA, 10.0 + sign * gain)
        assert decide(STANDING, [challenger], rule).champion == champion
        assert decide(STANDING, [challenger], rule).challenger == (2 if champion == 1 else None)


def test_scores_on_other_photographs_are_not_compared() -> None:
    challenger = Standing(2, "plain", "another", 99.0)
    assert decide(STANDING, [challenger], RULE).champion == 2
    assert "photographs changed" in decide(STANDING, [challenger], RULE).why
    kept = decide(STANDING, [challenger], RULE.model_copy(update={"new_data": "keep"}))
    assert (kept.champion, kept.challenger) == (1, 2)


def test_a_metric_without_a_better_end_cannot_choose_a_champion() -> None:
    with pytest.raises(ParamsError, match=r"registry\.metric is 'colorfulness'"):
        decide(None, [STANDING], RULE.model_copy(update={"metric": "colorfulness"}))
