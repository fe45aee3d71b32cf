"""The power of a study before it is made: many simulated ones, counted by how often their pages would show the difference.

The plans are those of survey/plans.py (its square, its stretches), the minds those of survey/crowd.py, both as arrays; the analysis is that
of the results with the bootstrap's variances written out, to which they come for many draws. So a study takes a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t

from huelab.evaluation.paired import holm
from huelab.survey import plans
from huelab.survey.crowd import Crowd, centre, spread
from huelab.survey.statistics.twoway import binomial, two_way
from huelab.survey.study import Study

Float = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Design:
    """What is asked of whom. In mode prefer, `minds.fooling` holds appeals in log odds, and the first pair of models is the one sought."""

    study: Study
    photographs: int
    minds: Crowd
    dropout: float
    """Share of people who stop, anywhere on the way."""
    excluded: float
    """Share of people whose answers the rules leave out, whatever they did."""
    level: float


@dataclass(frozen=True)
class Votes:
    """The answers that count. `group`: the model shown, in mode prefer the pair of models; `hit`: 1 for fooled, or the second preferred."""

    hit: Float
    group: Places
    person: Places
    photograph: Places


def power(design: Design, people: int, *, repeats: int, seed: int) -> float:
    """The share of `repeats` studies of so many people who begin in which the difference is shown, in its direction, at Holm's level."""
    return float(np.mean([_shown(design, people, np.random.default_rng([seed, people, repeat])) for repeat in range(repeats)]))


def _shown(design: Design, people: int, rng: np.random.Generator) -> bool:
    square = _square(design.study)
    found = votes(design, people, rng)
    rates, errors, clusters = errors_of(found, groups=int(square.max()) + 1)
    if clusters < 2:
        return False
    if design.study.mode == "prefer":
        apart, error = rates - 0.5, np.diag(errors)
    else:
        first, second = (list(side) for side in zip(*combinations(range(len(rates)), 2), strict=True))
        apart, error = rates[second] - rates[first], errors[first, second]
    ps = [float(2 * t.sf(abs(gap) / wide, clusters - 1)) if np.isfinite(gap) else None for gap, wide in zip(apart, error, strict=True)]
    sought = holm(ps)[0]
    return sought is not None and sought < design.level and apart[0] > 0


def votes(design: Design, people: int, rng: np.random.Generator) -> Votes:
    """Of one simulated study."""
    study, minds = design.study, design.minds
    square = _square(study)
    stretch, row = np.divmod(np.arange(people) % plans.cells(study, design.photographs), len(square))
    start = stretch * design.photographs // plans.stretches(study, design.photographs)
    place = (start[:, None] + np.arange(study.trials)) % design.photographs
    group = square[(place + row[:, None]) % len(square)]
    counts = _answered(design, people, rng) & (group >= 0)
    odds = _log_odds(study, minds, group, place, rng)
    chance = (1 - minds.lapse) * expit(odds) + minds.lapse / 2
    if study.mode == "prefer":
        counts &= rng.random(counts.shape) >= minds.ties
    person = np.broadcast_to(np.arange(people)[:, None], counts.shape)
    return Votes((rng.random(counts.shape) < chance)[counts].astype(np.float64), group[counts], person[counts], place[counts])


def _square(study: Study) -> Places:
    """What each column of the plan's square counts for: a model's place, the place of a pair of models, -1 for real pictures."""
    treatments = plans.treatments(study)
    if study.mode == "prefer":
        return np.arange(len(treatments))
    return np.array([study.models.index(one[0].model) if one[0].kind == "model" else -1 for one in treatments])


def _answered(design: Design, people: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(people, trials): who stops does so anywhere; who did too little, or is left out otherwise, counts with nothing."""
    trials = design.study.trials
    done = np.where(rng.random(people) < design.dropout, rng.integers(0, trials, people), trials)
    done[(done < design.study.rules.least_done * trials) | (rng.random(people) < design.excluded)] = 0
    order = rng.random((people, trials)).argsort(axis=1).argsort(axis=1)  # a plan is shuffled, so who stops has seen any of it
    return np.asarray(order < done[:, None])


def _log_odds(study: Study, minds: Crowd, group: Places, place: Places, rng: np.random.Generator) -> Float:
    """(people, trials) of a hit by who looks; there is no leaning to a side, which balanced sides take out."""
    people, photographs = len(group), int(place.max()) + 1
    if study.mode == "prefer":
        pairs = np.array(list(combinations(range(len(study.models)), 2)))
        appeal = np.array([minds.fooling[model] for model in study.models])
        base = np.array([centre(float(expit(appeal[two] - appeal[one])), spread(minds, "prefer")) for one, two in pairs])
        taste = rng.normal(0, minds.person_sd / sqrt(2), (people, len(appeal)))
        made = rng.normal(0, minds.photo_sd / sqrt(2), (photographs, len(appeal)))
        one, two = pairs[group][..., 0], pairs[group][..., 1]
        own = np.arange(people)[:, None]
        return np.asarray(base[group] + taste[own, two] - taste[own, one] + made[place, two] - made[place, one])
    middle = np.array([centre(minds.fooling[model], spread(minds)) for model in study.models])
    person, photograph = rng.normal(0, minds.person_sd, (people, 1)), rng.normal(0, minds.photo_sd, photographs)
    mixed = rng.normal(0, minds.interaction_sd, (photographs, len(middle)))
    return np.asarray(middle[group] + person + photograph[place] + mixed[place, group])


def errors_of(found: Votes, *, groups: int) -> tuple[Float, Float, int]:
    """Rates (groups,); standard errors (groups, groups) of differences, on the diagonal of the rates; the fewer of people and photographs.

    Each vote moves its rate by (hit − rate)/votes. A bootstrap's variance is the sum of squares of what people, photographs or single votes
    move together, once its draws are many.
    """
    trials = np.bincount(found.group, minlength=groups).astype(np.float64)
    hits = np.bincount(found.group, found.hit, groups)
    with np.errstate(invalid="ignore"):
        rates = hits / trials
    moved = (found.hit - rates[found.group]) / trials[found.group]
    products = []
    for names in (found.person, found.photograph):
        moves = np.zeros((int(names.max(initial=-1)) + 1, groups))
        np.add.at(moves, (names, found.group), moved)
        products.append(moves.T @ moves)
    products.append(np.diag(np.bincount(found.group, moved**2, groups)))
    floors = np.array([binomial(hit, of) for hit, of in zip(hits, trials, strict=True)])
    errors = np.empty((groups, groups))
    for one in range(groups):
        for two in range(groups):
            parts = [own[one, one] if one == two else own[one, one] + own[two, two] - 2 * own[one, two] for own in products]
            errors[one, two] = two_way(*parts, floor=floors[one] if one == two else floors[one] + floors[two])
    return rates, errors, min(len(np.unique(found.person)), len(np.unique(found.photograph)))
