"""Results of a study as the pages show them: computed once for every state of the database."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import func, select

from dashboards import reading
from dashboards.surveying import database
from dashboards.surveying.versions import Listed
from huelab import paths
from huelab.survey import publishing
from huelab.survey.schema import Answer, Participant
from huelab.survey.statistics.results import Results
from huelab.survey.store import Store


def of(store: Store, one: Listed) -> Results:
    """All figures of a version; the same that `huelab survey stats` prints."""
    with store.read() as session:
        own = select(Participant.id).where(Participant.version_id == one.id)
        answers = session.execute(
            select(func.count(), func.max(Answer.received_at)).select_from(Answer).where(Answer.participant_id.in_(own))
        ).one()
        people = session.execute(
            select(Participant.state, func.count()).where(Participant.version_id == one.id).group_by(Participant.state)
        ).all()
    files = [file for model in one.study.models for file in (paths.scores(model) / "scores.parquet", paths.model(model) / "card.json")]
    scores = [str(reading.stamp(file)) for file in files]
    state = (store.place(), one.id, one.state, *map(str, answers), *sorted(map(str, people)), str(one.opened), *scores)
    return _computed(state, one.id)


@st.cache_data(max_entries=8, show_spinner="Drawing people and photographs anew, to find intervals …")
def _computed(state: tuple[str, ...], version_id: str) -> Results:
    return publishing.computed(database.store(), version_id)
