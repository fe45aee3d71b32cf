"""The leaderboard as CSV, Markdown and one printed block: the same numbers in three dresses."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from huelab.evaluation import fooled, power
from huelab.evaluation.intervals import Estimate
from huelab.evaluation.leaderboard import BEAT_IN, Leaderboard, Row, Verdict
from huelab.evaluation.versus import MUST_BEAT
from huelab.metrics.definition import Metric

FEW = 20
"""Photographs below which bootstrap intervals are known to cover less than they say."""
TIED = "="
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
    if not math.isfinite(found.paired.difference):
        return "no scores"
    place = "ahead" if found.paired.difference < 0 else "behind"
    return f"{place} (no interval)" if found.paired.low is None else f"{place}, within chance"


def facts(board: Leaderboard) -> list[str]:
    """The sentences without which the numbers must not be read."""
    pictures = f"{board.n_items} test pictures of {board.n_photos} {'photograph' if board.n_photos == 1 else 'photographs'}"
    seeds = max((row.seeds for row in board.rows), key=len, default=())
    if board.n_groups < board.n_photos:
        pictures += f" ({board.n_groups} where near-duplicates count as one)"
    if board.n_groups > 1:
        over = "photographs and seeds, both drawn with replacement" if len(seeds) > 1 else "photographs"
        name = "BCa" if board.interval == "bca" else "percentile"
        spread = f"Intervals: {board.confidence:.0%} {name} bootstrap over {over} ({board.draws} draws, seeded)."
        if costly := [metric.title for metric in board.metrics if metric.of_vectors]:
            spread += f" {' and '.join(costly)}: as wide as {board.costly_draws} draws are spread."
        if board.n_groups < FEW:
            spread += f" With fewer than {FEW} photographs such intervals are too narrow."
    else:
        spread = "One photograph: no intervals, for nothing is known about how other photographs would do."
    if len(seeds) > 1:
        spread += f" Each learned model is the mean of {len(seeds)} seeds; ± is the standard deviation between them."
    lines = [board.protocol, f"Data {board.data_hash}: {pictures}. Sorted by {board.sort}. {spread}"]
    if board.budget:
        lines.append(board.budget)
    if board.truth_colorfulness is not None:
        lines.append(f"The photographs' own colorfulness is {board.truth_colorfulness:.1f}.")
    return lines


def tied(board: Leaderboard) -> str:
    """What the mark = stands for; "" where no model has it."""
    if not any(_mark(row, board) for row in board.rows):
        return ""
    if board.n_groups < 2:
        return f"{TIED} cannot be told from {board.best}, the best: one photograph tells nothing about others."
    return (
        f"{TIED} cannot be told from {board.best}, the best learned model: paired over photographs in {board.sort}, p (Holm) above "
        f"{1 - board.confidence:.2g}."
    )


def shows(board: Leaderboard, chosen: Sequence[Metric]) -> str:
    """The smallest differences in the `chosen` metrics that so many photographs can show; "" where there is nothing to compare."""
    if not board.best or len(board.rows) < 2:
        return ""
    found = [f"{metric.title} {value:.2g}" for metric in chosen if (value := board.power.get(metric.name)) is not None]
    count = f"{board.n_groups} {'photograph' if board.n_groups == 1 else 'photographs'}"
    if not found:
        return "" if power.possible(board.n_groups, 1 - board.confidence) else f"{count} can show no difference between two models."
    how = f"{power.POWER:.0%} power, {1 - board.confidence:.2g} two-sided, one comparison; median of {board.power_of}"
    return f"Smallest difference between two models that {count} can show ({how}): {', '.join(found)}."


def _mark(row: Row, board: Leaderboard) -> str:
    return TIED if row.tied_with_best and row.model != board.best else ""


def to_csv(board: Leaderboard) -> str:
    """One line per model: facts, then mean, median, low, high … of each metric; empty where there is no number."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [metric.name for metric in board.metrics]
    columns = [f"{name}{part}" for name in names for part in ("", "_median", "_low", "_high", "_between_seeds", "_excluded")]
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
            "tied_with_best",
            *columns,
            *(f"beats_{name}" for name in MUST_BEAT),
            *fooled.csv_head(board),
        ]
    )
    for place, row in enumerate([*board.rows, *board.own], 1):
        kind = "floor" if row.floor else "one picture" if row.one_picture else "learned"
        cells: list[Any] = ["" if row.one_picture else place, row.model, row.title, kind, row.parameters, "; ".join(row.notes)]
        cells += [max(1, len(row.seeds)), row.n_items, row.n_photos, "yes" if row.tied_with_best else "no" if row.versus else ""]
        for name in names:
            found = row.scores[name]
            numbers = (found.mean, found.median, found.low, found.high, row.between_seeds.get(name))
            cells += [*map(_digits, numbers), found.excluded]
        cells += [_beaten(row.beats[name]) if name in row.beats else "" for name in MUST_BEAT]
        cells += fooled.csv_cells(row, board)
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
        [
            [f"{place} {_mark(row, board)}".strip(), _name(row), "; ".join((row.title, *row.notes)), verdict(row)]
            for place, row in enumerate(board.rows, 1)
        ],
        [
            [f"{score(row.scores[metric.name], metric)} {between_seeds(row, metric)}".strip() for metric in board.metrics]
            + fooled.cells(row, board)
            for row in board.rows
        ],
        fooled.head(board),
    )
    lines += [part for sentence in (tied(board), shows(board, board.metrics), fooled.note(board)) if sentence for part in ("", sentence)]
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


def _table(board: Leaderboard, first: list[str], labels: list[list[str]], cells: list[list[str]], last: Sequence[str] = ()) -> list[str]:
    head = [*first, *(heading(metric) for metric in board.metrics), *last]
    rule = ["---"] * len(first) + ["---:"] * (len(board.metrics) + len(last))
    rows = [[*label, *cell] for label, cell in zip(labels, cells, strict=True)]
    return ["| " + " | ".join(line) + " |" for line in (head, rule, *rows)]


def short(board: Leaderboard) -> str:
    """A few columns for the terminal."""
    names = dict.fromkeys([board.sort, BEAT_IN, "psnr_rgb", "ssim", "colorfulness"])
    shown = [metric for metric in board.metrics if metric.name in names]
    shown.sort(key=lambda metric: metric.name != board.sort)
    people = fooled.head(board)
    rows = [["", "model", *(heading(metric) for metric in shown), *people, "beats the floors"]]
    for place, row in enumerate(board.rows, 1):
        rows.append(
            [
                f"{place} {_mark(row, board)}".strip(),
                row.model,
                *(f"{score(row.scores[metric.name], metric)} {between_seeds(row, metric)}".strip() for metric in shown),
                *fooled.cells(row, board),
                verdict(row),
            ]
        )
    for row in board.own:
        own = [number(row.scores[metric.name].mean, metric) for metric in shown]
        rows.append(["", f"{row.model} (its own picture)", *own, *fooled.cells(row, board), "not ranked"])
        for name, scores in row.floors.items():
            rows.append(["", f"  {name} there", *(number(scores.get(metric.name), metric) for metric in shown), *("" for _ in people), ""])
    said = [f"{row.model}: {note}" for row in board.rows for note in row.notes]
    left_out = [f"not computed: {name} ({why.split(':')[0]})" for name, why in board.not_computed.items()]
    sentences = filter(None, (tied(board), shows(board, shown), fooled.note(board)))
    return "\n".join([*in_columns(rows), *sentences, *facts(board), *said, *left_out])


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
