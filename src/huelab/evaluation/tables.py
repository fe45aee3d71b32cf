"""The leaderboard as CSV, Markdown, JSON and one printed block: the same numbers in four dresses."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from huelab.evaluation.intervals import Estimate
from huelab.evaluation.leaderboard import BEAT_IN, MUST_BEAT, Leaderboard, Row, Verdict
from huelab.metrics.definition import Metric

FEW = 20
"""Photographs below which percentile bootstrap intervals are known to cover less than they say."""
ARROWS = {"lower": "↓", "higher": "↑", "none": ""}


def number(value: float | None, metric: Metric) -> str:
    """With the metric's decimals; – for none, NaN or infinity."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{metric.digits}f}"


def score(estimate: Estimate, metric: Metric) -> str:
    """Mean and, where there is one, its interval."""
    text = number(estimate.mean, metric)
    if estimate.low is not None:
        text += f" [{number(estimate.low, metric)}, {number(estimate.high, metric)}]"
    return text


def between_seeds(row: Row, metric: Metric) -> str:
    """The standard deviation between seeds, "±0.05"; empty for one seed."""
    found = row.between_seeds.get(metric.name)
    return "" if found is None else f"±{number(found, metric)}"


def heading(metric: Metric) -> str:
    """Title and direction."""
    return f"{metric.title} {ARROWS[metric.better]}".strip()


def verdict(row: Row) -> str:
    """Whether a learned model beats gray and mean, in words."""
    if row.floor:
        return "floor"
    return "; ".join(f"{name}: {_beaten(found)}" for name, found in row.beats.items()) or "–"


def _beaten(found: Verdict) -> str:
    if found.beaten is not None:
        return "yes" if found.beaten else "no"
    if found.difference.low is None:
        return f"{'ahead' if found.difference.mean < 0 else 'behind'} (no interval)"
    return f"{'ahead' if found.difference.mean < 0 else 'behind'}, within chance"


def facts(board: Leaderboard) -> list[str]:
    """The sentences without which the numbers must not be read."""
    pictures = f"{board.n_items} test pictures of {board.n_photos} {'photograph' if board.n_photos == 1 else 'photographs'}"
    if board.n_photos > 1:
        spread = f"Intervals: {board.confidence:.0%} percentile bootstrap over photographs ({board.draws} draws, seeded)."
        if board.n_photos < FEW:
            spread += f" With fewer than {FEW} photographs such intervals are too narrow."
    else:
        spread = "One photograph: no intervals, for nothing is known about how other photographs would do."
    seeds = max((row.seeds for row in board.rows), key=len, default=())
    if len(seeds) > 1:
        spread += f" Each learned model is the mean of {len(seeds)} seeds; ± is the standard deviation between them."
    lines = [board.protocol, f"Data {board.data_hash}: {pictures}. Sorted by {board.sort}. {spread}"]
    if board.budget:
        lines.append(board.budget)
    if board.truth_colorfulness is not None:
        lines.append(f"The photographs' own colorfulness is {board.truth_colorfulness:.1f}.")
    return lines


def to_json(board: Leaderboard) -> str:
    """Readable JSON; NaN and infinity are null. Ranked rows first, then those of one memorised picture (`one_picture` not empty)."""
    tree: dict[str, Any] = {
        "protocol": board.protocol,
        "budget": board.budget,
        "data_hash": board.data_hash,
        "n_items": board.n_items,
        "n_photos": board.n_photos,
        "sort": board.sort,
        "confidence": board.confidence,
        "draws": board.draws,
        "metrics": [
            {"name": metric.name, "title": metric.title, "unit": metric.unit, "better": metric.better, "kind": metric.kind}
            for metric in board.metrics
        ],
        "rows": [_tree(row, place) for place, row in enumerate(board.rows, 1)] + [_tree(row, None) for row in board.own],
        "not_computed": board.not_computed,
        "excluded": board.excluded,
        "truth_colorfulness": board.truth_colorfulness,
    }
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _tree(row: Row, rank: int | None) -> dict[str, Any]:
    beats = {name: {"beaten": found.beaten, "difference": _estimate(found.difference)} for name, found in row.beats.items()}
    return {
        "rank": rank,
        "model": row.model,
        "title": row.title,
        "floor": row.floor,
        "one_picture": row.one_picture,
        "n_items": row.n_items,
        "n_photos": row.n_photos,
        "scores": {name: _estimate(found) for name, found in row.scores.items()},
        "seeds": list(row.seeds),
        "between_seeds": row.between_seeds,
        "parameters": row.parameters,
        "notes": list(row.notes),
        "beats": beats,
        "floors": row.floors,
    }


def _estimate(found: Estimate) -> dict[str, Any]:
    mean = found.mean if math.isfinite(found.mean) else None
    return {"mean": mean, "low": found.low, "high": found.high, "excluded": found.excluded}


