"""Photographs become pictures at planned places of the store. Runs in worker processes: only what was found comes back, no pixels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huelab.data.geometry import Recipe, Source, make
from huelab.data.resize import Box
from huelab.data.shards import ShardPlaces
from huelab.data.training_colours import Counted, TrainingColours


@dataclass(frozen=True)
class Planned:
    """A photograph, the place of its first picture in the store, and which of its pictures train (0 is the first)."""

    source: Source
    first: int
    training: tuple[int, ...]


@dataclass(frozen=True)
class Placed:
    """The content rectangles of the pictures that a photograph gave, or why there are none."""

    boxes: list[Box]
    problem: str = ""


def place_all(batch: Sequence[Planned], recipe: Recipe, places: ShardPlaces, step: int) -> tuple[list[Placed], Counted]:
    """Makes the pictures of a batch and writes them; gives what each photograph became, and the colours of those that train.

    Raises OSError when the disk is full, never for an unreadable photograph: its places stay empty.
    """
    colours = TrainingColours(step)
    placed = []
    for planned in batch:
        made = make(planned.source, recipe)
        places.write(planned.first, made.pictures)
        if not made.problem:
            add_training(colours, made.pictures, made.boxes, planned.training)
        placed.append(Placed(made.boxes, made.problem))
    return placed, colours.counted()


def add_training(colours: TrainingColours, pictures: NDArray[np.uint8], boxes: Sequence[Box], training: Iterable[int]) -> None:
    """Counts those of a photograph's pictures (n, size, size, 3) that train, without their padding."""
    for index in training:
        top, left, height, width = boxes[index]
        colours.add(pictures[index, top : top + height, left : left + width])
