"""The studies there are, and the one that all pages of the survey speak of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st
from sqlalchemy import func, select

from huelab.errors import SurveyError
from huelab.survey.frozen import study_of
from huelab.survey.schema import Participant, Survey, Version
from huelab.survey.store import Store
from huelab.survey.study import Study

STATES = {"draft": "draft", "live": "open", "paused": "paused", "closed": "closed"}
_CHOSEN = "survey_version"
_SIMULATED = "**Simulated study.** Its answers were made by programs, not by people: it shows that the survey works, and nothing else."


@dataclass(frozen=True)
class Listed:
    """A version with how far it is."""

    id: str
    survey: str
    number: int
    state: str
    study: Study
    lineage: dict[str, Any]
    opened: list[dict[str, Any]]
    """Who looked at results early, when and why."""
    joined: int
    complete: int
    gone: int
    """How many more were complete and had their data deleted since."""

    @property
    def title(self) -> str:
        """For a list: of this version alone and for good, since a browser names what is chosen by these words."""
        simulated = " · simulated" if self.study.simulated else ""
        return f"{self.study.title} · version {self.number} · {self.id[:6]}{simulated}"


def listed(store: Store) -> list[Listed]:
    """All versions, the latest study first."""
    counted = select(Participant.version_id, Participant.state, func.count(), func.count(Participant.completed_at)).where(
        ~Participant.preview
    )
    with store.read() as session:
        counts: dict[str, dict[str, int]] = {}
        ended: dict[str, int] = {}
        for version, state, count, ends in session.execute(counted.group_by(Participant.version_id, Participant.state)):
            counts.setdefault(version, {})[state] = count
            if state == "deleted":
                ended[version] = ends
        rows = session.execute(
            select(Version, Survey.created_at)
            .join(Survey, Survey.id == Version.survey_id)
            .order_by(Survey.created_at.desc(), Version.number.desc())
        )
        return [
            Listed(
                id=version.id,
                survey=version.survey_id,
                number=version.number,
                state=version.state,
                study=study,
                lineage=version.lineage,
                opened=list(version.results_opened),
                joined=sum(counts.get(version.id, {}).values()),
                complete=counts.get(version.id, {}).get("complete", 0),
                gone=ended.get(version.id, 0),
            )
            for version, _ in rows
            if (study := _study(version)) is not None
        ]


def _study(version: Version) -> Study | None:
    """None, and words, where somebody edited it in the database: it must not hide the others."""
    try:
        return study_of(version)
    except SurveyError as error:
        st.error(str(error), icon=":material/error:")
        return None


def choose(store: Store) -> Listed | None:
    """The study to speak of, the same on every page; None, and words, where there is none."""
    found = {one.id: one for one in listed(store)}
    if not found:
        st.info("There is no study yet: page Studies makes one.", icon=":material/hourglass_empty:")
        return None
    if st.session_state.get(_CHOSEN) not in found:
        st.session_state.pop(_CHOSEN, None)
    chosen = st.selectbox("Study", list(found), format_func=lambda name: found[name].title, key=_CHOSEN, persist_state="session")
    return banner(found[chosen])


def banner(one: Listed) -> Listed:
    """Says so where a study is simulated."""
    if one.study.simulated:
        st.warning(_SIMULATED, icon=":material/smart_toy:")
    return one


def go_to(version: str) -> None:
    """Makes a version the chosen one; before the list is drawn."""
    st.session_state[_CHOSEN] = version
