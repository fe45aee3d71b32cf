"""People beside metrics: whether a score says what people see, picture by picture."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards import parts, reading
from dashboards.surveying import figures
from dashboards.surveying.versions import Listed
from huelab import metrics, paths
from huelab.survey.statistics import metrics_link
from huelab.survey.statistics.metrics_link import Link


def scores_of(one: Listed) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Each model's scores, and why there are none of others: they must be of the very weights whose pictures people saw."""
    found, lacking = {}, {}
    for model in one.study.models:
        table = reading.table(paths.scores(model) / "scores.parquet")
        card = reading.document(paths.model(model) / "card.json")
        shown = one.lineage.get("models", {}).get(model, {}).get("content", "")
        if table is None or not isinstance(card, dict):
            lacking[model] = "it has no scores"
        elif card.get("weights_sha256", "") != shown:
            lacking[model] = "it was trained again since its pictures were rendered"
        else:
            found[model] = table
    return found, lacking


def show(one: Listed, photographs_of: pd.DataFrame) -> None:
    """The correlations, and a scatter of the metric chosen."""
    if one.study.mode == "prefer" or photographs_of.empty:
        st.info("There is no fooling rate to hold against metrics.", icon=":material/info:")
        return
    scores, lacking = scores_of(one)
    if lacking:
        st.caption("Left out: " + "; ".join(f"{name}, {why}" for name, why in lacking.items()) + ".")
    table = metrics_link.joined(photographs_of, scores)
    names = [name for name in metrics.names() if name in table.columns and table[name].notna().any()]
    if table.empty or not names:
        st.info("None of these pictures has a score: `make run` scores what is missing.", icon=":material/hourglass_empty:")
        return
    found = _links(table, names)
    metric = st.selectbox("Metric", names, format_func=parts.title_of, key="linked_metric", width=260)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.altair_chart(figures.against_metric(table, metric), width="stretch", alt=f"Fooling rate against {metric}")
        st.caption(parts.about(metric))
    with right:
        st.dataframe(rows(found), hide_index=True, height="content", alt="Rank correlations")
        st.caption(
            f"Spearman's ρ with 95 % intervals over {found[0].photographs} photographs ({found[0].pictures} pictures). Within: among the "
            "pictures of one model, averaged; what a metric says beyond which model is better. "
            f"A picture has {table['trials'].median():.0f} votes (median); few votes pull ρ towards 0. "
            "A metric where lower is better should have a negative ρ."
        )


@st.cache_data(max_entries=16, show_spinner="Drawing photographs anew …")
def _links(table: pd.DataFrame, names: Sequence[str]) -> list[Link]:
    return metrics_link.links(table, names)


def rows(found: Sequence[Link]) -> pd.DataFrame:
    """The table as shown."""

    def told(value: float | None, low: float | None, high: float | None) -> str:
        if value is None:
            return "–"
        return f"{value:+.2f}" if low is None or high is None else f"{value:+.2f} ({low:+.2f} to {high:+.2f})"

    return pd.DataFrame(
        {
            "metric": [parts.title_of(one.metric) for one in found],
            "ρ": [told(one.rho, one.low, one.high) for one in found],
            "within models": [told(one.within, one.within_low, one.within_high) for one in found],
        }
    )
