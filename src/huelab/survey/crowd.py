"""Simulated people with known minds: what statistics find of them can be held against the truth. Never mixed with people's answers.

Answers hang together: each person and each photograph shifts the log odds, of being fooled (modes pair and single) or of preferring each of
the models (prefer). Log odds are centred so that the rates a crowd is given hold on average over people and photographs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from huelab.survey import plans
from huelab.survey.longform import judged
from huelab.survey.plans import Planned
from huelab.survey.study import Study

_REAL_SEEN = 0.8
"""Share of real pictures called real in mode single, before any leaning."""


@dataclass(frozen=True)
class Crowd:
    """What they are like. `fooling`: each model's true rate over all people and photographs (in mode prefer: its true appeal, log odds)."""

    fooling: Mapping[str, float]
    person_sd: float = 0.5
    photo_sd: float = 0.7
    """Spread of the log odds between people, and between photographs (in mode prefer: of one model's against another's)."""
    interaction_sd: float = 0.0
    """Further spread between models on one photograph, each of which makes some photographs well and others not (pair and single)."""
    side_bias: float = 0.0
    """Added to the log odds of the answer on the left (in mode single: of calling a picture real)."""
    lapse: float = 0.02
    """Share of answers that are guesses."""
    careless: float = 0.0
    """Share of people who answer at once, whatever they are shown."""
    dropout: float = 0.0
    """Share of people who stop half way."""
    catch_seen: float = 0.95
    """Share of catch pictures seen through by who looks."""
    ties: float = 0.2
    """Share of ties in mode prefer, whatever is compared."""


@dataclass
class Mind:
    """One simulated person. `answer` says what they do; the same trial always gets an answer of its own."""

    crowd: Crowd
    study: Study
    photo_effects: Callable[[str, str], float]
    rng: np.random.Generator
    effect: float = field(init=False)
    careless: bool = field(init=False)
    stops: bool = field(init=False)
    tastes: Mapping[str, float] = field(init=False)
    """Of each model, in mode prefer."""

    def __post_init__(self) -> None:
        self.effect = self.rng.normal(0, self.crowd.person_sd)
        self.careless = bool(self.rng.random() < self.crowd.careless)
        self.stops = bool(self.rng.random() < self.crowd.dropout)
        liked = self.study.models if self.study.mode == "prefer" else ()
        self.tastes = {model: self.rng.normal(0, self.crowd.person_sd / math.sqrt(2)) for model in liked}

    def answer(self, role: str, photo_id: str, left: str, right: str, fake_side: str) -> tuple[str, float]:
        """Choice and response time (ms, as the page counts it) for a trial with these models ("" for the real picture) on its sides."""
        if self.careless:
            first = {"pair": "left", "single": "real", "prefer": "left"}[self.study.mode]
            return first, float(self.rng.uniform(60, 190)) - self._shown()
        time = float(self.rng.lognormal(math.log(1200), 0.4)) - self._shown()
        if self.study.mode == "prefer":
            return self._preferred(role, photo_id, left, right, fake_side), time
        bias = self.crowd.side_bias
        if self.study.mode == "single":
            real = 1 - self._sees(role, photo_id, left) if fake_side == "only" else _REAL_SEEN
            return ("real" if self.rng.random() < _share(bias + _logit(real)) else "fake"), time
        sees = self._sees(role, photo_id, left or right)
        odds = bias + (_logit(sees) if fake_side == "left" else -_logit(sees))  # of saying left
        return ("left" if self.rng.random() < _share(odds) else "right"), time

    def _shown(self) -> float:
        """Before the pictures' vanishing, from which a response time counts (ms); 0 where no answer is taken before."""
        if not self.study.answer_while_shown or not self.study.exposure_ms:
            return 0.0
        in_turn = self.study.presentation == "in_turn" and self.study.mode != "single"
        return 2.0 * self.study.exposure_ms + self.study.gap_ms if in_turn else float(self.study.exposure_ms)

    def _sees(self, role: str, photo_id: str, model: str) -> float:
        """The chance of telling which is fake."""
        if self.rng.random() < self.crowd.lapse:
            return 0.5
        if role == "catch":
            return self.crowd.catch_seen
        hard = self.crowd.photo_sd * self.photo_effects(photo_id, "") + self.crowd.interaction_sd * self.photo_effects(photo_id, model)
        return 1 - _share(centre(self.crowd.fooling[model], spread(self.crowd)) + self.effect + hard)

    def _preferred(self, role: str, photo_id: str, left: str, right: str, fake_side: str) -> str:
        if role == "catch":
            seen = self.rng.random() < self.crowd.catch_seen
            return {"left": "right", "right": "left"}[fake_side] if seen else fake_side
        if self.rng.random() < self.crowd.ties:
            return "tie"
        odds = self.crowd.side_bias
        if self.rng.random() >= self.crowd.lapse:
            odds += centre(_share(self.crowd.fooling[left] - self.crowd.fooling[right]), spread(self.crowd, "prefer"))
            odds += self.tastes[left] - self.tastes[right]
            odds += self.crowd.photo_sd / math.sqrt(2) * (self.photo_effects(photo_id, left) - self.photo_effects(photo_id, right))
        return "left" if self.rng.random() < _share(odds) else "right"


