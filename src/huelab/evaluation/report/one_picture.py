"""Models that memorised one picture: how well each memorises it, beside what the floors score there. Never ranked with the others."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import table
from huelab.evaluation.tables import heading, number
from huelab.metrics.definition import Metric


def one_picture(found: Contents, columns: Sequence[Metric]) -> str:
    """A small table of these metrics per such model; nothing where there is none."""
    board, parts = found.board, []
    for row in board.own:
        lines: list[tuple[str, dict[str, float | None]]] = [
            (f"{found.swatch(row.model)}{escape(row.model)}", {name: score.mean for name, score in row.scores.items()})
        ]
        lines += [(f"<i>{escape(name)} there</i>", scores) for name, scores in row.floors.items()]
        cells = [[name, *(number(scores.get(metric.name), metric) for metric in columns)] for name, scores in lines]
        parts.append(
            f"<h3>{escape(row.model)}: one memorised picture</h3><p class='note'>{escape(row.title)} was trained on gallery picture "
            f"{escape(row.one_picture)} alone and is judged on its own picture alone: how well it memorises, not how well it colours.</p>"
            + table(["", *(escape(heading(metric)) for metric in columns)], cells)
        )
    return "".join(parts)
