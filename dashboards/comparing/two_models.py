"""Section Two models of page Compare: one against another, as `huelab compare A B` prints it, and picture by picture."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import pairs, parts
from dashboards.comparing import each_picture, one_picture, plots
from dashboards.scored import Scored
from huelab.errors import HuelabError
from huelab.evaluation import compared_text
from huelab.evaluation.compare_two import adjusted, common, require_alike, value
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.tables import heading, number
from huelab.models import FLOORS
from huelab.params import Params


def show(scored: Scored, metric: str, models: list[str], settings: Params) -> None:
    """Two of `models` chosen; their paired differences in every metric; the scatter in `metric`; the picture clicked."""
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
    _paired(scored.ranked[first], scored.ranked[second], settings)
    table = scored.by_picture(metric, [first, second])
    if first not in table or second not in table:
        st.info(f"{parts.title_of(metric)} is not there for both.", icon=":material/info:")
        return
    both = table[parts.is_finite(table[first]) & parts.is_finite(table[second])].reset_index(drop=True)
    if both.empty:
        st.info(f"No test picture has a {parts.title_of(metric)} under both.", icon=":material/info:")
        return
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
        st.markdown(one_picture.title(row))
        captions = {name: f"{name} · {parts.written(metric, row[name])}" for name in (first, second)}
        one_picture.side_by_side(truth, made, captions, width=180)
    one_picture.closely(truth, made, key="pair_divider")


def _paired(one: Evaluated, other: Evaluated, settings: Params) -> None:
    """A line per metric that both have, in the words of `huelab compare`; the difference is first minus second."""
    both = (one.name, other.name)
    try:
        require_alike(one, other, *both)
        shown, lacking = common((one, other), both, settings.evaluate.metrics, asked=False)
        found = list(zip(shown, adjusted(pairs.between(one, other, shown, settings.compare)), strict=True))
    except HuelabError as error:
        st.warning(str(error), icon=":material/broken_image:")
        return
    rows = []
    for metric, own in found:
        values = [number(value(each, metric), metric) for each in (one, other)]
        rows.append([heading(metric), *values, *compared_text.cells(own, metric, both, settings.compare)])
    table = pd.DataFrame(rows, columns=["metric", "A", "B", *compared_text.HEAD])
    columns = {"metric": st.column_config.TextColumn("Metric", pinned=True), "A": one.name, "B": other.name}
    columns |= {"difference": f"{one.name} − {other.name}", "effect": "Effect", "better": "Better"}
    st.dataframe(table, hide_index=True, height="content", column_config=columns, alt=f"{one.name} minus {other.name}")
    said = [*compared_text.below(found, (one, other), settings.compare, "the metrics"), *lacking]
    st.caption(" ".join([f"{compared_text.counts(one)}.", *said, *compared_text.left_out((one, other), both, shown)]))
    parts.commands(f"huelab compare {one.name} {other.name}")


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
