"""People beside metrics: whether a score says what people see, picture by picture."""

from __future__ import annotations

import streamlit as st

from dashboards import parts
from dashboards.surveying import figures, tables
from dashboards.surveying.versions import Listed
from huelab.survey.statistics import metrics_link, words
from huelab.survey.statistics.results import Results


def show(one: Listed, results: Results) -> None:
    """The correlations as the command line prints them, and a scatter of the metric chosen."""
    section = words.beside_metrics(results.metrics)
    if results.metrics.missing:
        tables.show(section)
        return
    table = metrics_link.joined(results.kept.photographs_of, metrics_link.scores_of(one.study.models, one.lineage).scores)
    names = [found.metric for found in results.metrics.links]
    metric = st.selectbox("Metric", names, format_func=parts.title_of, key="linked_metric", width=260)
    st.altair_chart(figures.against_metric(table, metric), width="stretch", alt=f"Fooling rate against {metric}")
    st.caption(f"{parts.about(metric)} A picture has {table['trials'].median():.0f} votes (median).")
    tables.show(section)
