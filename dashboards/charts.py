"""The charts, in colours and shapes that colour-blind eyes tell apart (Okabe and Ito 2008). Altair draws them in the browser, offline."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from huelab import params
from huelab.evaluation import palette

SPLITS = {"train": "#0072B2", "val": "#E69F00", "test": "#009E73", "region": "#56B4E9"}
_INK = "#1f2226"


def colours_of(models: Sequence[str]) -> list[str]:
    """The colour of each of `models`, the same on every page and in the report."""
    of_all = palette.colours([*params.load().models, *models])
    return [of_all[name] for name in models]


def splits(rows: pd.DataFrame, unit: str) -> alt.Chart:
    """How many rows each split has."""
    counts = rows["split"].value_counts()
    order = [name for name in SPLITS if name in counts.index]
    table = pd.DataFrame({"split": order, "count": [int(counts[name]) for name in order]})
    table["share"] = table["count"] / table["count"].sum()
    table["text"] = [f"{count:,}  ({share:.0%})" for count, share in zip(table["count"], table["share"], strict=True)]
    base = alt.Chart(table).encode(
        y=alt.Y("split:N", sort=order, title=None, axis=alt.Axis(labelFontSize=13)),
        x=alt.X("count:Q", title=unit, scale=alt.Scale(domainMax=float(table["count"].max()) * 1.25), axis=alt.Axis(tickMinStep=1)),
        tooltip=["split", "count", alt.Tooltip("share", format=".1%")],
    )
    bars = base.mark_bar(height=22, cornerRadiusEnd=3).encode(
        color=alt.Color("split:N", scale=alt.Scale(domain=order, range=[SPLITS[name] for name in order]), legend=None)
    )
    return (bars + base.mark_text(align="left", dx=6, color=_INK, fontSize=12).encode(text="text")).properties(height=34 * len(order) + 50)


def labels(rows: pd.DataFrame) -> alt.Chart:
    """How many rows each label has in each split; the 20 most frequent."""
    counts = rows[rows["label"] != ""].groupby(["label", "split"]).size().rename("count").reset_index()
    frequent = counts.groupby("label")["count"].sum().nlargest(20).index.tolist()
    counts = counts[counts["label"].isin(frequent)]
    order = [name for name in SPLITS if name in set(counts["split"])]
    scale = alt.Scale(domain=order, range=[SPLITS[name] for name in order])
    return (
        alt.Chart(counts)
        .mark_bar()
        .encode(
            y=alt.Y("label:N", sort=frequent, title=None),
            x=alt.X("count:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("split:N", scale=scale, legend=alt.Legend(title=None, orient="top")),
            tooltip=["label", "split", "count"],
        )
        .properties(height=30 * len(frequent) + 105)
    )


def curves(history: pd.DataFrame, value: str, title: str, *, logarithmic: bool) -> alt.Chart:
    """One line for each model of `history` (model, step, `value`)."""
    order = list(dict.fromkeys(history["model"]))
    scale = alt.Scale(type="log") if logarithmic else alt.Scale(zero=False)
    colours = alt.Scale(domain=order, range=colours_of(order))
    encoding = alt.Chart(history).encode(
        x=alt.X("step:Q", title="step"),
        y=alt.Y(f"{value}:Q", title=title, scale=scale),
        color=alt.Color("model:N", scale=colours, legend=alt.Legend(title=None, orient="top", symbolType="stroke", symbolStrokeWidth=3)),
        tooltip=["model", "step", alt.Tooltip(f"{value}:Q", format=".5g")],
    )
    dashes = alt.StrokeDash("model:N", scale=alt.Scale(domain=order))
    return (encoding.mark_line(strokeWidth=2).encode(strokeDash=dashes) + encoding.mark_point(filled=True, size=28)).properties(height=320)
