"""A test picture again, cut from its photograph at a size that people can judge: networks see 64 pixels, people need more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from huelab.data.resize import Box, resize, scaled_to_longer, scaled_to_shorter

Rgb = NDArray[np.uint8]


def cut(photograph: Rgb, item_id: str, meta: Mapping[str, Any], side: int) -> Rgb:
    """What the store's picture `item_id` shows of `photograph` (h, w, 3), its longer side `side` pixels; no padding, no distortion.

    `meta` is the store's meta.json. It covers the same part of the photograph as the content of the picture that was scored.
    """
    height, width = photograph.shape[:2]
    if meta["split_by"] == "region":
        top, left, down, across = _tile(height, width, item_id, int(meta["photograph_side"]), int(meta["size"]))
    elif meta["ratio"] == "crop":
        short = min(height, width)
        top, left, down, across = (height - short) // 2, (width - short) // 2, short, short
    else:
        top, left, down, across = 0, 0, height, width
    return resize(photograph[top : top + down, left : left + across], *scaled_to_longer(down, across, side))


def _tile(height: int, width: int, item_id: str, region_side: int, size: int) -> Box:
    """Top, left, height and width of a tile in its photograph; see data.geometry for how it was cut from a smaller copy."""
    row, column = (int(part) for part in item_id.split("-")[1:])
    small_height, small_width = scaled_to_shorter(height, width, region_side)
    top = (small_height - small_height // size * size) // 2 + row * size
    left = (small_width - small_width // size * size) // 2 + column * size
    down, across = height / small_height, width / small_width
    first, last = round(top * down), round((top + size) * down)
    start, end = round(left * across), round((left + size) * across)
    return first, start, last - first, end - start
