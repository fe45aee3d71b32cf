"""When results may be looked at: at the planned number of people, or at planned looks on the way, each with the level it may spend."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm

from huelab.survey.study import Study

LEVEL = 0.05


@dataclass(frozen=True)
class Look:
    """Where a study stands. `level`: two-sided, what a p-value must stay below at this look for the whole study to keep 5 %."""

    complete: int
    planned: int
    open: bool
    """Whether results may be shown now without an override."""
    level: float
    next: int | None
    """Complete people at the next look; None after the last."""


def standing(study: Study, complete: int, *, closed: bool) -> Look:
    """Of a study with so many complete participants. Closed early, it has had its last look."""
    looks = [*study.looks, study.people]
    levels = obrien_fleming(tuple(look / study.people for look in looks))
    reached = sum(complete >= look for look in looks)
    if closed:
        reached = len(looks)
    level = levels[reached - 1] if reached else 0.0
    ahead = looks[reached] if reached < len(looks) else None
    return Look(complete, study.people, bool(reached), level, ahead)


@lru_cache(maxsize=32)
def obrien_fleming(information: tuple[float, ...]) -> tuple[float, ...]:
    """The nominal two-sided level of each look at rising shares of the information, the last 1, by O'Brien and Fleming's bounds.

    The bound at share t is c/√t; c makes the chance of crossing any of them 5 % when there is no difference.
    """
    if len(information) == 1:
        return (LEVEL,)
    spread = [[sqrt(min(one, other) / max(one, other)) for other in information] for one in information]

    def crossing(c: float) -> float:
        bounds = [c / sqrt(share) for share in information]
        inside = multivariate_normal.cdf(bounds, cov=spread, lower_limit=[-bound for bound in bounds], allow_singular=True, rng=0)
        return float(1 - inside - LEVEL)

    c = brentq(crossing, 1.5, 4.0, xtol=1e-4)
    return tuple(2 * float(norm.sf(c / sqrt(share))) for share in information)


def words(look: Look) -> str:
    """For the page and the terminal."""
    if look.open:
        return (
            f"{look.complete} of {look.planned} people are complete; at this look a p-value below {look.level:.3g} keeps the whole at 5 %."
        )
    return f"{look.complete} of {look.planned} people are complete: results open at {look.next}, so that nobody stops when they look good."
