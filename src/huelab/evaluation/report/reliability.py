"""Do nets that give a distribution know when they guess? Mean error of the colours over how sure the net was of them."""

from __future__ import annotations

import math
from html import escape

from huelab.evaluation import confidence
from huelab.evaluation.confidence import Group
from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.curve_plot import STYLES, legend
from huelab.evaluation.report.markup import section, svg, table, ticks

_SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Marks of the axis, which is logarithmic: from what a bin of 313 has by chance to certainty."""


def reliability(found: Contents) -> str:
    """The section; nothing where no model gives bins."""
    order = [row.model for row in found.board.rows]
    folders = {one.name: one.folder for one in found.evaluated}
    groups = {name: read for name in order if (read := confidence.read(folders[name]))}
    if not groups:
        return ""
    width, height, left, right, top, bottom = 900, 360, 64, 24, 16, 302
    sure = [group.confidence for read in groups.values() for group in read]
    least, most = math.log(max(min(sure), 1e-4) * 0.9), math.log(max(*sure, 1e-3) * 1.08)
    worst = max(group.error for read in groups.values() for group in read) * 1.08

    def x(value: float) -> float:
        return left + (math.log(max(value, 1e-4)) - least) / (most - least) * (width - left - right)

    def y(value: float) -> float:
        return bottom - value / worst * (bottom - top)

    parts = []
    for tick in ticks(0, worst, 5):
        parts.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in _SHARES:
        if least <= math.log(tick) <= most:
            parts.append(f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top}" y2="{bottom}"/>')
            parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{tick * 100:g} %</text>')
    parts.append(
        f'<text class="tick" x="{(left + width - right) / 2}" y="{bottom + 38}" text-anchor="middle">'
        "confidence: share of the likeliest colour bin, log scale</text>"
    )
    for place, (name, read) in enumerate(groups.items()):
        ink = found.ink(name)
        points = " ".join(f"{x(group.confidence):.1f},{y(group.error):.1f}" for group in read)
        dash = STYLES[place % len(STYLES)] or "none"
        parts.append(f'<polyline points="{points}" fill="none" style="stroke:{ink}" stroke-width="2.2" stroke-dasharray="{dash}"/>')
        for group in read:
            tip = f"{name}: confidence {group.low:.1%} to {group.high:.1%}, {group.share:.0%} of the pixels, {group.error:.1f} off"
            parts.append(
                f'<circle class="dot" cx="{x(group.confidence):.1f}" cy="{y(group.error):.1f}" r="4.5" style="fill:{ink}">'
                f"<title>{escape(tip)}</title></circle>"
            )
    drawing = svg(width, height, "Mean ab error over confidence, a line for each model that gives colour bins", parts)
    rows = [[f"{found.swatch(name)}{escape(name)}", *_ends(read[0]), *_ends(read[-1])] for name, read in groups.items()]
    head = ["model", "least sure pixels", "their confidence", "their error", "surest pixels", "their confidence", "their error"]
    note = (
        f"Mean ab distance to the truth (CIE units) of the pixels of all test pictures, by how sure the net was of them; each dot stands "
        f"for about a {confidence.GROUPS}th of the pixels. A line that falls to the right knows when it guesses; a flat one does not. "
        "Confidence is the largest share of the softmax before annealing. Models that give colours at once have no such share."
    )
    body = f'<div class="panel wide"><h3>Mean ab error ↓</h3>{drawing}{legend(found, list(groups))}</div><p class="note">{escape(note)}</p>'
    body += table(head, rows)
    return section("confidence", "Confidence and error", body)


def _ends(group: Group) -> list[str]:
    """Share of the pixels, mean confidence, mean error."""
    return [f"{group.share:.0%}", f"{group.confidence:.1%}", f"{group.error:.1f}"]
