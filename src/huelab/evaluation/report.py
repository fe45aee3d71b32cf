"""The report: one self-contained HTML page that works offline, with leaderboard, intervals, curves, contact sheets and model cards."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from huelab.evaluation import figures
from huelab.evaluation.contact_sheet import Sheet, UInt8
from huelab.evaluation.curves import Curves
from huelab.evaluation.leaderboard import BEAT_IN, Leaderboard, Row
from huelab.evaluation.palette import colour
from huelab.evaluation.sheet_png import scaled
from huelab.evaluation.style import CSS
from huelab.evaluation.tables import between_seeds, facts, heading, number, verdict
from huelab.metrics.definition import Metric
from huelab.models.saved import Saved

LARGEST = 15_000_000
"""Bytes of the page at most; contact sheets lose rows before it grows larger."""
_SHARP = 192  # pixels of a picture's longer side in the page: shown at 128, sharp on fine screens


def page(board: Leaderboard, curves: Curves, sheets: Sequence[Sheet], saved: Sequence[Saved], meta: Mapping[str, Any]) -> str:
    """The whole page, at most 15 MB; `meta` is the store's."""
    rest = _page(board, curves, [], saved, meta)
    room = (LARGEST - len(rest.encode())) // max(1, len(sheets))
    return _page(board, curves, [_sheet(sheet, room) for sheet in sheets], saved, meta)


def _page(board: Leaderboard, curves: Curves, sheets: Sequence[str], saved: Sequence[Saved], meta: Mapping[str, Any]) -> str:
    drawn = figures.curves(curves)
    sections = [
        ("leaderboard", "Leaderboard", _leaderboard(board) + _own(board)),
        ("intervals", "Intervals", _intervals(board)),
        ("curves", "Learning curves", f'<div class="panel">{drawn}</div>{_CURVES}' if drawn else ""),
        ("pictures", "Pictures", "".join(sheets)),
        ("left-out", "Not computed, left out", _left_out(board)),
        ("models", "Models", _cards(saved)),
    ]
    there = [section for section in sections if section[2]]
    nav = "".join(f'<a href="#{name}">{title}</a>' for name, title, _ in there)
    body = "".join(f'<section id="{name}"><h2>{title}</h2>{content}</section>' for name, title, content in there)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>huelab: colorizers compared</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{CSS}</style></head><body><main>'
        f"<h1>Colorizers compared</h1>{_lead(board, meta)}<nav>{nav}</nav>{body}"
        f"<footer>Colours are guesses: a colorizer shows what could have been, not what was. Made by huelab, stage compare.</footer>"
        f"</main></body></html>\n"
    )


_CURVES = (
    '<p class="note">Validation pictures, not the test pictures above; a dot marks the step whose weights were kept. A model that '
    "memorised one picture is validated on that picture, so its curve is not comparable with the others.</p>"
)


def _lead(board: Leaderboard, meta: Mapping[str, Any]) -> str:
    counts = meta.get("counts", {})
    trained = (
        f"Trained on {counts.get('train', 0)}, validated on {counts.get('val', 0)} and tested on {counts.get('test', 0)} pictures of "
        f"{meta['size']}×{meta['size']} pixels."
    )
    first, *others = facts(board)
    return f'<p class="lead">{escape(first)}</p><p>{escape(trained)} {escape(" ".join(others))}</p>'


def _leaderboard(board: Leaderboard) -> str:
    best = {metric.name: _best(board, metric) for metric in board.metrics}
    head = "".join(f'<th title="{escape(metric.unit)}">{escape(heading(metric))}</th>' for metric in board.metrics)
    rows = []
    for place, row in enumerate(board.rows, 1):
        cells = "".join(_score(row, metric, best=row.model == best[metric.name]) for metric in board.metrics)
        kind = ' class="floor"' if row.floor else ""
        swatch = f'<span class="swatch" style="background:{colour(row.model)}"></span>'
        name = f"{swatch}{escape(row.model)}<small>{escape(' · '.join((row.title, *row.notes)))}{' · floor' if row.floor else ''}</small>"
        rows.append(f'<tr{kind}><td>{place}</td><td class="text">{name}</td><td class="text">{_verdict(row)}</td>{cells}</tr>')
    note = (
        f"Floors (italic) know nothing of the photograph; “beats” compares {BEAT_IN}, picture by picture, with its interval. "
        f"↓ lower is better, ↑ higher is better; bold: best mean. Units: "
        + "; ".join(f"{metric.title}: {metric.unit}" for metric in board.metrics)
        + "."
    )
    top = f'<tr><th></th><th class="text">model</th><th class="text">beats</th>{head}</tr>'
    return f'<div class="scroll"><table>{top}{"".join(rows)}</table></div><p class="note">{escape(note)}</p>'


def _score(row: Row, metric: Metric, *, best: bool) -> str:
    estimate, interval = row.scores[metric.name], ""
    if estimate.low is not None:
        interval = f"<small>{number(estimate.low, metric)} – {number(estimate.high, metric)}</small>"
    if between := between_seeds(row, metric):
        interval += f"<small>{between} between seeds</small>"
    mark = ' class="best"' if best else ""
    return f"<td{mark}>{number(estimate.mean, metric)}{interval}</td>"


def _best(board: Leaderboard, metric: Metric) -> str:
    """The model with the best mean; none for metrics without a direction."""
    finite = [row for row in board.rows if math.isfinite(row.scores[metric.name].mean)]
    if metric.better == "none" or not finite:
        return ""
    choose = max if metric.better == "higher" else min
    return choose(finite, key=lambda row: row.scores[metric.name].mean).model


