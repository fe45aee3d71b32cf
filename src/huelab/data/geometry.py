"""How one photograph becomes standardized pictures: one square, or tiles of disjoint regions.

Runs in worker processes, so it imports little.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import PIL
from numpy.typing import NDArray

from huelab.data import photo
from huelab.data.resize import Box, Ratio, least_side, resize, scaled_to_shorter, square

_VERSION = 1  # raised whenever the pixels of a standardized picture change


@dataclass(frozen=True)
class Recipe:
    """All that decides the pixels of a standardized picture besides the photograph."""

    size: int
    ratio: Ratio
    region_side: int
    """Shorter side to which a photograph is scaled before it is cut into tiles; 0: the whole photograph becomes one picture."""
    max_pixels: int

    def key(self) -> str:
        """Pictures made under equal keys are equal."""
        way = f"tiles of {self.region_side}" if self.region_side else self.ratio
        return f"{_VERSION}, {self.size} px, {way}, opencv {cv2.__version__}, pillow {PIL.__version__}"


@dataclass(frozen=True)
class Source:
    """A photograph as it was inspected: width and height the right way up."""

    file: Path
    width: int
    height: int


@dataclass(frozen=True)
class Made:
    """The pictures (n, size, size, 3) of one photograph with their content rectangles, or why there are none."""

    pictures: NDArray[np.uint8]
    boxes: list[Box]
    problem: str = ""


def grid(height: int, width: int, recipe: Recipe) -> list[tuple[int, int]]:
    """Row and column of each picture that a photograph of that size gives: (0, 0) alone, or all tiles that fit."""
    if not recipe.region_side:
        return [(0, 0)]
    height, width = scaled_to_shorter(height, width, recipe.region_side)
    return [(row, column) for row in range(height // recipe.size) for column in range(width // recipe.size)]


def make(source: Source, recipe: Recipe) -> Made:
    """Reads one photograph and standardizes it; never raises for an unreadable one."""
    nothing = np.empty((0, recipe.size, recipe.size, 3), np.uint8)
    shape = (source.height, source.width)
    if recipe.region_side:
        needed = min(scaled_to_shorter(*shape, recipe.region_side))
    else:
        needed = least_side(*shape, recipe.size, recipe.ratio)
    try:
        rgb, facts = photo.read(source.file, max_pixels=recipe.max_pixels, least_side=needed)
    except photo.UnreadablePhoto as error:
        return Made(nothing, [], f"{error.reason}: {error.detail}" if error.detail else error.reason)
    if (facts.height, facts.width) != shape:
        found = f"{facts.width} x {facts.height} pixels instead of {source.width} x {source.height}"
        return Made(nothing, [], f"changed since it was inspected: {found}")
    if not recipe.region_side:
        picture, box = square(rgb, recipe.size, recipe.ratio)
        return Made(picture[None], [box])
    tiles = _tiles(resize(rgb, *scaled_to_shorter(*shape, recipe.region_side)), recipe.size)
    return Made(tiles, [(0, 0, recipe.size, recipe.size)] * len(tiles))


def _tiles(rgb: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The (n, size, size, 3) tiles of a picture (h, w, 3), row by row; what does not fill a tile is left over evenly on both sides."""
    rows, columns = rgb.shape[0] // size, rgb.shape[1] // size
    top, left = (rgb.shape[0] - rows * size) // 2, (rgb.shape[1] - columns * size) // 2
    middle = rgb[top : top + rows * size, left : left + columns * size]
    return middle.reshape(rows, size, columns, size, 3).swapaxes(1, 2).reshape(-1, size, size, 3)
