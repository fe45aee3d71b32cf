"""Section Leaderboard of page Compare: the ranking with intervals and marks, what stands apart, and what could not be computed."""

import math

import pandas as pd
import streamlit as st

from dashboards import board, parts
from dashboards.comparing import plots
from huelab.evaluation import fooled
from huelab.evaluation.tables import FEW


def show(scored: board.Board, metric: str, models: list[str]) -> None:
    """Dots and table of `metric`, of those of `models` that the leaderboard has."""
    rows = scored.ranked(metric)
    rows = rows[rows["model"].isin(models)].reset_index(drop=True)
    st.caption(" ".join((f"{scored.counts}.", scored.protocol, *scored.notes)))
    if rows.empty:
        st.info(f"No chosen model has a {parts.title_of(metric)} yet.", icon=":material/info:")
    else:
        left, right = st.columns([2, 3], gap="medium")
        with left:
            st.altair_chart(plots.intervals(rows, "mean", parts.title_of(metric)), width="stretch", alt=f"{metric} of every model")
            st.caption(_reading(scored))
        with right:
            _table(scored, rows, metric)
            _power(scored, metric)


def _reading(scored: board.Board) -> str:
    if scored.photographs < 2:
        return "Dot: mean. One photograph gives no interval: nothing is known about how others would do. Gray diamonds: floors."
    few = f" With fewer than {FEW} photographs such intervals are too narrow." if scored.photographs < FEW else ""
    return f"Dot: mean; line: {scored.confidence:.0%} {scored.interval} interval over photographs; gray diamonds: floors.{few}"


def _table(scored: board.Board, rows: pd.DataFrame, metric: str) -> None:
    """Rank, mean, interval, median, seeds, marks, then the means of the other metrics."""
    order = rows["model"].tolist()
    table = pd.DataFrame(
        {
            "model": order,
            "mean": rows["mean"],
            "interval": [_interval(metric, low, high) for low, high in zip(rows["low"], rows["high"], strict=True)],
        }
    )
    if rows["median"].notna().any():
        table["median"] = rows["median"]
    if rows["between"].notna().any():
        table["seeds"] = [scored.seeds.get(name) for name in order]
        table["between"] = rows["between"]
    if rows["mark"].any():
        table["mark"] = rows["mark"]
    table["beats"] = rows["beats"]
    if rows["excluded"].fillna(0).astype(float).gt(0).any():
        table["excluded"] = rows["excluded"]
    if scored.people:
        table["people"] = [fooled.written(scored.people.get(name)) for name in order]
    others = scored.rows.pivot(index="model", columns="metric", values="mean").reindex(order)
    others = others[[name for name in scored.metrics if name != metric]]
    number = parts.pattern(metric)
    st.dataframe(
        table.join(others.reset_index(drop=True)),
        hide_index=True,
        height="content",
        column_config={
            "model": st.column_config.TextColumn("Model", pinned=True),
            "mean": st.column_config.NumberColumn(parts.title_of(metric), format=number),
            "interval": st.column_config.TextColumn(f"{scored.confidence:.0%} interval"),
            "median": st.column_config.NumberColumn("Median", format=number),
            "seeds": st.column_config.NumberColumn("Seeds"),
            "between": st.column_config.NumberColumn("± seeds", format=number, help="Standard deviation between the seeds"),
            "mark": st.column_config.TextColumn(
                "Best?",
                help=f"=: by {parts.title_of(scored.sort)}, a paired test, adjusted for all models, cannot tell it from the best.",
            ),
            "beats": st.column_config.TextColumn("Beats (MSE)", help="Whether it beats the floors gray and mean in MSE of ab/128"),
            "people": st.column_config.TextColumn("People fooled ↑", help=fooled.sentence(scored.people)),
            "excluded": st.column_config.NumberColumn("Left out", help="Pictures whose score is no number"),
            **parts.number_columns(scored.metrics),
        },
        alt="Leaderboard",
    )


def _interval(metric: str, low: float, high: float) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    return f"{parts.written(metric, low)} to {parts.written(metric, high)}"


def _power(scored: board.Board, metric: str) -> None:
    tied = scored.rows.loc[scored.rows["mark"] == board.TIED, "model"].unique().tolist()
    words = [fooled.sentence(scored.people)] if scored.people else []
    if tied:
        words.append(f"By {parts.title_of(scored.sort)}, {parts.listed(tied)} cannot be told from the best, {scored.best}.")
    if metric in scored.power:
        shown = parts.written(metric, scored.power[metric])
        words.append(
            f"The smallest difference in {parts.title_of(metric)} between two models that {scored.photographs} photographs can show is "
            f"{shown} (80 % power, {1 - scored.confidence:.0%} two-sided, one comparison; median of {scored.power_of})."
        )
    elif scored.best and not scored.versus.empty and not scored.power:
        words.append(f"{scored.photographs} photograph{'s' * (scored.photographs != 1)} can show no difference between two models.")
    if words:
        st.caption(" ".join(words))


def apart(scored: board.Board) -> None:
    """What no ranking holds: models of one picture, scores left out, metrics that could not be computed."""
    for row in scored.one_picture:
        st.markdown(f"##### {row.model}, apart")
        st.caption(f"{row.model} memorises one picture of the gallery and is judged on that picture alone, beside what floors score there.")
        columns = parts.number_columns(scored.metrics)
        st.dataframe(row.values.rename_axis("on that picture"), column_config=columns, height="content", alt=f"{row.model}")
    if not scored.excluded.empty:
        with st.expander(f"Scores left out of the means: {len(scored.excluded)}"):
            st.caption("They are no finite numbers.")
            columns = {"model": "Model", "metric": "Metric", "path": "Photograph", "value": "Score"}
            st.dataframe(scored.excluded, hide_index=True, column_config=columns, alt="Scores left out")
    if scored.not_computed:
        with st.expander(f"Not computed: {', '.join(scored.not_computed)}"):
            for name, reason in scored.not_computed.items():
                st.markdown(f"`{name}`: {reason}")
