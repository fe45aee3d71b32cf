"""Charts of a study's results: dots with their two-way intervals, the naive ones faint behind, and the line where nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from dashboards import charts, parts
from huelab.survey.statistics import words
from huelab.survey.statistics.fooling import Fooled
from huelab.survey.statistics.preference import Ranking

_INK, _FAINT = "#1f2226", "#c9cbcf"
_NAMES = {"labelFontSize": 13, "labelLimit": 170}
_SHARE = alt.Axis(format="%", tickCount=8)
_WHOLE = alt.Scale(domain=[0, 1], nice=False, padding=12)  # dots at either end are drawn whole


def fooling(rates: Sequence[Fooled]) -> alt.LayerChart:
    """Fooling rate of each model."""
    table = pd.DataFrame(
        {
            "model": [one.model for one in rates],
            "rate": [one.rate.value for one in rates],
            "low": [one.rate.low for one in rates],
            "high": [one.rate.high for one in rates],
            "naive_low": [one.naive[0] for one in rates],
            "naive_high": [one.naive[1] for one in rates],
            "votes": [one.trials for one in rates],
        }
    )
    order = table["model"].tolist()
    ends = [0.55, *table["high"].dropna(), *table["naive_high"]]
    base = alt.Chart(table).encode(y=alt.Y("model:N", sort=order, title=None, axis=alt.Axis(**_NAMES)))
    tips = ["model", *(alt.Tooltip(f"{key}:Q", format=".1%") for key in ("rate", "low", "high", "naive_low", "naive_high")), "votes"]
    x = alt.Scale(domain=[0, min(1.0, max(ends) + 0.05)], nice=False)
    naive = base.mark_rule(strokeWidth=11, color=_FAINT, opacity=0.7).encode(
        x=alt.X("naive_low:Q", title="taken for the real photograph", scale=x, axis=_SHARE), x2="naive_high:Q", tooltip=tips
    )
    colour = alt.Color("model:N", scale=alt.Scale(domain=order, range=charts.colours_of(order)), legend=None)
    lines = base.mark_rule(strokeWidth=3).encode(x="low:Q", x2="high:Q", color=colour, tooltip=tips)
    dots = base.mark_point(filled=True, size=140, opacity=1).encode(x="rate:Q", color=colour, tooltip=tips)
    return alt.layer(naive, _at(0.5), lines, dots).properties(height=38 * len(order) + 64)


def strengths(found: Ranking) -> alt.LayerChart:
    """Strength of each model, best first."""
    table = pd.DataFrame(
        {
            "model": [one.model for one in found.models],
            "strength": [one.strength.value for one in found.models],
            "low": [one.strength.low for one in found.models],
            "high": [one.strength.high for one in found.models],
            "ranks": [words.ranks(one.ranks) for one in found.models],
        }
    )
    order = table["model"].tolist()
    base = alt.Chart(table).encode(y=alt.Y("model:N", sort=order, title=None, axis=alt.Axis(**_NAMES)))
    colour = alt.Color("model:N", scale=alt.Scale(domain=order, range=charts.colours_of(order)), legend=None)
    tips = ["model", "ranks", *(alt.Tooltip(f"{key}:Q", format=".2f") for key in ("strength", "low", "high"))]
    lines = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", title="strength (log odds)", axis=alt.Axis(tickCount=8)), x2="high:Q", color=colour, tooltip=tips
    )
    dots = base.mark_point(filled=True, size=140, opacity=1).encode(x="strength:Q", color=colour, tooltip=tips)
    return alt.layer(_at(0.0), lines, dots).properties(height=38 * len(order) + 64)


def photographs(table: pd.DataFrame, models: Sequence[str], paths_of: dict[str, str]) -> alt.LayerChart:
    """A dot per photograph (fooling.per_photograph), a row per model."""
    # spread over a row evenly and the same at every look: the golden ratio's multiples
    shown = table.assign(
        photograph=[paths_of.get(name, name) for name in table["photo_id"]],
        place=table.groupby(["model", "rate"]).cumcount().mul(0.618034).mod(1.0),
    )
    order = [name for name in models if name in set(table["model"])]
    dots = (
        alt.Chart(shown)
        .mark_circle(opacity=0.55)
        .encode(
            x=alt.X("rate:Q", title="taken for the real photograph", axis=_SHARE, scale=_WHOLE),
            y=alt.Y("model:N", sort=order, title=None, axis=alt.Axis(**_NAMES), scale=alt.Scale(paddingInner=0.4, paddingOuter=0.2)),
            yOffset=alt.YOffset("place:Q", scale=alt.Scale(domain=[0, 1])),
            size=alt.Size("trials:Q", legend=None, scale=alt.Scale(range=[20, 140])),
            color=alt.Color("model:N", scale=alt.Scale(domain=order, range=charts.colours_of(order)), legend=None),
            tooltip=["photograph", "photo_id", alt.Tooltip("rate:Q", format=".0%"), "trials"],
        )
    )
    return alt.layer(_at(0.5), dots).properties(height=60 * len(order) + 64)


def against_metric(table: pd.DataFrame, metric: str) -> alt.Chart:
    """A dot per picture: what a metric says, and how often people took it for real."""
    order = sorted(set(table["model"]))
    return (
        alt.Chart(table)
        .mark_circle(opacity=0.7)
        .encode(
            x=alt.X(f"{metric}:Q", title=parts.title_of(metric), scale=alt.Scale(zero=False, padding=12), axis=alt.Axis(tickCount=8)),
            y=alt.Y("rate:Q", title="taken for real", axis=_SHARE, scale=_WHOLE),
            size=alt.Size("trials:Q", legend=None, scale=alt.Scale(range=[30, 160])),
            color=alt.Color(
                "model:N", scale=alt.Scale(domain=order, range=charts.colours_of(order)), legend=alt.Legend(title=None, orient="top")
            ),
            tooltip=["model", "path", alt.Tooltip(f"{metric}:Q", format=".4g"), alt.Tooltip("rate:Q", format=".0%"), "trials"],
        )
        .properties(height=420)
    )


def _at(place: float) -> alt.Chart:
    return alt.Chart(pd.DataFrame({"place": [place]})).mark_rule(color=_INK, strokeDash=[4, 3]).encode(x="place:Q")
