"""Who sees what: a person's plan from the study, the pictures and a cell of the photograph x treatment square. Pure; replay gives the same.

A treatment is what a photograph is shown as: a model's picture (pair), a model's or the real one (single), two models (prefer). In row r of
the square photograph i gets treatment i + r, so over the rows every photograph is seen under every treatment equally often. Where there are
more photographs than a person sees, people see different stretches of the same seeded order, so that all are seen equally often.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import ceil
from typing import Literal

from huelab.errors import SurveyError
from huelab.survey.study import Study

LONGEST_RUN = 4
"""Trials in a row whose fake is on the same side (in mode single: that are all real or all fake)."""

_TRIED = 100
"""Cells whose plan is drawn when a study is made."""

Kind = Literal["real", "model", "catch"]


@dataclass(frozen=True)
class Shown:
    """One picture of a trial."""

    kind: Kind
    model: str = ""


@dataclass(frozen=True)
class Planned:
    """One trial. `right` is None in mode single; fake_side: left, right, only (single and fake), "" (single and real, or prefer)."""

    k: int
    role: Literal["practice", "main", "catch"]
    photo_id: str
    left: Shown
    right: Shown | None
    fake_side: str


Treatment = tuple[Shown, ...]
"""What a photograph is shown as, beside the real picture in mode pair."""

REAL, CATCH = Shown("real"), Shown("catch")


def treatments(study: Study) -> list[Treatment]:
    """The columns of the square, in the study's order of models."""
    models = [Shown("model", name) for name in study.models]
    if study.mode == "prefer":
        return list(combinations(models, 2))
    if study.mode == "single":  # half of what is seen is real
        return [one for model in models for one in ((model,), (REAL,))]
    return [(model,) for model in models]


def stretches(study: Study, photographs: int) -> int:
    """How many different stretches of `photographs` main ones people see."""
    return max(1, ceil(photographs / study.trials))


def cells(study: Study, photographs: int) -> int:
    """How many different plans the square has for `photographs` main ones: rows times stretches."""
    return len(treatments(study)) * stretches(study, photographs)


def check(study: Study, *, practice: int, main: int) -> None:
    """Raises SurveyError where there are fewer photographs than a person must see: each is seen once at most."""
    lacking = []
    if practice < study.practice:
        lacking.append(f"{study.practice} for practice, found {practice}")
    if main < study.trials + study.catches:
        lacking.append(f"{study.trials} + {study.catches} for main and catch trials, found {main}")
    if lacking:
        raise SurveyError(
            f"The study needs more photographs: {'; '.join(lacking)}. Ask fewer trials (trials, catches, practice), or render more "
            "(survey.photographs in params.yaml)."
        )


