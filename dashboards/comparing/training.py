"""Section Training of page Compare: learning curves, and what each model cost on this machine."""

import pandas as pd
import streamlit as st

from dashboards import charts, reading
from huelab import paths
from huelab.errors import HuelabError
from huelab.evaluation import cost_table


def show(models: list[str], metric: str) -> None:
    """Curves of those of `models` that learned something, and the table of costs."""
    _curves(models)
    _costs(metric)


def _curves(models: list[str]) -> None:
    histories = {}
    for name in models:
        history = reading.table(paths.model(name) / "history.csv")
        if history is not None and not history.empty and "step" in history:
            histories[name] = history.assign(model=name)
    st.subheader("Learning curves")
    if not histories:
        st.caption("None of the models shown has a history: it appears once training has finished.")
        return
    together = pd.concat(histories.values(), ignore_index=True)
    ordinary = [name for name in histories if not _one_picture(name)]
    drawn = st.pills("Models", list(histories), selection_mode="multi", default=ordinary or list(histories), key="compare_drawn")
    columns = [
        name for name in together.columns if name not in ("model", "step", "epoch") and pd.api.types.is_numeric_dtype(together[name])
    ]
    if not columns:
        st.caption("The histories hold no number to draw.")
        return
    default = "val_mse_ab128" if "val_mse_ab128" in columns else columns[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        value = st.selectbox("What to draw", columns, index=columns.index(default), key="compare_curve", width=320)
        logarithmic = st.toggle("Logarithmic", key="compare_log")
    shown = together.loc[together["model"].isin(drawn), ["model", "step", value]].dropna()
    if logarithmic:
        shown = shown[shown[value] > 0]
    if shown.empty:
        st.caption("Nothing to draw: choose a model that has this value.")
        return
    st.altair_chart(charts.curves(shown, value, value, logarithmic=logarithmic), width="stretch", alt=f"{value} while training")


def _one_picture(model: str) -> bool:
    card = reading.document(paths.model(model) / "card.json")
    return bool(isinstance(card, dict) and card.get("one_picture"))


def _costs(metric: str) -> None:
    try:
        text = cost_table.markdown([metric])
    except HuelabError:  # stage compare has not run, or is rewriting the leaderboard
        return
    st.subheader("What it cost")
    st.markdown(text)
