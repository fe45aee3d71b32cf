"""The champion in words, for pages that use or show it: who, since when, why, on what evidence, and its model card."""

from __future__ import annotations

import html
import re
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import champion, parts, reading
from dashboards.champion import Champion
from huelab import paths

GUESSES = "Colours are guesses: a plausible colour is not a historical fact."


def sentence(found: Champion) -> str:
    """One line: who is champion since when, by whom and why (HTML)."""
    words = [f"<b>{html.escape(str(found.registered))}</b>"]
    words += [f"since {html.escape(champion.at(found.since))}"] if found.since else []
    words += [html.escape(found.decided)] if found.decided else []
    return " ".join(words) + (f": {html.escape(found.why)}" if found.why else "")


def shown(found: Champion) -> None:
    """The champion's standing in a box, with what was compared when it became champion."""
    with st.container(border=True):
        st.html(f'<p class="standing">Champion: {sentence(found)}.</p>')
        evidence = pd.DataFrame(found.promotion.evidence) if found.promotion is not None else pd.DataFrame()
        if not evidence.empty and "what" in evidence:
            with st.expander("What was compared"):
                st.dataframe(_evidence(evidence), hide_index=True, height="content", alt="What was compared")
                st.caption("Differences: the new champion minus the one before, on the same photographs.")


def card(model: str, text: str) -> None:
    """The model card of what colours here: `text` where a champion brought its own, else what stage compare wrote."""
    text = text or reading.text(paths.model_card(model)) or ""
    if text:
        with st.expander(f"Model card: {model}", icon=":material/badge:"):
            st.markdown(re.sub(r"^#", "####", text, flags=re.MULTILINE))
    st.caption(GUESSES)


def _evidence(found: pd.DataFrame) -> pd.DataFrame:
    def number(value: Any) -> str:
        return f"{value:.4g}" if isinstance(value, int | float) and pd.notna(value) else "–"

    table = pd.DataFrame({"compared": found["what"].map(parts.title_of)})
    for name, column in (("before", "champion"), ("now", "challenger"), ("difference", "difference")):
        table[name] = found[column].map(number) if column in found else "–"
    if {"low", "high"} <= set(found):
        table["interval"] = [f"{number(low)} to {number(high)}" for low, high in zip(found["low"], found["high"], strict=True)]
    table["verdict"] = found.get("verdict", "")
    return table
