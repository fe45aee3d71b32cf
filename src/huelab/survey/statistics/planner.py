"""How many people a study needs to show a difference: simulated studies, beside the formula that forgets that votes hang together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy.stats import norm

from huelab.survey import crowd
from huelab.survey.crowd import Crowd
from huelab.survey.longform import analysed
from huelab.survey.statistics import fooling
from huelab.survey.statistics.looks import LEVEL
from huelab.survey.statistics.twoway import Draws
from huelab.survey.study import Study

POWER = 0.8


@dataclass(frozen=True)
class Plan:
    """What was found."""

    people: int | None
    """The least number tried with the power wanted; None where not even the most tried reach it."""
    tried: list[tuple[int, float]]
    """(people, power)."""
    formula: int
    """People by the formula for independent votes: too few."""


def plan(
    study: Study,
    *,
    detect: float,
    base: float = 0.3,
    photographs: int,
    most: int = 400,
    repeats: int = 100,
    seed: int = 0,
    said: Callable[[str], None] = lambda _: None,
) -> Plan:
    """The least people for which two of the study's models, one fooling `base` and one base + `detect` of the time, differ at 5 %.

    Within-person design as planned, a two-way bootstrap per simulated study, power 80 %. Raises ValueError for a difference that cannot be.
    """
    if not 0 < detect < 1 - base or len(study.models) < 2:
        raise ValueError(f"detect is {detect}: it must lie between 0 and {1 - base:g}, and the study must show two models or more")
    simulated = study.model_copy(update={"simulated": True, "mode": "pair"})
    minds = Crowd({name: base + detect * (place == 1) for place, name in enumerate(study.models)})
    per_model = study.trials / len(study.models)
    both = base * (1 - base) + (base + detect) * (1 - base - detect)
    needed = (norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER)) ** 2 * both / detect**2
    formula = max(2, ceil(needed / per_model))
    tried: list[tuple[int, float]] = []
    for people in _ladder(formula, most):
        shown = np.mean([_shows(simulated, minds, people, photographs, seed + repeat) for repeat in range(repeats)])
        tried.append((people, float(shown)))
        said(f"{people} people: power {shown:.0%}")
        if shown >= POWER:
            return Plan(people, tried, formula)
    return Plan(None, tried, formula)


def _ladder(first: int, most: int) -> list[int]:
    steps, people = [], max(4, first // 2)
    while people < most:
        steps.append(people)
        people = max(people + 2, ceil(people * 1.3))
    return [*steps, most]


def _shows(study: Study, minds: Crowd, people: int, photographs: int, seed: int) -> bool:
    main = analysed(crowd.votes(study, minds, people=people, photographs=photographs, seed=seed))
    drawn = Draws.of(main, draws=300, seed=seed)
    found = fooling.differences(main, drawn, study.models[:2])[0].difference
    return found.low is not None and found.high is not None and not found.low <= 0 <= found.high
