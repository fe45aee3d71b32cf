"""How the scores of single pictures are spread: a small histogram per model on one scale, with the floor gray as an outline behind it."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import folded, panel_head, section, svg, ticks
from huelab.evaluation.tables import heading, number
from huelab.metrics.definition import Metric

BARS = 24
_WIDTH, _HEIGHT, _BASE, _TOP = 200, 94, 72, 4
_FEW = 3
"""Pictures below which a histogram says nothing."""


def histograms(found: Contents) -> str:
    """The section: the metric that sorts, or the first that single pictures have; the others folded."""
    shown = sorted(
        (metric for metric in found.board.metrics if metric.kind == "paired"), key=lambda metric: metric.name != found.board.sort
    )
    drawn = [(metric, plots) for metric in shown if (plots := _of(found, metric))]
    if not drawn:
        return ""
    (first, plots), *rest = drawn
    note = (
        f"Pictures by their {first.title}, on one scale. Filled: the model; outline: gray, the same pictures without colour; the mark at "
        "the foot is the median. Scores beyond the middle 98 % stand in the outermost bars."
    )
    more = folded("The other metrics", "".join(f"<h3>{escape(heading(metric))}</h3>{plots}" for metric, plots in rest)) if rest else ""
    return section("histograms", "Scores picture by picture", f'<h3>{escape(heading(first))}</h3>{plots}<p class="note">{note}</p>{more}')


def _of(found: Contents, metric: Metric) -> str:
    order = [row.model for row in found.board.rows]
    tables = {one.name: one.table for one in found.evaluated if one.name in order and metric.name in one.table}
    scores = {name: _finite(tables[name], metric.name) for name in order if name in tables}
    everything = np.concatenate([*scores.values(), np.empty(0)])
    if len(everything) < _FEW:
        return ""
    low, high = (float(end) for end in np.quantile(everything, [0.01, 0.99]))
    if not high > low:
        return ""
    edges = np.linspace(low, high, BARS + 1)
    counts = {name: np.histogram(np.clip(values, low, high), edges)[0] for name, values in scores.items()}
    most = max(int(count.max()) for count in counts.values())
    floors = {row.model for row in found.board.rows if row.floor}
    panels = "".join(
        f'<div class="panel small">{_panel(found, name, scores[name], counts[name], counts.get("gray"), most, edges, metric)}</div>'
        for name in sorted(counts, key=lambda name: name in floors)
    )
    return f'<div class="multiples">{panels}</div>'


def _panel(
    found: Contents,
    name: str,
    scores: NDArray[np.float64],
    counts: NDArray[np.int64],
    gray: NDArray[np.int64] | None,
    most: int,
    edges: NDArray[np.float64],
    metric: Metric,
) -> str:
    wide = _WIDTH / BARS

    def tall(count: int) -> float:
        return count / most * (_BASE - _TOP)

    def x(value: float) -> float:
        return float(np.clip((value - edges[0]) / (edges[-1] - edges[0]), 0, 1)) * _WIDTH

    median = float(np.median(scores))
    parts: list[str] = []
    bars = "".join(
        f"M{place * wide + 0.6:.1f} {_BASE}v{-tall(int(count)):.1f}h{wide - 1.2:.1f}v{tall(int(count)):.1f}z"
        for place, count in enumerate(counts)
        if count
    )
    parts.append(f'<path d="{bars}" style="fill:{found.ink(name)}"/>')
    if gray is not None and name != "gray":
        outline = "".join(f"V{_BASE - tall(int(count)):.1f}H{(place + 1) * wide:.1f}" for place, count in enumerate(gray))
        parts.append(f'<path class="outline" d="M0 {_BASE}{outline}V{_BASE}"/>')
    parts.append(f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{_BASE}" y2="{_BASE}"/>')
    parts.append(f'<path class="mark" d="M{x(median):.1f} {_BASE}l5 8h-10z"/>')
    for tick in ticks(float(edges[0]), float(edges[-1]), 4):
        anchor = "start" if x(tick) < 12 else "end" if x(tick) > _WIDTH - 12 else "middle"
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{_HEIGHT - 2}" text-anchor="{anchor}">{tick:g}</text>')
    head = panel_head(f"{found.swatch(name)}{escape(name)}", f"median {number(median, metric)}")
    return head + svg(
        _WIDTH, _HEIGHT, f"Histogram of {metric.title} of {name}: {len(scores)} pictures, median {number(median, metric)}", parts
    )


def _finite(table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    scores = table[column].to_numpy(np.float64)
    return np.asarray(scores[np.isfinite(scores)], np.float64)
