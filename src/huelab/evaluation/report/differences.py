"""Paired differences: each model minus the best and minus the floors, picture by picture, with what Holm's adjustment leaves of it."""

from __future__ import annotations

from html import escape

from huelab.evaluation.paired import Paired
from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import folded, table
from huelab.metrics.definition import Metric

_OTHERS = ("best", "gray", "mean")


def differences(found: Contents) -> str:
    """A table in the metric that the leaderboard is sorted by, folded; nothing where no two models were compared."""
    board = found.board
    metric = board.metric(board.sort)
    rows = []
    for row in board.rows:
        against = [row.versus.get(other, {}).get(metric.name) for other in _OTHERS]
        if any(one is not None for one in against):
            cells = [cell for one in against for cell in _cells(one, metric)]
            rows.append([f"{found.swatch(row.model)}{escape(row.model)}", *cells])
    if not rows:
        return ""
    head = ["model", *(cell for other in _OTHERS for cell in (f"minus {board.best if other == 'best' else other}", "p", "effect"))]
    note = (
        f"Differences of {metric.title} over the same photographs, with their {board.confidence:.0%} interval; "
        f"{metric.better} is better. p: adjusted by Holm over the family; effect: Cohen's d of the paired differences."
    )
    return folded(f"Paired differences in {metric.title}", table(head, rows) + f'<p class="note">{escape(note)}</p>')


def _cells(one: Paired | None, metric: Metric) -> list[str]:
    if one is None:
        return ["–", "–", "–"]
    spread = "" if one.low is None or one.high is None else f"<small>{one.low:+.{metric.digits}f} – {one.high:+.{metric.digits}f}</small>"
    return [
        f"{one.difference:+.{metric.digits}f}{spread}",
        _p(one.p if one.p_holm is None else one.p_holm),
        "–" if one.effect is None else f"{one.effect:+.2f}",
    ]


def _p(value: float | None) -> str:
    return "–" if value is None else "&lt; 0.001" if value < 0.001 else f"{value:.3f}"
