"""Charts of scores: dots with intervals, histograms above one another, one model's pictures against another's."""

from __future__ import annotations

import json

import altair as alt
import numpy as np
import pandas as pd

from dashboards import charts, parts

BINS = 24
_INK, _FAINT = "#1f2226", "#8b8d92"
_NAMES = {"labelFontSize": 13, "labelLimit": 170, "labelFlush": False}


def intervals(rows: pd.DataFrame, value: str, title: str, *, zero: bool = False) -> alt.LayerChart:
    """A dot (`value`) and a line (low to high) for each row of `rows` (model, floor), in their order; floors are gray diamonds.

    `zero`: with a line at 0, for differences.
    """
    table = rows.assign(kind=["floor" if floor else "learned" for floor in rows["floor"]])
    order = table["model"].tolist()
    base = alt.Chart(table).encode(y=alt.Y("model:N", sort=order, title=None, axis=alt.Axis(**_NAMES)))
    colour = alt.Color("model:N", scale=alt.Scale(domain=order, range=charts.colours_of(order)), legend=None)
    tips = ["model", "kind", *(alt.Tooltip(f"{key}:Q", format=".4g") for key in (value, "low", "high"))]
    lines = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False, nice=True)), x2="high:Q", color=colour, tooltip=tips
    )
    dots = base.mark_point(filled=True, size=130, opacity=1).encode(
        x=alt.X(f"{value}:Q", title=title),
        color=colour,
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=["learned", "floor"], range=["circle", "diamond"]), legend=None),
        tooltip=tips,
    )
    layers: list[alt.Chart] = [lines, dots]
    if zero:
        layers.insert(0, alt.Chart(pd.DataFrame({"nothing": [0.0]})).mark_rule(color=_INK, strokeDash=[4, 3]).encode(x="nothing:Q"))
    return alt.layer(*layers).properties(height=_row_height(len(order)) * len(order) + 64)


def histograms(scores: pd.DataFrame, models: list[str], metric: str) -> alt.LayerChart:
    """How many pictures got which score: a histogram per model, all in the same bins, one above the other; the line is the median.

    Scores beyond the middle 98 % stand in the outermost bars.
    """
    named = {name: parts.finite(scores[name]).to_numpy(float) for name in models}
    together = np.concatenate(list(named.values()))
    # one score far out must not press all others into one bar
    low, high = np.quantile(together, [0.01, 0.99]) if len(together) else (0.0, 1.0)
    edges = np.histogram_bin_edges(together, bins=BINS, range=(float(low), float(high)))
    bars, middles = [], []
    for place, (name, values) in enumerate(named.items()):
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        foot = len(models) - 1 - place
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
            if count:
                top = foot + 0.86 * count / counts.max()
                bars.append({"model": name, "pictures": int(count), "from": low, "to": high, "foot": foot, "top": top})
        if len(values):
            middles.append({"model": name, "median": float(np.median(values)), "foot": foot, "top": foot + 0.95})
    names = list(reversed(models))
    rows = alt.Scale(domain=[0, len(models)], nice=False)
    labels = alt.Axis(
        values=[place + 0.3 for place in range(len(models))],
        labelExpr=f"{json.dumps(names)}[floor(datum.value)]",
        tickSize=0,
        grid=False,
        domain=False,
        **_NAMES,
    )
    colour = alt.Color("model:N", scale=alt.Scale(domain=models, range=charts.colours_of(models)), legend=None)
    drawn = (
        alt.Chart(pd.DataFrame(bars))
        .mark_rect(opacity=0.75)
        .encode(
            x=alt.X("from:Q", title=parts.title_of(metric), scale=alt.Scale(zero=False)),
            x2="to:Q",
            y=alt.Y("foot:Q", title=None, scale=rows, axis=labels),
            y2="top:Q",
            color=colour,
            tooltip=["model", "pictures", alt.Tooltip("from:Q", format=".4g"), alt.Tooltip("to:Q", format=".4g")],
        )
    )
    lines = (
        alt.Chart(pd.DataFrame(middles))
        .mark_rule(color=_INK, strokeWidth=1.5)
        .encode(x="median:Q", y=alt.Y("foot:Q", axis=labels), y2="top:Q", tooltip=["model", alt.Tooltip("median:Q", format=".4g")])
    )
    return alt.layer(drawn, lines).properties(height=46 * len(models) + 60)


def one_against_other(scores: pd.DataFrame, first: str, second: str, metric: str) -> alt.LayerChart:
    """A point per picture of `scores` (item_id, path, label, and a column per model); on the dashed line both are equal."""
    table = scores.rename(columns={first: "first", second: "second"})[["item_id", "path", "label", "first", "second"]]
    both = table[["first", "second"]].to_numpy(float)
    low, high = float(both.min()), float(both.max())
    pad = (high - low) * 0.04 or abs(high) * 0.05 or 1.0
    scale = alt.Scale(domain=[low - pad, high + pad], nice=False, zero=False)
    equal = pd.DataFrame({"first": [low - pad, high + pad], "second": [low - pad, high + pad]})
    line = alt.Chart(equal).mark_line(color=_FAINT, strokeDash=[5, 4], strokeWidth=1.5).encode(x="first:Q", y="second:Q")
    picked = alt.selection_point(name="picked", fields=["item_id"], empty=True)
    title = parts.title_of(metric)
    points = (
        alt.Chart(table)
        .mark_circle(size=90, color="#0072B2")
        .encode(
            x=alt.X("first:Q", title=f"{first}: {title}", scale=scale),
            y=alt.Y("second:Q", title=f"{second}: {title}", scale=scale),
            opacity=alt.condition(picked, alt.value(0.75), alt.value(0.2)),
            tooltip=[
                "path",
                "label",
                alt.Tooltip("first:Q", title=first, format=".4g"),
                alt.Tooltip("second:Q", title=second, format=".4g"),
            ],
        )
        .add_params(picked)
    )
    return alt.layer(line, points).properties(height=430)


def _row_height(rows: int) -> int:
    return 34 if rows <= 12 else 26
