"""Two-way uncertainty: people and photographs are both samples, so a claim shall hold for other people and other photographs.

The variance of a figure is bootstrapped three times: people drawn anew, photographs drawn anew, single votes drawn anew. People and
photographs each carry the noise of single votes as well, so it is taken off once: V = V_people + V_photographs − V_votes (Cameron, Gelbach
and Miller 2011), never less than the larger of the first two. Votes alone give intervals half as wide that cover 55 to 85 % of the time
where they say 95; drawing people and photographs at once (Owen's pigeonhole bootstrap) counts the votes' noise three times and covers 99 to
100 %. It is kept for ranks, where a variance says nothing. More people cannot replace more photographs.

Where everybody said the same, draws do not differ, and a bootstrap would be sure of what nobody can know. No variance is therefore less
than that of as many independent votes (`binomial`), which is positive also where all or none were fooled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t

Float = NDArray[np.float64]
Way = Literal["people", "photographs", "votes", "both"]
WAYS: tuple[Way, Way, Way] = ("people", "photographs", "votes")
DRAWS = 2000
_BLOCK = 250


@dataclass(frozen=True)
class Draws:
    """How often each person and each photograph was drawn: (draws, people) and (draws, photographs)."""

    people: Sequence[str]
    photographs: Sequence[str]
    by_person: Float
    by_photograph: Float
    seed: int

    @classmethod
    def of(cls, table: pd.DataFrame, *, draws: int = DRAWS, seed: int = 0) -> Draws:
        """Draws for everybody and everything in `table` (long format); the same for every figure, so that differences are paired."""
        people, photographs = sorted(set(table["participant"])), sorted(set(table["photo_id"]))
        rng = np.random.default_rng(seed)
        by = [
            rng.multinomial(len(names), np.full(max(1, len(names)), 1 / max(1, len(names))), draws).astype(np.float64)
            for names in (people, photographs)
        ]
        return cls(people, photographs, by[0], by[1], seed)

    @property
    def clusters(self) -> int:
        """The fewer of people and photographs: so much the spread is known by."""
        return min(len(self.people), len(self.photographs))

    def sums(self, table: pd.DataFrame, values: Float, way: Way) -> Float:
        """(draws, m): sums of `values` (rows, m) over the rows of `table`, each counted as often as it was drawn."""
        person = pd.Index(self.people).get_indexer(pd.Index(table["participant"]))
        photograph = pd.Index(self.photographs).get_indexer(pd.Index(table["photo_id"]))
        total = np.zeros((len(self.by_person), values.shape[1]))
        rng = np.random.default_rng([self.seed, 1])
        for start in range(0, len(total) if len(table) else 0, _BLOCK):
            block = slice(start, start + _BLOCK)
            if way == "votes":
                weight = rng.poisson(1.0, (len(total[block]), len(table))).astype(np.float64)
            else:
                weight = np.ones((len(total[block]), len(table)))
            if way in ("people", "both"):
                weight = weight * self.by_person[block][:, person]
            if way in ("photographs", "both"):
                weight = weight * self.by_photograph[block][:, photograph]
            total[block] = weight @ values
        return total


@dataclass(frozen=True)
class Drawn:
    """A figure and what it is in the draws of each way; NaN where it is undefined."""

    value: float
    by_way: dict[Way, Float]
    floor: float = 0.0
    """Its variance if all votes were independent: it cannot be known better than that."""

    def __sub__(self, other: Drawn) -> Drawn:
        apart = {way: self.by_way[way] - other.by_way[way] for way in WAYS}
        return Drawn(self.value - other.value, apart, self.floor + other.floor)

    def deviation(self) -> float:
        """Its two-way standard error; NaN where too many draws leave it undefined."""
        spread = []
        for way in WAYS:
            finite = self.by_way[way][np.isfinite(self.by_way[way])]
            if finite.size < 0.5 * self.by_way[way].size or finite.size < 2:
                return float("nan")
            spread.append(float(finite.var(ddof=1)))
        return two_way(*spread, floor=self.floor)


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval; low and high are None where one person or one photograph gives no idea of the spread."""

    value: float
    low: float | None
    high: float | None


def two_way(people: float, photographs: float, votes: float, *, floor: float = 0.0) -> float:
    """The standard error from the variances over people, photographs and single votes, and the least variance there can be."""
    return sqrt(max(people + photographs - votes, people, photographs, floor))


def binomial(hits: float, trials: float) -> float:
    """The variance of a share of independent votes, at (hits + ½)/(trials + 1), so that it is positive where all or none hit."""
    share = (hits + 0.5) / (trials + 1)
    return share * (1 - share) / trials if trials else float("inf")


def drawn(draws: Draws, table: pd.DataFrame, counts: Float, figure: Callable[[Float], Float], *, floor: float = 0.0) -> Drawn:
    """`figure` maps sums (n, m) of `counts` (rows, m) to (n,) values: the figure of `table`, and of each way's draws."""
    own = figure(counts.sum(axis=0)[None])
    return Drawn(float(own[0]), {way: figure(draws.sums(table, counts, way)) for way in WAYS}, floor)


def interval(found: Drawn, draws: Draws) -> Interval:
    """Value ± t · standard error."""
    deviation = found.deviation()
    if draws.clusters < 2 or not np.isfinite(deviation) or not np.isfinite(found.value):
        return Interval(found.value, None, None)
    half = float(t.ppf(0.975, draws.clusters - 1)) * deviation
    return Interval(found.value, found.value - half, found.value + half)


def share_interval(found: Drawn, draws: Draws, trials: int) -> Interval:
    """Of a share: on the scale of log odds, so that it stays between 0 and 1."""
    plain = interval(found, draws)
    if plain.low is None:
        return plain
    share = min(max(found.value, 0.5 / (trials + 1)), 1 - 0.5 / (trials + 1))
    half = float(t.ppf(0.975, draws.clusters - 1)) * found.deviation() / (share * (1 - share))
    ends = [float(expit(log(share / (1 - share)) + sign * half)) for sign in (-1, 1)]
    return Interval(found.value, min(ends[0], found.value), max(ends[1], found.value))


def difference_interval(found: Drawn, draws: Draws) -> Interval:
    """Of a difference of two shares, which lies between -1 and 1."""
    plain = interval(found, draws)
    if plain.low is None or plain.high is None:
        return plain
    return Interval(plain.value, max(-1.0, plain.low), min(1.0, plain.high))


def p_value(found: Drawn, draws: Draws) -> float | None:
    """Two-sided, of no difference; None where there is no interval."""
    deviation = found.deviation()
    if draws.clusters < 2 or not np.isfinite(deviation) or deviation == 0 or not np.isfinite(found.value):
        return None
    return float(2 * t.sf(abs(found.value) / deviation, draws.clusters - 1))


def share(sums: Float) -> Float:
    """First over second column; NaN where the second is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.nan))
