"""How the learning rate changes with the step: a pure function, so that a resumed run needs no state for it."""

from __future__ import annotations

import math

WARM_UP = 0.1
"""Share of the steps over which "onecycle" rises."""


def factor(schedule: str, done: float) -> float:
    """What the learning rate is multiplied by when the share `done` (0..1) of the budget is spent.

    "constant": 1. "linear": from 1 straight down to 0. "cosine": from 1 down to 0 along half a cosine. "onecycle": a linear rise over the
    first tenth, then the cosine.
    A schedule that ends near zero lets a small budget finish: the published constant rates count on hundreds of thousands of steps.
    """
    if schedule == "constant":
        return 1.0
    if schedule == "linear":
        return 1.0 - done
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if schedule == "onecycle":
        if done < WARM_UP:
            return done / WARM_UP
        return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))
    raise ValueError(f"no schedule {schedule!r}: constant, linear, cosine, onecycle")
