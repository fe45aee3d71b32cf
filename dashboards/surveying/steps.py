"""What an owner does with a study: try it, launch it, pause, resume and close it, and what it is made of."""

from __future__ import annotations

import html
from typing import Any

import streamlit as st

from dashboards.surveying import inviting
from dashboards.surveying.versions import STATES, Listed
from huelab import paths
from huelab.errors import SurveyError
from huelab.survey import owners, texts
from huelab.survey.store import Store
from huelab.survey.study import UNLIMITED


def facts(one: Listed) -> None:
    """The study in a list."""
    study = one.study
    shown = "as long as one likes" if study.exposure_ms == UNLIMITED else f"for {study.exposure_ms} ms"
    turn = ", one after the other" if study.presentation == "in_turn" else ""
    models = ", ".join(
        f"{name} ({one.lineage.get('models', {}).get(name, {}).get('content', '')[:8] or 'unknown'})" for name in study.models
    )
    rows = {
        "State": STATES[one.state],
        "Asked": f"mode {study.mode}, pictures {shown}{turn}",
        "Colorizers": models,
        "Trials": f"{study.trials} main, {study.catches} catch, {study.practice} practice; about {texts.minutes(study)} minutes",
        "People": f"{one.complete} of {study.people} complete" + (f"; looks at {', '.join(map(str, study.looks))}" if study.looks else ""),
        "Pictures": f"of data {one.lineage.get('data_hash', '')}; {one.lineage.get('protocol', '')}",
        "Frozen as" if one.state != "draft" else "To be frozen as": f"{study.sha256()[:16]} (version id {one.id})",
    }
    st.html("<dl class='facts'>" + "".join(f"<dt>{key}</dt><dd>{html.escape(value)}</dd>" for key, value in rows.items()) + "</dl>")


def show(store: Store, one: Listed, who: str) -> None:
    """Buttons for what its state allows."""
    with st.container(horizontal=True):
        if st.button("Preview", icon=":material/visibility:", key=f"preview_{one.id}", help="Try it as a participant. It never counts."):
            _preview(store, one, who)
        if one.state == "draft" and st.button("Launch", icon=":material/rocket_launch:", type="primary", key=f"launch_{one.id}"):
            _launch(store, one, who)
        if one.state == "paused" and st.button("Resume", icon=":material/play_arrow:", type="primary", key=f"resume_{one.id}"):
            owners.resume(store, one.id, who=who)
            st.rerun()
        if one.state == "live":
            with st.popover("Pause", icon=":material/pause:"):
                _ended(store, one, who, "pause", "Nobody joins or answers until you resume it. Who is under way goes on afterwards.")
        if one.state in ("live", "paused"):
            with st.popover("Close", icon=":material/stop_circle:"):
                _ended(store, one, who, "close", "Nobody joins or answers any more, and results are final. This cannot be undone.")
    tried = st.session_state.get(f"preview_of_{one.id}")
    if tried:
        st.link_button("Open the preview", tried, icon=":material/open_in_new:")
    if one.state == "draft":
        st.caption("A draft is open to nobody but you. Launched, it never changes again; a change is a new version.")


def _preview(store: Store, one: Listed, who: str) -> None:
    try:
        token = owners.preview(store, one.id, who=who)
    except SurveyError as error:
        wrong(error)
    else:
        st.session_state[f"preview_of_{one.id}"] = inviting.link(inviting.base_address(), token)


def _launch(store: Store, one: Listed, who: str) -> None:
    try:
        owners.launch(store, one.id, paths.stimuli(), who=who)
    except SurveyError as error:
        wrong(error)
    else:
        st.rerun()


def wrong(error: SurveyError) -> None:
    """An error that may list hundreds of pictures: one line for each."""
    words = str(error)
    with st.container(height=320 if len(words) > 800 else "content", border=False):
        st.error(words.replace("; ", ";\n\n"), icon=":material/error:")


def _ended(store: Store, one: Listed, who: str, what: str, meaning: str) -> None:
    st.write(meaning)
    why = st.text_input("Reason", key=f"why_{what}_{one.id}", max_chars=500, help="Kept on record with your name.")
    if st.button(f"{what.capitalize()} the study", key=f"{what}_{one.id}", type="primary"):
        if not why.strip():
            st.error("Say why: it stays on record.")
            return
        step: Any = {"pause": owners.pause, "close": owners.close}[what]
        step(store, one.id, who=who, why=why.strip())
        st.rerun()