def photo_effects(crowd: Crowd, seed: int) -> Callable[[str, str], float]:
    """What a photograph does to a model, or with "" to all of them, in standard deviations; the same for everybody."""

    @cache
    def effect(photo_id: str, model: str) -> float:
        own = [seed, *photo_id.encode(), *([0, *model.encode()] if model else [])]
        return float(np.random.default_rng(own).standard_normal())

    return effect


def spread(crowd: Crowd, mode: str = "pair") -> float:
    """Standard deviation of the log odds of one model (in mode prefer: of one against another) over people and photographs."""
    return math.hypot(crowd.person_sd, crowd.photo_sd, crowd.interaction_sd if mode != "prefer" else 0.0)


def true_answers(crowd: Crowd, model: str, mode: str = "pair") -> tuple[float, float]:
    """Of who looks, guesses included: the chance to say left where the left picture is fake, and where the right one is (pair).

    In mode single: the chance to say fake of a fake of that model, and of a real picture.
    """
    fooled = centre(crowd.fooling[model], spread(crowd)) + spread(crowd) * _NODES

    def said(log_odds: NDArray[np.float64]) -> float:
        return float((1 - crowd.lapse) * (_WEIGHTS @ expit(log_odds)) + crowd.lapse * _share(crowd.side_bias))

    if mode == "single":
        return 1 - said(crowd.side_bias + fooled), 1 - _share(crowd.side_bias + _logit(_REAL_SEEN))
    return said(crowd.side_bias - fooled), said(crowd.side_bias + fooled)


def true_rate(crowd: Crowd, model: str, mode: str = "pair") -> float:
    """The share of main trials in which that model fools them, both sides equally often, guesses included."""
    hit, alarm = true_answers(crowd, model, mode)
    return 1 - hit if mode == "single" else (1 - hit + alarm) / 2


def votes(study: Study, crowd: Crowd, *, people: int, photographs: int, seed: int = 0) -> pd.DataFrame:
    """The long format of a simulated study (Study.simulated), without a database: for coverage and for planning."""
    main = [f"main{number:04d}" for number in range(photographs)]
    practice = [f"practice{number:02d}" for number in range(study.practice)]
    cells = plans.cells(study, photographs)
    effects = photo_effects(crowd, seed)
    rows = []
    for number in range(people):
        mind = Mind(crowd, study, effects, np.random.default_rng([seed, number]))
        trials = plans.plan(study, practice=practice, main=main, cell=number % cells, person=f"{seed}-{number}")
        until = len(trials) // 2 if mind.stops else len(trials)
        rows += [_row(study, mind, number, number % cells, trial, answered=trial.k < until) for trial in trials]
    return judged(rows)


def _row(study: Study, mind: Mind, number: int, cell: int, trial: Planned, *, answered: bool) -> dict[str, object]:
    right = trial.right.model if trial.right else ""
    choice, time = mind.answer(trial.role, trial.photo_id, trial.left.model, right, trial.fake_side) if answered else ("", math.nan)
    fakes = [shown.model for shown in (trial.left, trial.right) if shown and shown.kind == "model"]
    return {
        "survey": "simulated",
        "version": "simulated",
        "study_sha256": study.sha256(),
        "participant": f"simulated{number:05d}",
        "simulated": True,
        "cell": cell,
        "language": "en",
        "state": "active" if mind.stops else "complete",
        "screening": "",
        "k": trial.k,
        "role": trial.role,
        "photo_id": trial.photo_id,
        "photograph": trial.photo_id,
        "mode": study.mode,
        "model": fakes[0] if fakes else "",
        "model_right": fakes[1] if len(fakes) > 1 else "",
        "fake_side": trial.fake_side,
        "choice": choice,
        "rt_ms": time,
        "shown_ms": math.nan,
        "repeats": pd.NA,
        "flags": "",
        "issued_at": pd.NaT,
        "received_at": pd.NaT,
        "completed_at": pd.NaT,
    }


_NODES, _GAUSS = np.polynomial.hermite_e.hermegauss(41)
_WEIGHTS = _GAUSS / _GAUSS.sum()


@cache
def centre(rate: float, sd: float) -> float:
    """The log odds whose share, over a normal spread of `sd`, is `rate` on average."""
    return float(brentq(lambda middle: float(_WEIGHTS @ expit(middle + sd * _NODES)) - rate, -15, 15))


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