def require_possible(study: Study, *, practice: Sequence[str], main: Sequence[str]) -> None:
    """Draws a plan of each cell (of many: of some all over the square), for what cannot be drawn must not be noticed by participants.

    Raises SurveyError as `check` and `plan` do.
    """
    check(study, practice=len(practice), main=len(main))
    every = cells(study, len(main))
    for cell in range(0, every, max(1, every // _TRIED)):
        plan(study, practice=practice, main=main, cell=cell, person=f"trial {cell}")


def plan(study: Study, *, practice: Sequence[str], main: Sequence[str], cell: int, person: str) -> list[Planned]:
    """The trials of `person` (their id) in `cell` (0..cells-1), in order. `practice` and `main` are the photographs' ids.

    Sides are balanced within person and treatment, no run is longer than LONGEST_RUN, catch trials are never first, last or neighbours.
    """
    check(study, practice=len(practice), main=len(main))
    draw = random.Random(f"{study.sha256()} {cell} {person}")
    order = _in_order(study, main)
    square = treatments(study)
    stretch, row = divmod(cell % cells(study, len(main)), len(square))
    start = stretch * len(main) // stretches(study, len(main))
    seen = [(place % len(main), order[place % len(main)]) for place in range(start, start + study.trials + study.catches)]
    chosen = [(photo, square[(place + row) % len(square)]) for place, photo in seen[: study.trials]]
    mains = _sided(study, "main", chosen, draw)
    catches = _sided(study, "catch", [(photo, (CATCH,)) for _, photo in seen[study.trials :]], draw)
    exercise = _exercise(study, practice, draw)
    trials = [*exercise, *_in_sequence(mains, catches, draw)]
    return [Planned(k, one.role, one.photo_id, one.left, one.right, one.fake_side) for k, one in enumerate(trials)]


def _in_order(study: Study, main: Sequence[str]) -> list[str]:
    """The main photographs in an order that depends on the study alone, whatever order they came in."""
    order = sorted(main)
    random.Random(f"{study.sha256()} photographs").shuffle(order)
    return order


def _exercise(study: Study, practice: Sequence[str], draw: random.Random) -> list[Planned]:
    photographs = draw.sample(sorted(practice), study.practice)
    square = treatments(study)
    start = draw.randrange(len(square))
    rows = [(photo, square[(start + place) % len(square)]) for place, photo in enumerate(photographs)]
    trials = _sided(study, "practice", rows, draw)
    draw.shuffle(trials)
    return trials


def _sided(
    study: Study, role: Literal["practice", "main", "catch"], rows: list[tuple[str, Treatment]], draw: random.Random
) -> list[Planned]:
    """Trials with sides: within each treatment as many left as right, an odd one by lot."""
    by_treatment: dict[Treatment, list[str]] = {}
    for photo, treatment in rows:
        by_treatment.setdefault(treatment, []).append(photo)
    trials = []
    for treatment, photos in by_treatment.items():
        half = len(photos) // 2 + (draw.random() < 0.5) * (len(photos) % 2)
        draw.shuffle(photos)
        trials += [_trial(study, role, photo, treatment, first=place < half) for place, photo in enumerate(photos)]
    return trials


def _trial(study: Study, role: Literal["practice", "main", "catch"], photo: str, treatment: Treatment, *, first: bool) -> Planned:
    if study.mode == "single":
        return Planned(0, role, photo, treatment[0], None, "" if treatment[0] == REAL else "only")
    pair = (treatment[0], REAL if len(treatment) == 1 else treatment[1])
    left, right = pair if first else pair[::-1]
    fake = "" if len(treatment) == 2 else "left" if first else "right"
    return Planned(0, role, photo, left, right, fake)


def _in_sequence(mains: list[Planned], catches: list[Planned], draw: random.Random) -> list[Planned]:
    """Main and catch trials in one order that keeps the promises of `plan`."""
    gaps = _gaps(len(mains), len(catches), draw)
    kinds = [kind for place in range(len(mains)) for kind in (["main", "catch"] if place in gaps else ["main"])]
    for _ in range(1000):
        pools = {"main": list(mains), "catch": list(catches)}
        for pool in pools.values():
            draw.shuffle(pool)
        found: list[Planned] = []
        for kind in kinds:
            recent = [_pole(one) for one in found[-LONGEST_RUN:]]
            worn = recent[0] if len(recent) == LONGEST_RUN and len(set(recent)) == 1 and recent[0] else None
            place = next((place for place, one in enumerate(pools[kind]) if worn is None or _pole(one) != worn), None)
            if place is None:
                break
            found.append(pools[kind].pop(place))
        else:
            return found
    raise SurveyError(f"No order of {len(mains)} main and {len(catches)} catch trials keeps runs to {LONGEST_RUN}: ask fewer catches.")


def _pole(trial: Planned) -> str | None:
    """What must not stay the same too long: the fake's side, or real and fake in mode single; None where a trial has neither."""
    if trial.right is None:
        return trial.fake_side or "real"
    return trial.fake_side or None


def _gaps(mains: int, catches: int, draw: random.Random) -> set[int]:
    """After which main trials a catch comes: one somewhere in each of `catches` equal parts, never after the last."""
    if catches >= mains:
        raise SurveyError(f"{catches} catch trials cannot stand apart between {mains} main ones: ask at most {mains - 1}.")
    edges = [part * (mains - 1) // catches for part in range(catches + 1)] if catches else []
    return {draw.randrange(low, high) for low, high in pairwise(edges)}
