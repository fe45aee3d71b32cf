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
    """Where a study stands, and of whom its figures are."""

    complete: int
    """People who came to the end; who had their data deleted since did so as well."""
    planned: int
    open: bool
    """Whether results may be shown now: a look or the planned number is reached, the study is closed, or somebody said why before."""
    level: float | None
    """Two-sided, what a p-value must stay below at this look for the whole study to keep 5 %; None where nothing keeps it."""
    at: int | None
    """The look that was reached last: the figures hold what was answered until so many people were complete. None: all answers."""
    next: int | None
    """Complete people at the next look; None after the last, and of a closed study."""
    early: bool = False
    """Somebody saw results before any look was reached."""
    deleted: int = 0
    """How many of the complete people had their data deleted."""


def standing(study: Study, complete: int, *, closed: bool, early: bool = False, deleted: int = 0) -> Look:
    """Of a study with so many complete participants, `deleted` of them without their data by now.

    Between two looks, and after the last, the figures stay those of the last look, or whoever waits for a good moment finds one. Closed
    before the first look with its results unseen, a study has one look at all that was answered, which keeps 5 % as a fixed number does.
    """
    looks = [*study.looks, study.people]
    reached = sum(complete >= look for look in looks)
    at = looks[reached - 1] if reached else None
    level = None
    if not early:
        level = obrien_fleming(tuple(look / study.people for look in looks))[reached - 1] if reached else LEVEL if closed else None
    ahead = looks[reached] if reached < len(looks) and not closed else None
    return Look(complete, study.people, bool(reached) or closed or early, level, at, ahead, early, deleted)


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
    gone = f" ({look.deleted} had their data deleted since)" if look.deleted else ""
    told = [f"{look.complete} of {look.planned} people are complete{gone}{_whose(look)}."]
    if look.early:
        told.append("Results were seen before they were due: no level is kept, p-values and intervals are descriptions and prove nothing.")
    elif look.level is not None:
        told.append(f"At this look a p-value below {look.level:.3g} keeps the whole at 5 %.")
    return " ".join(told)


def _whose(look: Look) -> str:
    """Of whom the figures are."""
    if look.at is not None and look.complete > look.at:
        then = f" and do not move until {look.next} are" if look.next else "; who came after that is in the export alone"
        return f"; the figures hold what was answered until {look.at} were complete{then}"
    if look.open:
        return (
            "" if look.at is not None or look.early else "; the study was closed before its results were due, and before anybody saw them"
        )
    return f": results open at {look.next}, so that nobody stops when they look good"
