"""The leaderboard: a table of the metrics that matter most with interval bars in its cells, and all numbers folded below it."""

from __future__ import annotations

import math
from html import escape

from huelab import metrics
from huelab.evaluation import fooled
from huelab.evaluation.leaderboard import BEAT_IN, Leaderboard, Row
from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.differences import differences
from huelab.evaluation.report.markup import code, folded, padded, section
from huelab.evaluation.report.one_picture import one_picture
from huelab.evaluation.tables import TIED, between_seeds, heading, number, shows, tied, verdict
from huelab.metrics.definition import Metric

KEY = (BEAT_IN, "psnr_rgb", "ssim", "colorfulness", "lpips_alex", "fid_same")
"""Beside the metric that the table is sorted by: as many of these as there are, up to COLUMNS."""
COLUMNS = 6
_MARKS = {True: ("yes", "✓", "better"), False: ("no", "✗", "worse"), None: ("unsure", "~", "cannot be told")}


def leaderboard(found: Contents) -> str:
    """The section."""
    board = found.board
    key = key_metrics(board)
    everything = _table(found, board.metrics, bars=False) + f'<p class="note">{escape(_units(board))}</p>'
    parts = [_table(found, key, bars=True), f'<p class="note">{escape(_note(board))}</p>']
    parts += [f'<p class="power">{escape(said)}</p>' for said in (shows(board, key),) if said]
    parts += [folded(f"All {len(board.metrics)} metrics, with medians", everything), differences(found)]
    return section("leaderboard", "Leaderboard", "".join(parts) + one_picture(found, key))


def key_metrics(board: Leaderboard) -> list[Metric]:
    """The few metrics that a reader sees first: the one that sorts, then those of KEY that were computed."""
    first = [metric for metric in board.metrics if metric.name == board.sort]
    others = [metric for metric in board.metrics if metric.name in KEY and metric.name != board.sort]
    return (first + sorted(others, key=lambda metric: KEY.index(metric.name)))[:COLUMNS]


def _table(found: Contents, columns: list[Metric], *, bars: bool) -> str:
    board = found.board
    best = {metric.name: _best(board, metric) for metric in columns}
    head = "".join(f'<th title="{escape(metric.unit)}">{escape(heading(metric))}</th>' for metric in columns)
    head += "".join(f"<th>{escape(title)}</th>" for title in fooled.head(board))
    rows = []
    for place, row in enumerate(board.rows, 1):
        cells = "".join(_score(found, row, metric, best=row.model == best[metric.name], bar=bars) for metric in columns)
        cells += _people(row, board)
        beats = f'<td class="text beats">{_beats(row)}</td>' if bars else ""
        kinds = [kind for kind, is_so in (("floor", row.floor), ("tied", row.tied_with_best)) if is_so]
        kind = f' class="{" ".join(kinds)}"' if kinds else ""
        rows.append(f'<tr{kind}><td class="rank">{place}</td>{_name(found, row, full=bars)}{beats}{cells}</tr>')
    span = len(columns) + (3 if bars else 2) + len(fooled.head(board))
    missing = _missing(board, span, whole=not bars)
    top = f'<tr><th class="rank"></th><th class="text pinned">model</th>{"<th class=text>beats</th>" if bars else ""}{head}</tr>'
    foot = f"<tfoot>{missing}</tfoot>" if missing else ""
    return f'<div class="scroll"><table class="board"><thead>{top}</thead><tbody>{"".join(rows)}</tbody>{foot}</table></div>'


