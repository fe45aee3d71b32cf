"""Learning curves: validation MSE over training steps, with the floors as lines to get below."""

from __future__ import annotations

from html import escape

from huelab.evaluation.report.contents import Contents
from huelab.evaluation.report.markup import section, svg, ticks

STYLES = ("", "7 3", "7 3 2 3", "2 3")
"""The stroke-dasharray of curves, so that they differ without colour too."""
_NOTE = (
    "Validation pictures, not the test pictures above; a dot marks the step whose weights were kept. A model that "
    "memorised one picture is validated on that picture, so its curve is not comparable with the others; it ends where theirs end."
)


def learning_curves(found: Contents) -> str:
    """The section."""
    drawn = _drawn(found)
    return section("curves", "Learning curves", f'<div class="panel wide">{drawn}</div><p class="note">{_NOTE}</p>' if drawn else "")


def _drawn(found: Contents) -> str:
    top_value = found.curves.top
    shown = [curve for curve in found.curves.learned if curve.steps]
    if not shown or top_value <= 0:
        return ""
    width, height, left, right, top, bottom = 900, 400, 64, 20, 16, 342
    last = found.curves.last or 1

    def x(step: float) -> float:
        return left + step / last * (width - left - right)

    def y(value: float) -> float:
        return bottom - min(value, top_value) / top_value * (bottom - top)

    parts: list[str] = []
    named: list[str] = []  # on top of the curves
    for tick in ticks(0, top_value, 5):
        parts.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="tick" x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in ticks(0, last, 8):
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text class="tick" x="{(left + width - right) / 2}" y="{bottom + 38}" text-anchor="middle">training steps</text>')
    for place, (name, value) in enumerate(sorted(found.curves.floors.items(), key=lambda item: item[1])):
        at = y(value)
        parts.append(f'<line class="floor" x1="{left}" x2="{width - right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        beside = at + 14 if place == 0 and len(found.curves.floors) > 1 else at - 5  # the lower line's name below it, the upper one's above
        named.append(f'<text class="tick halo" x="{width - right}" y="{beside:.1f}" text-anchor="end">{escape(name)} (floor)</text>')
    for place, curve in enumerate(shown):
        ink, dash = found.ink(curve.model), STYLES[place % len(STYLES)]
        within = [(step, value) for step, value in zip(curve.steps, curve.values, strict=True) if step <= last]
        points = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in within)
        line = f'fill="none" style="stroke:{ink}" stroke-width="2.2" stroke-dasharray="{dash or "none"}"'
        parts.append(f'<polyline points="{points}" {line}><title>{escape(curve.model)}</title></polyline>')
        for step, value in within:
            if int(step) == curve.best:
                parts.append(f'<circle class="dot" cx="{x(step):.1f}" cy="{y(value):.1f}" r="5" style="fill:{ink}"/>')
    own = {curve.model for curve in shown if curve.one_picture}
    drawing = svg(width, height, "Validation MSE of ab/128 over training steps, a line for each learned model", [*parts, *named])
    return f"<h3>Validation MSE of ab/128 ↓</h3>{drawing}{legend(found, [curve.model for curve in shown], own)}"


def legend(found: Contents, models: list[str], own_picture: set[str] | frozenset[str] = frozenset()) -> str:
    """A line in its colour and dashes for each model, in the order in which they were drawn."""
    lines = "".join(
        f'<li><svg viewBox="0 0 34 8" aria-hidden="true"><line x1="0" x2="34" y1="4" y2="4" style="stroke:{found.ink(model)}" '
        f'stroke-width="3" stroke-dasharray="{STYLES[place % len(STYLES)] or "none"}"/></svg> {escape(model)}'
        f"{' (its own picture)' if model in own_picture else ''}</li>"
        for place, model in enumerate(models)
    )
    return f'<ul class="legend">{lines}</ul>'
