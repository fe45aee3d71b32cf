"""Interval dot plots, one per metric: a dot and an interval for each model, in the order of the leaderboard; floors are gray diamonds."""

from __future__ import annotations

import math
from html import escape

from huelab.evaluation.leaderboard import Row
from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.leaderboard_table import key_metrics
from huelab.evaluation.report.markup import folded, padded, section, svg, ticks
from huelab.evaluation.tables import heading, number
from huelab.metrics.definition import Metric

_WIDTH, _RIGHT, _LINE, _TOP = 420, 66, 24, 30


def intervals(found: Contents) -> str:
    """The section."""
    board = found.board
    key = key_metrics(board)
    plots = [_grid(found, columns) for columns in (key, [metric for metric in board.metrics if metric not in key])]
    if not any(plots):
        return ""
    line = f"line: {board.confidence:.0%} interval over photographs; " if board.n_photos > 1 else "one photograph, so no intervals; "
    note = f"Dot: mean; {line}gray diamonds: floors; dashed line in colorfulness: the photographs themselves."
    more = folded("The other metrics", plots[1]) if plots[1] else ""
    return section("intervals", "Intervals", f'{plots[0]}<p class="note">{note}</p>{more}')


def _grid(found: Contents, columns: list[Metric]) -> str:
    panels = "".join(f'<div class="panel">{plot}</div>' for metric in columns if (plot := dots(found, metric)))
    return f'<div class="plots">{panels}</div>' if panels else ""


def dots(found: Contents, metric: Metric) -> str:
    """One plot; nothing where no model has a score."""
    board = found.board
    rows = [row for row in board.rows if math.isfinite(row.scores[metric.name].mean)]
    if not rows:
        return ""
    truth = board.truth_colorfulness if metric.name == "colorfulness" else None
    ends = [end for row in rows for end in _ends(row, metric)] + ([] if truth is None else [truth])
    low, high = padded(min(ends), max(ends))
    left = 16 + min(7.2 * max(len(row.model) for row in rows), 150)
    bottom = _TOP + _LINE * len(rows)

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (_WIDTH - left - _RIGHT)

    parts = [f'<text class="head" x="0" y="16">{escape(heading(metric))}</text>']
    for tick in ticks(low, high, 5):
        parts.append(f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="26" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{bottom + 14}" text-anchor="middle">{tick:g}</text>')
    if truth is not None:
        parts.append(f'<line class="floor" x1="{x(truth):.1f}" x2="{x(truth):.1f}" y1="26" y2="{bottom}"><title>photographs</title></line>')
    for place, row in enumerate(rows):
        estimate, y, ink = row.scores[metric.name], _TOP + _LINE * (place + 0.5), found.ink(row.model)
        parts.append(f'<text class="label" x="{left - 10:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(_short(row.model))}</text>')
        if estimate.low is not None and estimate.high is not None:
            ends_at = f'x1="{x(estimate.low):.1f}" x2="{x(estimate.high):.1f}"'
            parts.append(f'<line {ends_at} y1="{y}" y2="{y}" style="stroke:{ink}" stroke-width="3"/>')
        at = x(estimate.mean)
        if row.floor:
            parts.append(f'<path d="M{at - 6:.1f} {y}l6 -6 6 6 -6 6z" style="fill:{ink}"/>')
        else:
            parts.append(f'<circle class="dot" cx="{at:.1f}" cy="{y}" r="5.5" style="fill:{ink}"/>')
        parts.append(f'<text class="value" x="{_WIDTH - _RIGHT + 10}" y="{y + 4:.1f}">{number(estimate.mean, metric)}</text>')
    return svg(_WIDTH, bottom + 22, f"{metric.title} of every model with its interval", parts)


def _short(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:19]}…"


def _ends(row: Row, metric: Metric) -> list[float]:
    estimate = row.scores[metric.name]
    return [value for value in (estimate.mean, estimate.low, estimate.high) if value is not None]
