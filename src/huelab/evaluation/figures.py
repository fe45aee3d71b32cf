"""Inline SVG of the report: interval dot plots and learning curves. Colours of text and lines come from the page, for light and dark."""

from __future__ import annotations

import math
from html import escape

from huelab.evaluation.curves import Curves
from huelab.evaluation.leaderboard import Leaderboard, Row
from huelab.evaluation.palette import colour
from huelab.evaluation.tables import heading, number
from huelab.metrics.definition import Metric

_STYLES = ("", "7 3", "7 3 2 3", "2 3")  # the stroke-dasharray of curves, so that they differ without colour too


def intervals(board: Leaderboard, metric: Metric) -> str:
    """One dot and interval per model of one metric, best first as ranked; floors are gray diamonds."""
    rows = [row for row in board.rows if math.isfinite(row.scores[metric.name].mean)]
    if not rows:
        return ""
    ends = [end for row in rows for end in _ends(row, metric)]
    truth = board.truth_colorfulness if metric.name == "colorfulness" else None
    low, high = _padded(min([*ends, *([truth] if truth is not None else [])]), max([*ends, *([truth] if truth is not None else [])]))
    width, left, right, line = 420, 92, 66, 24
    height = 30 + line * len(rows) + 22

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (width - left - right)

    parts = [f'<text class="head" x="0" y="16">{escape(heading(metric))}</text>']
    bottom = 30 + line * len(rows)
    for tick in _ticks(low, high, 4):
        parts.append(f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="26" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{bottom + 14}" text-anchor="middle">{tick:g}</text>')
    if truth is not None:
        parts.append(f'<line class="floor" x1="{x(truth):.1f}" x2="{x(truth):.1f}" y1="26" y2="{bottom}"><title>photographs</title></line>')
    for place, row in enumerate(rows):
        estimate, y = row.scores[metric.name], 30 + line * place + line / 2
        parts.append(f'<text class="label" x="{left - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(row.model)}</text>')
        ink = colour(row.model)
        if estimate.low is not None and estimate.high is not None:
            parts.append(
                f'<line x1="{x(estimate.low):.1f}" x2="{x(estimate.high):.1f}" y1="{y}" y2="{y}" stroke="{ink}" stroke-width="3"/>'
            )
        at = x(estimate.mean)
        if row.floor:
            parts.append(f'<path d="M{at - 6:.1f} {y}l6 -6 6 6 -6 6z" fill="{ink}"/>')
        else:
            parts.append(f'<circle class="dot" cx="{at:.1f}" cy="{y}" r="5.5" fill="{ink}"/>')
        parts.append(f'<text class="value" x="{width - right + 10}" y="{y + 4:.1f}">{number(estimate.mean, metric)}</text>')
    return _svg(width, height, f"{metric.title} of every model with its interval", parts)


def curves(drawn: Curves) -> str:
    """Validation MSE over steps; floors are horizontal lines with their names."""
    shown = [curve for curve in drawn.learned if curve.steps]
    if not shown or drawn.top <= 0:
        return ""
    width, height, left, right, top, bottom = 900, 400, 64, 20, 16, 342
    last = max(max(curve.steps) for curve in shown)

    def x(step: float) -> float:
        return left + step / last * (width - left - right)

    def y(value: float) -> float:
        return bottom - min(value, drawn.top) / drawn.top * (bottom - top)

    parts = []
    for tick in _ticks(0, drawn.top, 5):
        parts.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in _ticks(0, last, 8):
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text class="tick" x="{(left + width - right) / 2}" y="{bottom + 38}" text-anchor="middle">training steps</text>')
    for place, (name, value) in enumerate(sorted(drawn.floors.items(), key=lambda item: item[1])):
        at = y(value)
        parts.append(f'<line class="floor" x1="{left}" x2="{width - right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        beside = at + 14 if place == 0 and len(drawn.floors) > 1 else at - 5  # the lower line's name below it, the upper one's above
        parts.append(f'<text class="tick" x="{width - right}" y="{beside:.1f}" text-anchor="end">{escape(name)} (floor)</text>')
    for place, curve in enumerate(shown):
        points = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in zip(curve.steps, curve.values, strict=True))
        dash = f' stroke-dasharray="{_STYLES[place % len(_STYLES)]}"' if place % len(_STYLES) else ""
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour(curve.model)}" stroke-width="2.2"{dash}/>')
        for step, value in zip(curve.steps, curve.values, strict=True):
            if int(step) == curve.best:
                parts.append(f'<circle class="dot" cx="{x(step):.1f}" cy="{y(value):.1f}" r="5" fill="{colour(curve.model)}"/>')
    legend = "".join(
        f'<li><svg viewBox="0 0 34 8" aria-hidden="true"><line x1="0" x2="34" y1="4" y2="4" '
        f'stroke="{colour(curve.model)}" stroke-width="3" stroke-dasharray="{_STYLES[place % len(_STYLES)] or "none"}"/></svg> '
        f"{escape(curve.model)}"
        f"{' (its own picture)' if curve.one_picture else ''}</li>"
        for place, curve in enumerate(shown)
    )
    return _svg(width, height, "Validation MSE of ab/128 over training steps", parts) + f'<ul class="legend">{legend}</ul>'


def _ends(row: Row, metric: Metric) -> list[float]:
    estimate = row.scores[metric.name]
    return [value for value in (estimate.mean, estimate.low, estimate.high) if value is not None]


def _padded(low: float, high: float) -> tuple[float, float]:
    pad = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - pad, high + pad


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers within low..high, at most about `most`."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first = math.ceil(low / step)
    return [round(place * step, 12) for place in range(first, math.floor(high / step) + 1)]


def _svg(width: int, height: int, title: str, parts: list[str]) -> str:
    return f'<svg class="figure" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