def _missing(board: Leaderboard, span: int, *, whole: bool) -> str:
    """A row for each metric that was not computed, with what to do; or one that unfolds them."""
    lines = [f"{escape(metrics.metric(name).title)}. Not computed: {code(why)}" for name, why in board.not_computed.items()]
    if lines and not whole:
        names = ", ".join(metrics.metric(name).title for name in board.not_computed)
        lines = [folded(f"Not computed: {names}. What to do", f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>")]
    return "".join(
        f'<tr class="missing"><td class="rank"></td><td class="text" colspan="{span - 1}"><div class="why">{line}</div></td></tr>'
        for line in lines
    )


def _name(found: Contents, row: Row, *, full: bool) -> str:
    badge = ""
    if row.model == found.board.best:
        badge = '<span class="badge best">best</span>'
    elif row.tied_with_best:
        badge = f'<span class="badge" title="{escape(tied(found.board))}">≈ best</span>'
    said = " · ".join((row.title, *row.notes, *(["floor"] if row.floor else []))) if full else ("floor" if row.floor else "")
    small = f"<small>{escape(said)}</small>" if said else ""
    return f'<th scope="row" class="text pinned">{found.swatch(row.model)}{escape(row.model)} {badge}{small}</th>'


def _score(found: Contents, row: Row, metric: Metric, *, best: bool, bar: bool) -> str:
    estimate = row.scores[metric.name]
    lines = [f"<b>{number(estimate.mean, metric)}</b>" if best else number(estimate.mean, metric)]
    said = [f"mean {number(estimate.mean, metric)}"]
    if estimate.low is not None:
        lines.append(f"<small>{number(estimate.low, metric)} – {number(estimate.high, metric)}</small>")
        said.append(f"interval {number(estimate.low, metric)} to {number(estimate.high, metric)}")
    if estimate.median is not None:
        said.append(f"median {number(estimate.median, metric)}")
        if not bar:
            lines.append(f"<small>median {number(estimate.median, metric)}</small>")
    if between := between_seeds(row, metric):
        lines.append(f"<small>{between} between seeds</small>")
    if estimate.excluded:
        lines.append(f'<small class="no">{estimate.excluded} left out</small>')
    if bar:
        lines.append(_bar(found, row, metric))
    title = f"{row.model}, {metric.title}: {'; '.join(said)}"
    return f'<td title="{escape(title)}"{" class=best" if best else ""}>{"".join(lines)}</td>'


def _people(row: Row, board: Leaderboard) -> str:
    """How often people took its pictures for real ones; nothing where nobody was asked."""
    known = row.human
    if known is None:
        return "<td>–</td>" if fooled.is_known(board) else ""
    interval = f"<small>{known.low:.1%} – {known.high:.1%}</small><small>n = {known.n}</small>"
    return f'<td title="{escape(f"{row.model}, {fooled.TITLE}: study {known.study}")}">{known.rate:.1%}{interval}</td>'


def _bar(found: Contents, row: Row, metric: Metric) -> str:
    """The interval on the scale of the column, a dot at the mean; the thin line is gray's mean, the floor to beat."""
    estimates = [one.scores[metric.name] for one in found.board.rows]
    ends = [value for one in estimates for value in (one.mean, one.low, one.high) if value is not None and math.isfinite(value)]
    estimate = row.scores[metric.name]
    if not ends or not math.isfinite(estimate.mean):
        return ""
    low, high = padded(min(ends), max(ends))

    def x(value: float) -> str:
        return f"{(value - low) / (high - low) * 100:.1f}"

    gray = next((one.scores[metric.name].mean for one in found.board.rows if one.model == "gray"), math.nan)
    parts = [f'<line class="floorline" x1="{x(gray)}" x2="{x(gray)}" y1="0" y2="12"/>'] if math.isfinite(gray) else []
    ink = found.ink(row.model)
    if estimate.low is not None and estimate.high is not None:
        parts.append(f'<line x1="{x(estimate.low)}" x2="{x(estimate.high)}" y1="6" y2="6" style="stroke:{ink}" stroke-width="3"/>')
    parts.append(f'<circle class="dot" cx="{x(estimate.mean)}" cy="6" r="4" style="fill:{ink}"/>')
    return f'<svg class="bar" viewBox="0 0 100 12" aria-hidden="true">{"".join(parts)}</svg>'


def _best(board: Leaderboard, metric: Metric) -> str:
    """The model with the best mean; none for metrics without a direction."""
    finite = [row for row in board.rows if math.isfinite(row.scores[metric.name].mean)]
    if metric.better == "none" or not finite:
        return ""
    choose = max if metric.better == "higher" else min
    return choose(finite, key=lambda row: row.scores[metric.name].mean).model


def _beats(row: Row) -> str:
    if row.floor or not row.beats:
        return "–"
    marks = []
    for name, found in row.beats.items():
        kind, mark, words = _MARKS[found.beaten]
        marks.append(f'<span class="{kind}" title="{escape(name)}: {words}"><span aria-hidden="true">{mark}</span> {escape(name)}</span>')
    return f'<span title="{escape(verdict(row))}">{"<br>".join(marks)}</span>'


def _note(board: Leaderboard) -> str:
    over = f"{board.confidence:.0%} interval over photographs" if board.n_photos > 1 else "no interval, for there is one photograph"
    marks = "✓ better, ✗ worse, ~ cannot be told"
    said = [
        f"Bar: {over}; dot: mean; thin line: gray. ↓ lower is better, ↑ higher is better; bold: best mean.",
        f"Floors (italic) know nothing of the photograph. “beats”: {marks}, in {BEAT_IN}, picture by picture.",
        tied(board).replace(f"{TIED} cannot", "“≈ best” cannot", 1),
        fooled.note(board),
    ]
    return " ".join(filter(None, said))


def _units(board: Leaderboard) -> str:
    return "Units: " + "; ".join(f"{metric.title}: {metric.unit or 'a pure number'}" for metric in board.metrics) + "."
