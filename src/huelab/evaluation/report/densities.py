"""Where in the ab plane the colours of the photographs lie, and those of each model: heat maps on a log scale, the plane itself as key."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from huelab.color import lab
from huelab.evaluation import ab_density
from huelab.evaluation.ab_density import REACH, STEP
from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import panel_head, png, section, svg

Counts = NDArray[np.int64]

MOST = 0.99
"""The outline drawn over every map holds this share of the photographs' pixels."""
_SIDE, _LEFT, _TOP, _BELOW = 200, 26, 4, 18
_DECADES = 4
"""Shares from this many powers of ten below the highest are told apart."""
_LIGHTNESS = tuple(range(70, 20, -5)) + tuple(range(75, 100, 5))
"""At which of these a cell of the key is shown: the first at which sRGB has its colour."""


def densities(found: Contents) -> str:
    """The section; nothing where no pixels were counted."""
    order = [row.model for row in found.board.rows if not row.floor] + [row.model for row in found.board.rows if row.floor]
    folders = {one.name: one.folder for one in found.evaluated}
    read = {name: counts for name in order if (counts := ab_density.read(folders[name])) is not None and counts.sum()}
    if not read:
        return ""
    truth = next(iter(read.values()))[0]
    half = _half([truth, *(counts[1] for counts in read.values())])
    top = float(_shares(truth).max())
    outline = _outline(truth, half)
    panels = [_panel("", "key", _key(half), half, outline)]
    panels.append(_panel("", "photographs", _heat(truth, half, top), half, outline))
    for name, (_, made) in read.items():
        note = f"{overlap(truth, made):.0%} shared"
        panels.append(_panel(found.swatch(name), name, _heat(made, half, top), half, outline, note))
    cells = "".join(f'<div class="panel small">{panel}</div>' for panel in panels)
    note = (
        f"Pixels of all test pictures by a (green to red, across) and b (blue to yellow, upwards), in cells of {STEP} CIE units; dark blue "
        f"few, yellow many, on a log scale over {_DECADES} powers of ten. Key: the colours that lie there. Outline: the cells that hold "
        f"{MOST:.0%} of the photographs' pixels. “Shared”: the part of a model's pixels that would fit over the photographs' own; 100 % is "
        "the same palette in the same amounts."
    )
    return section("colours", "Which colours are used", f'<div class="multiples">{cells}</div><p class="note">{escape(note)}</p>')


def overlap(truth: Counts, made: Counts) -> float:
    """Intersection of two histograms as shares, 0..1."""
    return float(np.minimum(_shares(truth), _shares(made)).sum())


def _shares(counts: Counts) -> NDArray[np.float64]:
    return np.asarray(counts / max(1, counts.sum()), np.float64)


def _half(all_counts: list[Counts]) -> int:
    """Cells each way from the middle to show: all that any map needs, and a little air."""
    together = np.sum(all_counts, axis=0)
    rows, columns = np.nonzero(together)
    middle = len(together) // 2
    farthest = max(int(np.abs(np.concatenate([rows, columns]) - middle + 0.5).max()) + 1, 4)
    return min(middle, farthest + 1)


def _cut(plane: NDArray[np.generic], half: int) -> NDArray[np.generic]:
    """The middle of the plane as a picture: b upwards, a to the right."""
    middle = len(plane) // 2
    part = plane[middle - half : middle + half, middle - half : middle + half]
    return np.swapaxes(part, 0, 1)[::-1]


def _heat(counts: Counts, half: int, top: float) -> NDArray[np.uint8]:
    import matplotlib as mpl

    shares = np.asarray(_cut(_shares(counts), half), np.float64)
    with np.errstate(divide="ignore"):
        level = 1 + np.log10(shares / top) / _DECADES
    rgba = np.asarray(mpl.colormaps["cividis"](np.clip(level, 0, 1), bytes=True), np.uint8).copy()
    rgba[shares == 0] = 0
    return rgba


def _key(half: int) -> NDArray[np.uint8]:
    """The colour of every cell that sRGB can show, at the lightness nearest to 70 at which it can."""
    centres = np.arange(-REACH + STEP / 2, REACH, STEP, dtype=np.float32)
    a, b = np.meshgrid(centres, centres, indexing="ij")
    rgba = np.zeros((*a.shape, 4), np.uint8)
    for lightness in _LIGHTNESS:
        wanted = np.stack([np.full_like(a, lightness), a, b], axis=-1)
        rgb = lab.lab_to_rgb(wanted)
        there = np.abs(lab.rgb_to_lab(rgb) - wanted).max(axis=-1) < 1.5  # what lies outside sRGB is moved when it is rendered
        new = there & (rgba[..., 3] == 0)
        rgba[new, :3], rgba[new, 3] = rgb[new], 255
    return np.ascontiguousarray(_cut(rgba, half)).astype(np.uint8)


def _outline(truth: Counts, half: int) -> str:
    """The border of the fullest cells that hold MOST of the pixels, as an SVG path."""
    ranked = np.sort(truth.ravel())[::-1]
    enough = ranked[np.searchsorted(np.cumsum(ranked), MOST * ranked.sum())]
    inside = np.pad(np.asarray(_cut(truth >= max(enough, 1), half), bool), 1)
    cell = _SIDE / (2 * half)
    parts = []
    for row, column in np.argwhere(inside):
        x, y = _LEFT + (column - 1) * cell, _TOP + (row - 1) * cell
        if not inside[row - 1, column]:
            parts.append(f"M{x:.1f} {y:.1f}h{cell:.2f}")
        if not inside[row + 1, column]:
            parts.append(f"M{x:.1f} {y + cell:.1f}h{cell:.2f}")
        if not inside[row, column - 1]:
            parts.append(f"M{x:.1f} {y:.1f}v{cell:.2f}")
        if not inside[row, column + 1]:
            parts.append(f"M{x + cell:.1f} {y:.1f}v{cell:.2f}")
    return "".join(parts)


def _panel(swatch: str, name: str, rgba: NDArray[np.uint8], half: int, outline: str, note: str = "") -> str:
    middle, reach = _SIDE / 2, half * STEP
    mark = reach // 2 // 10 * 10 or 10
    parts = [
        f'<rect class="plane" x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}"/>',
        f'<image x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" href="{png(rgba)}" style="image-rendering:pixelated"/>',
        f'<line class="cross" x1="{_LEFT}" x2="{_LEFT + _SIDE}" y1="{_TOP + middle}" y2="{_TOP + middle}"/>',
        f'<line class="cross" x1="{_LEFT + middle}" x2="{_LEFT + middle}" y1="{_TOP}" y2="{_TOP + _SIDE}"/>',
        f'<path class="contour" d="{outline}"/>',
    ]
    for value in (-mark, 0, mark):
        away = value / reach * middle
        parts.append(f'<text class="tick" x="{_LEFT + middle + away:.1f}" y="{_TOP + _SIDE + 13}" text-anchor="middle">{value:g}</text>')
        parts.append(f'<text class="tick" x="{_LEFT - 4}" y="{_TOP + middle - away + 4:.1f}" text-anchor="end">{value:g}</text>')
    head = panel_head(f"{swatch}{escape(name)}", note)
    title = f"ab plane, {name}{', ' + note if note else ''}"
    return head + svg(_LEFT + _SIDE + 6, _TOP + _SIDE + _BELOW, title, parts)