def _verdict(row: Row) -> str:
    if row.floor or not row.beats:
        return "–"
    if all(found.beaten for found in row.beats.values()):
        return f'<span class="yes">yes: {escape(" and ".join(row.beats))}</span>'
    kind = "no" if any(found.beaten is False for found in row.beats.values()) else "note"
    return f'<span class="{kind}">{"<br>".join(escape(part) for part in verdict(row).split("; "))}</span>'


def _own(board: Leaderboard) -> str:
    parts = []
    for row in board.own:
        head = "".join(f"<th>{escape(heading(metric))}</th>" for metric in board.metrics)
        lines: list[tuple[str, str, dict[str, float | None]]] = [
            (f"{row.model} (its own picture)", "", {name: found.mean for name, found in row.scores.items()})
        ]
        lines += [(f"{name} on that picture", ' class="floor"', scores) for name, scores in row.floors.items()]
        cells = "".join(
            f'<tr{kind}><td class="text">{escape(name)}</td>'
            + "".join(f"<td>{number(scores.get(metric.name), metric)}</td>" for metric in board.metrics)
            + "</tr>"
            for name, kind, scores in lines
        )
        parts.append(
            f"<h3>{escape(row.model)}: one memorised picture</h3><p class='note'>{escape(row.title)} was trained on gallery picture "
            f"{escape(row.one_picture)} alone and is judged on it alone: how well it memorises, not how well it colours.</p>"
            f'<div class="scroll"><table><tr><th></th>{head}</tr>{cells}</table></div>'
        )
    return "".join(parts)


def _intervals(board: Leaderboard) -> str:
    plots = "".join(f'<div class="panel">{plot}</div>' for metric in board.metrics if (plot := figures.intervals(board, metric)))
    if not plots:
        return ""
    line = f"line: {board.confidence:.0%} interval over photographs; " if board.n_photos > 1 else "one photograph, so no intervals; "
    note = f"Dot: mean; {line}gray diamonds: floors; dashed line in colorfulness: the photographs themselves."
    return f'<div class="plots">{plots}</div><p class="note">{note}</p>'


def _sheet(sheet: Sheet, room: int) -> str:
    """A table of pictures of at most `room` bytes."""
    if not sheet.rows:
        return ""
    head = "".join(f"<th>{escape(column)}</th>" for column in sheet.columns)
    lines: list[str] = []
    size = 0
    for caption, cells in sheet.rows:
        pictures = "".join(
            f'<td><img alt="{escape(column)}" src="{_data_uri(cell.rgb)}">{escape(cell.caption)}</td>'
            if cell.rgb is not None
            else "<td>–</td>"
            for column, cell in zip(sheet.columns, cells, strict=True)
        )
        line = f'<tr><td class="caption" colspan="{len(cells)}">{escape(caption)}</td></tr><tr>{pictures}</tr>'
        size += len(line.encode())
        if size > room:
            break
        lines.append(line)
    left = len(sheet.rows) - len(lines)
    more = f" {left} more {'row does' if left == 1 else 'rows do'} not fit into this page; see the PNG sheet." if left else ""
    return (
        f'<h3>{escape(sheet.title)}</h3><p class="note">{escape(sheet.note + more)}</p>'
        f'<div class="scroll"><table class="sheet"><tr>{head}</tr>{"".join(lines)}</table></div>'
    )


def _data_uri(rgb: UInt8) -> str:
    picture = scaled(rgb, _SHARP)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def _left_out(board: Leaderboard) -> str:
    lines = [f"<li><code>{escape(name)}</code> was not computed: {_code(escape(why))}</li>" for name, why in board.not_computed.items()]
    for model, scores in board.excluded.items():
        lines += [
            f"<li>{escape(model)}: <code>{escape(found['metric'])}</code> of {escape(found['path'])} is {escape(found['value'])}, "
            "left out of the mean</li>"
            for found in scores
        ]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def _code(text: str) -> str:
    """`command` in code letters."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text)


def _cards(saved: Sequence[Saved]) -> str:
    cards = []
    for one in saved:
        card, info = one.card, one.info
        year = f" ({info.year})" if info.year and str(info.year) not in info.paper else ""
        said = [("source", f"{info.paper}{year}")] if info.paper else []
        said += [("floor", "costs nothing and must be beaten")] if one.floor else []
        said += [("changed", info.changes)] if info.changes else []
        said += [("objective", info.objective), ("licence of the ideas", info.licence)] if info.licence else []
        if not one.floor:
            said += [
                ("parameters", f"{int(card.get('parameters') or 0):,}"),
                ("steps", f"{card.get('steps')}, best {card.get('best_step')}"),
            ]
            said += [(key, str(value)) for key, value in card.get("params", {}).items() if key != "steps"]
        if card.get("mean_ab"):
            said.append(("mean colour", "ab " + ", ".join(f"{value:.2f}" for value in card["mean_ab"])))
        if card.get("weights_sha256"):
            said.append(("weights", f"SHA-256 {card['weights_sha256'][:12]}…"))
        items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in said)
        swatch = f'<span class="swatch" style="background:{colour(one.name)}"></span>'
        cards.append(f'<div class="panel"><h3>{swatch}{escape(one.name)}: {escape(info.title)}</h3><dl>{items}</dl></div>')
    return f'<div class="cards">{"".join(cards)}</div>'
