"""Section Training of page Compare: learning curves, and what each model cost on this machine."""

import pandas as pd
import streamlit as st

from dashboards import charts, reading
from huelab import paths
from huelab.models import FLOORS


def show(models: list[str]) -> None:
    """Curves of those of `models` that learned something, and the table of costs."""
    _curves(models)
    _costs(models)


COSTS = {
    "model": st.column_config.TextColumn("Model", pinned=True),
    "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
    "steps": st.column_config.NumberColumn("Steps", format="localized"),
    "images": st.column_config.NumberColumn("Pictures seen", format="localized"),
    "images_per_second": st.column_config.NumberColumn("Pictures a second", format="%.0f"),
    "seconds": st.column_config.NumberColumn("Seconds", format="%.0f"),
    "memory": st.column_config.NumberColumn("Memory", format="%.0f MB"),
    "device": st.column_config.TextColumn("Trained on"),
}


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


def _costs(models: list[str]) -> None:
    """What each model cost on this machine; nothing stands where it was trained elsewhere."""
    rows = []
    for name in models:
        card, timing = (reading.document(file) or {} for file in (paths.model(name) / "card.json", paths.timing(name)))
        if name in FLOORS or not isinstance(card, dict) or not isinstance(timing, dict) or not card:
            continue
        device = ", ".join(str(timing[key]) for key in ("device", "precision") if timing.get(key))
        threads = f", {timing['threads']} threads" if timing.get("device") == "cpu" and timing.get("threads") else ""
        numbers = {key: card.get(key) for key in ("parameters", "steps", "images")}
        numbers |= {key: timing.get(key) for key in ("images_per_second", "seconds")}
        memory = timing.get("peak_memory")
        rows.append({"model": name, **numbers, "memory": memory / 1e6 if memory else None, "device": device + threads})
    if not rows:
        return
    st.subheader("What it cost")
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", column_config=COSTS, alt="What each model cost")
    st.caption("By the last training on this machine. Seconds: of training, without validation. Memory: the process at its largest.")
