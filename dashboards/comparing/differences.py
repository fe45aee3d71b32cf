"""Section Leaderboard, below the ranking: every model's paired difference to a floor, to the best or to the champion."""

import pandas as pd
import streamlit as st

from dashboards import board, parts
from dashboards.comparing import plots

COLUMNS = ("model", "difference", "interval", "p", "p_holm", "effect", "photographs")


def show(scored: board.Board, metric: str, models: list[str], champion: pd.DataFrame | None) -> None:
    """Differences in `metric` of those of `models` that have one. `champion`: board.VERSUS against the champion, where that can be."""
    st.subheader("Paired differences")
    versus = scored.versus if champion is None or champion.empty else pd.concat([scored.versus, champion], ignore_index=True)
    others = list(dict.fromkeys(versus["against"]))
    if not others:
        st.caption("This leaderboard holds no paired differences: `dvc repro compare` writes it anew.")
        return
    names = {"best": scored.best, "gray": "gray", "mean": "the mean colour", "champion": "the champion"}
    other = st.segmented_control(
        "Each model minus",
        others,
        default=others[0],
        required=True,
        format_func=lambda name: names.get(name, name),
        key="versus_other",
        persist_state="session",
    )
    rows = versus[(versus["against"] == other) & (versus["metric"] == metric) & versus["model"].isin(models)]
    rows = rows.dropna(subset=["difference"]).reset_index(drop=True)
    if rows.empty:
        st.caption(f"{parts.title_of(metric)} has no paired difference: it is no mean over pictures, or no picture has it.")
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        title = f"difference in {parts.title_of(metric)}"
        st.altair_chart(plots.intervals(rows, "difference", title, zero=True), width="stretch", alt=f"{title} of every model")
    with right:
        st.dataframe(table(rows, metric), hide_index=True, height="content", column_config=columns(metric), alt="Paired differences")
        st.caption(_reading(metric))


def table(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """COLUMNS of board.VERSUS rows, with the interval in words."""
    ends = zip(rows["low"], rows["high"], strict=True)
    found = rows.assign(
        interval=[f"{parts.signed(metric, low)} to {parts.signed(metric, high)}" if pd.notna(low) else "–" for low, high in ends]
    )
    return found[[name for name in COLUMNS if found[name].notna().any()]]


def columns(metric: str) -> dict[str, object]:
    """How the columns of `table` are headed and written."""
    number = parts.pattern(metric).replace("%", "%+")
    return {
        "model": st.column_config.TextColumn("Model", pinned=True),
        "difference": st.column_config.NumberColumn("Difference", format=number),
        "interval": st.column_config.TextColumn("Interval"),
        "p": st.column_config.NumberColumn("p", format="%.2g", help="Of a difference at least so large by chance alone, on its own"),
        "p_holm": st.column_config.NumberColumn("p (Holm)", format="%.2g", help="Adjusted for looking at several models at once"),
        "effect": st.column_config.NumberColumn("Effect", format="%+.2f", help="The difference in standard deviations of the differences"),
        "photographs": st.column_config.NumberColumn("Photographs", format="%d"),
    }


def _reading(metric: str) -> str:
    better = "Below 0 the model is better." if parts.ascending(metric) else "Above 0 the model is better."
    return (better if parts.has_direction(metric) else "") + " An interval that includes 0 shows no difference."