def to_csv(board: Leaderboard) -> str:
    """One line per model: facts, then mean, low, high and excluded pictures of each metric; empty where there is no number."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [metric.name for metric in board.metrics]
    columns = [column for name in names for column in (name, f"{name}_low", f"{name}_high", f"{name}_between_seeds", f"{name}_excluded")]
    writer.writerow(
        [
            "rank",
            "model",
            "title",
            "kind",
            "parameters",
            "notes",
            "seeds",
            "pictures",
            "photographs",
            *columns,
            *(f"beats_{name}" for name in MUST_BEAT),
        ]
    )
    for place, row in enumerate([*board.rows, *board.own], 1):
        kind = "floor" if row.floor else "one picture" if row.one_picture else "learned"
        cells: list[Any] = ["" if row.one_picture else place, row.model, row.title, kind, row.parameters, "; ".join(row.notes)]
        cells += [max(1, len(row.seeds)), row.n_items, row.n_photos]
        for name in names:
            found = row.scores[name]
            cells += [_digits(found.mean), _digits(found.low), _digits(found.high), _digits(row.between_seeds.get(name)), found.excluded]
        cells += [_beaten(row.beats[name]) if name in row.beats else "" for name in MUST_BEAT]
        writer.writerow(cells)
    return text.getvalue()


def _digits(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


def to_markdown(board: Leaderboard) -> str:
    """For people and for pages that render Markdown."""
    lines = ["# Leaderboard", ""] + [f"{line}\n" for line in facts(board)]
    lines += _table(
        board,
        ["rank", "model", "what it is", f"beats in {BEAT_IN}"],
        [[str(place), _name(row), "; ".join((row.title, *row.notes)), verdict(row)] for place, row in enumerate(board.rows, 1)],
        [
            [f"{score(row.scores[metric.name], metric)} {between_seeds(row, metric)}".strip() for metric in board.metrics]
            for row in board.rows
        ],
    )
    lines += ["", "Floors (*italic*) know nothing of the photograph: a model that does not beat gray and mean has learnt nothing."]
    for row in board.own:
        lines += ["", f"## {row.model} on the picture it memorised", ""]
        lines += [f"{row.title} was trained on gallery picture {row.one_picture} alone and is judged on that picture alone.", ""]
        labels = [[f"{row.model} (its own picture)"], *([f"*{name}*"] for name in row.floors)]
        cells = [[number(row.scores[metric.name].mean, metric) for metric in board.metrics]]
        cells += [[number(scores.get(metric.name), metric) for metric in board.metrics] for scores in row.floors.values()]
        lines += _table(board, ["on that picture"], labels, cells)
    lines += ["", "Units: " + "; ".join(f"{metric.name}: {metric.unit}" for metric in board.metrics) + "."]
    if board.not_computed:
        lines += ["", "Not computed:", ""] + [f"- `{name}`: {why}" for name, why in board.not_computed.items()]
    if board.excluded:
        lines += ["", "Left out of the means (not a finite number):", ""]
        for model, scores in board.excluded.items():
            lines += [f"- {model}: {found['metric']} of {found['path']} is {found['value']}" for found in scores[:20]]
            lines += [f"- {model}: and {len(scores) - 20} or more others"] if len(scores) > 20 else []
    return "\n".join(lines) + "\n"


def _name(row: Row) -> str:
    return f"*{row.model}* (floor)" if row.floor else f"**{row.model}**"


def _table(board: Leaderboard, first: list[str], labels: list[list[str]], cells: list[list[str]]) -> list[str]:
    head = [*first, *(heading(metric) for metric in board.metrics)]
    rule = ["---"] * len(first) + ["---:"] * len(board.metrics)
    rows = [[*label, *cell] for label, cell in zip(labels, cells, strict=True)]
    return ["| " + " | ".join(line) + " |" for line in (head, rule, *rows)]


def short(board: Leaderboard) -> str:
    """A few columns for the terminal."""
    names = dict.fromkeys([board.sort, BEAT_IN, "psnr_rgb", "ssim", "colorfulness"])
    shown = [metric for metric in board.metrics if metric.name in names]
    shown.sort(key=lambda metric: metric.name != board.sort)
    rows = [["", "model", *(heading(metric) for metric in shown), "beats the floors"]]
    for place, row in enumerate(board.rows, 1):
        rows.append(
            [
                str(place),
                row.model,
                *(f"{score(row.scores[metric.name], metric)} {between_seeds(row, metric)}".strip() for metric in shown),
                verdict(row),
            ]
        )
    for row in board.own:
        rows.append(
            ["", f"{row.model} (its own picture)", *(number(row.scores[metric.name].mean, metric) for metric in shown), "not ranked"]
        )
        for name, scores in row.floors.items():
            rows.append(["", f"  {name} there", *(number(scores.get(metric.name), metric) for metric in shown), ""])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    said = [f"{row.model}: {note}" for row in board.rows for note in row.notes]
    left_out = [f"not computed: {name} ({why.split(':')[0]})" for name, why in board.not_computed.items()]
    return "\n".join([*lines, *facts(board), *said, *left_out])
