"""The facts a model file states about its colorizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Objective = Literal["floor", "regression", "classification", "running_histogram", "adversarial", "two_stage", "multiscale", "joint"]
"""The family of a colorizer's loss; each is a module of huelab.objectives."""
Optimizer = Literal["rmsprop", "adam", "adadelta"]
Schedule = Literal["constant", "cosine", "onecycle", "linear"]
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
    choose: str = ""
    """When to choose it, in a sentence or two, for someone who has photographs and a budget."""
    licence: str
    """Of the ideas and code it was re-implemented from."""
    objective: Objective
    output: Literal["ab", "bins"]
    ab_scale: float = 1.0
    """The published unit of ab in the loss: targets are CIE ab over this."""
    input_size: int = 0
    """Pixels of a side of the published training pictures; 0: a floor."""
    needs: tuple[Literal["backbone", "labels"], ...] = ()
    """backbone: it looks at the picture through a classifier as well; labels: it learns the photographs' folder names too."""
    one_picture: bool = False
    """It memorises one picture and is judged on that picture alone."""
