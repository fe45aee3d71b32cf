"""The facts a model file states about its colorizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Objective = Literal["floor", "regression", "classification", "adversarial"]
Optimizer = Literal["rmsprop", "adam"]
Schedule = Literal["constant", "cosine", "onecycle"]
"""Of the learning rate, see training.schedule."""


@dataclass(frozen=True, kw_only=True)
class Info:
    """Where a colorizer comes from and what it gives."""

    title: str
    paper: str
    """Authors, title, venue or repository; empty for a floor."""
    year: int
    changes: str
    """What differs from the source, in a sentence; empty: nothing."""
    licence: str
    """Of the ideas and code it was re-implemented from."""
    objective: Objective
    output: Literal["ab", "bins"]
    ab_scale: float = 1.0
    """The published unit of ab in the loss: targets are CIE ab over this."""
    input_size: int = 0
    """Pixels of a side of the published training pictures; 0: a floor."""
    one_picture: bool = False
    """It memorises one picture and is judged on that picture alone."""
