"""The tables of a study's results, word for word as the command line prints them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from huelab.survey.statistics.words import Section

_FAINT = "color: #8b8d92"


def show(section: Section) -> None:
    """One table with its note; the naive intervals faint, for they are too narrow."""
    if not section.rows:
        return
    if len(section.columns) == 2 and not any(section.columns):
        st.caption(". ".join(f"{key}: {value}" for key, value in section.rows) + f". {section.note}")
        return
    table = pd.DataFrame(list(section.rows), columns=list(section.columns))
    faint = [name for name in table.columns if name == "naive"]
    shown = table.style.map(lambda _: _FAINT, subset=faint) if faint else table
    st.dataframe(shown, hide_index=True, height="content", alt=section.title)
    if section.note:
        st.caption(section.note)
