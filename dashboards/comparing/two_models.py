"""Section Two models of page Compare: one against another, as `huelab compare A B` prints it, and picture by picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import pairs, parts
from dashboards.comparing import differences, each_picture, one_picture, plots
from dashboards.scored import Scored
from huelab.evaluation.paired import Paired
from huelab.models import FLOORS
from huelab.params import Compare


def show(scored: Scored, metric: str, models: list[str], names: Sequence[str], settings: Compare) -> None:
    """Two of `models` chosen; their paired differences in the metrics `names`; the scatter in `metric`; the picture clicked."""
    if len(models) < 2:
        st.info("Two models are needed to compare one with another.", icon=":material/info:")
        return
    learned = [name for name in models if name not in FLOORS] or models
    first_choice = each_picture.best(scored.by_picture(metric, models), metric, models)
    with st.container(horizontal=True):
        first = st.selectbox("A", models, index=models.index(first_choice), key="pair_first", width=220)
        others = [name for name in models if name != first]
        rival = next((name for name in learned if name != first), others[0])
        second = st.selectbox("against B", others, index=others.index(rival), key="pair_second", width=220)
    table = scored.by_picture(metric, [first, second])
    if first not in table or second not in table:
        st.info(f"{parts.title_of(metric)} is not there for both.", icon=":material/info:")
        return
    both = table[parts.is_finite(table[first]) & parts.is_finite(table[second])].reset_index(drop=True)
    if both.empty:
        st.info(f"No test picture has a {parts.title_of(metric)} under both.", icon=":material/info:")
        return
    _paired(pairs.between(scored.ranked[first], scored.ranked[second], names, settings), first, second)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart = plots.one_against_other(both, first, second, metric)
        event: Any = st.altair_chart(
            chart,
            width="stretch",
            on_select="rerun",
            selection_mode="picked",
            key=f"pair_chart_{metric}_{first}_{second}",
            alt=f"{metric} of {first} against {second}, picture by picture",
        )
        st.caption(_counted(both, first, second, metric) + " Choose a point to see its picture.")
    with right:
        row = both.iloc[_picked(event, both["item_id"].tolist(), (both[first] - both[second]).abs().idxmax())]
        truth, made = each_picture.of_models(row["item_id"], [first, second])
        st.markdown(" · ".join([f"**{row['path']}**", *filter(None, [row["label"]])]))
        captions = {name: f"{name} · {parts.written(metric, row[name])}" for name in (first, second)}
        one_picture.side_by_side(truth, made, captions, width=180)
    one_picture.closely(truth, made, key="pair_divider")


def _paired(found: Sequence[Paired], first: str, second: str) -> None:
    """A line per metric; the difference is first minus second."""
    rows = [
        {
            "metric": parts.title_of(one.metric),
            "difference": parts.signed(one.metric, one.difference),
            "interval": "–" if one.low is None else f"{parts.signed(one.metric, one.low)} to {parts.signed(one.metric, one.high)}",
            "better": _better(one, first, second),
            **{name: getattr(one, name) for name in ("p", "effect", "photographs")},
        }
        for one in found
    ]
    if not rows:
        return
    st.dataframe(
        pd.DataFrame(rows).astype({"p": float, "effect": float}),
        hide_index=True,
        height="content",
        column_config=differences.columns("") | {"metric": "Metric", "difference": f"{first} − {second}", "better": "Better"},
        alt=f"{first} minus {second}",
    )


def _better(one: Paired, first: str, second: str) -> str:
    """The one that the interval says is better; "" where it includes 0, or the metric has no better end."""
    if one.low is None or one.high is None or not parts.has_direction(one.metric) or one.low <= 0 <= one.high:
        return ""
    return first if (one.high < 0) == parts.ascending(one.metric) else second


def _counted(both: Any, first: str, second: str, metric: str) -> str:
    if not parts.has_direction(metric):
        return f"{len(both):,} pictures."
    smaller, larger = int((both[first] < both[second]).sum()), int((both[first] > both[second]).sum())
    better = smaller if parts.ascending(metric) else larger
    side = "above" if parts.ascending(metric) else "below"
    return f"{first} is better on {better:,} of {len(both):,} pictures (points {side} the dashed line)."


def _picked(event: Any, items: list[str], otherwise: int) -> int:
    """Place of the point chosen; without one, the picture on which the two differ most."""
    points = event.selection.get("picked", []) if event.selection else []
    chosen = points[0].get("item_id") if points else None
    return items.index(chosen) if chosen in items else otherwise
