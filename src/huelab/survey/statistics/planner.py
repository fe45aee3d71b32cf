"""How many people a study needs to show a difference: by simulated studies, beside the formula that forgets that votes hang together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt

from scipy.special import logit
from scipy.stats import norm

from huelab.survey.crowd import Crowd
from huelab.survey.statistics.looks import LEVEL, obrien_fleming
from huelab.survey.statistics.power import Design, power
from huelab.survey.study import Study

POWER = 0.8
REPEATS = 400
"""Simulated studies per number of people that is tried: the power is known to 2 points. The answer's is of four times as many, to 1."""
DROPOUT, EXCLUDED = 0.1, 0.05
_INTERACTION = 0.3
"""Log odds by which photographs differ in which model they suit: what keeps more people from replacing more photographs."""
_FEWEST = 4
_FINER = 1.05


@dataclass(frozen=True)
class Plan:
    """What was found."""

    people: int | None
    """The least number of people who begin with the power wanted; None where not even the most tried reach it."""
    power: float
    """Of those, or of the most tried."""
    tried: list[tuple[int, float]]
    """(people, power), by people."""
    formula: int
    """People by the formula for independent votes, one comparison and nobody lost: too few."""
    complete: int | None
    """How many of `people` come to the end: what a study plans with."""


def plan(
    study: Study,
    *,
    detect: float,
    base: float = 0.3,
    photographs: int,
    most: int = 400,
    dropout: float = DROPOUT,
    excluded: float = EXCLUDED,
    repeats: int = REPEATS,
    seed: int = 0,
    said: Callable[[str], None] = lambda _: None,
) -> Plan:
    """The least people for whom two models, one fooling `base` and one base + `detect` of the time, are shown apart with 80 % power.

    Shown is what the results show: p after Holm's correction over all pairs of the study's models, at the level of its last look. The other
    models lie half way, so that they do not help. In mode prefer `detect` is by how much more than half of the decided trials between two
    models one of them is preferred, and `base` says nothing. `dropout` of the people stop on the way and `excluded` of them are left out by
    the rules. Raises ValueError for what cannot be planned.
    """
    _check(study, detect, base, photographs, most, dropout, excluded)
    share = 0.5 if study.mode == "prefer" else base
    levels = obrien_fleming(tuple(look / study.people for look in (*study.looks, study.people)))
    design = Design(study, photographs, _minds(study, share, detect), dropout, excluded, levels[-1])
    tried: dict[int, float] = {}

    def reaches(people: int, times: int, start: int) -> bool:
        tried[people] = power(design, people, repeats=times, seed=start)
        said(f"{people} people: power {tried[people]:.0%}")
        return tried[people] >= POWER

    def found(people: int | None) -> Plan:
        complete = None if people is None else round(people * (1 - dropout))
        return Plan(people, tried[people or most], sorted(tried.items()), _formula(study, share, detect), complete)

    if not reaches(most, repeats, seed):
        return found(None)
    low, high = _FEWEST - 1, most
    while high > max(low + 1, round(low * _FINER)):
        middle = min(max(round(sqrt(low * high)), low + 1), high - 1)
        low, high = (low, middle) if reaches(middle, repeats, seed) else (middle, high)
    people = high
    while not reaches(people, 4 * repeats, seed + 1):  # afresh: of many that were tried one looks good by luck
        if people == most:
            return found(None)
        people = min(most, max(people + 1, ceil(people * _FINER)))
    return found(people)


def _check(study: Study, detect: float, base: float, photographs: int, most: int, dropout: float, excluded: float) -> None:
    prefer = study.mode == "prefer"
    if not 0 < base < 1 and not prefer:
        raise ValueError(f"base is {base:g}; allowed: a rate above 0 and below 1")
    highest = 0.5 if prefer else 1 - base
    if not 0 < detect < highest:
        raise ValueError(f"detect is {detect:g}; allowed: above 0 and below {highest:g}" + ("" if prefer else " (1 - base)"))
    if len(study.models) < 2:
        raise ValueError("the study shows one model: name two or more to show a difference")
    if photographs < study.trials + study.catches:
        needed = study.trials + study.catches
        raise ValueError(f"photographs is {photographs}; allowed: {needed} or more, for a person sees {needed} different ones")
    if most < _FEWEST:
        raise ValueError(f"most is {most}; allowed: {_FEWEST} or more")
    for name, value in (("dropout", dropout), ("excluded", excluded)):
        if not 0 <= value < 1:
            raise ValueError(f"{name} is {value:g}; allowed: a share from 0 to below 1")


def _minds(study: Study, share: float, detect: float) -> Crowd:
    """The second model is better than the first by `detect`, the others lie half way."""
    rates = [share, share + detect, *[share + detect / 2] * (len(study.models) - 2)]
    if study.mode == "prefer":
        apart = float(logit(share + detect))
        rates = [0.0, apart, *[apart / 2] * (len(study.models) - 2)]
    return Crowd(dict(zip(study.models, rates, strict=True)), interaction_sd=_INTERACTION)


def _formula(study: Study, share: float, detect: float) -> int:
    """For two rates of independent votes; in mode prefer for one rate against one half."""
    models = len(study.models)
    spread = (share + detect) * (1 - share - detect)
    if study.mode == "prefer":
        each = study.trials / (models * (models - 1) / 2) * (1 - Crowd({}).ties)
    else:
        spread += share * (1 - share)
        each = study.trials / models / (2 if study.mode == "single" else 1)
    needed = float(norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER)) ** 2 * spread / detect**2
    return max(2, ceil(needed / each))
