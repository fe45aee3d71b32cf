"""Page Studies: make a study from rendered pictures, try it, launch it, invite people, pause and close it."""

import pandas as pd
import streamlit as st

from dashboards import parts, reading
from dashboards.surveying import database, forms, inviting, login, steps, versions
from dashboards.surveying.versions import Listed
from huelab import paths
from huelab.errors import SurveyError
from huelab.survey import manifest, owners
from huelab.survey.manifest import Manifest
from huelab.survey.store import Store
from huelab.tracking import known

TABS = ["Studies", "New study"]


def overview(found: list[Listed]) -> None:
    """All versions in a table."""
    table = pd.DataFrame(
        {
            "title": [one.study.title for one in found],
            "version": [one.number for one in found],
            "state": [versions.STATES[one.state] for one in found],
            "asked": [one.study.mode for one in found],
            "complete": [f"{one.complete} of {one.study.people}" for one in found],
            "by": ["programs (simulated)" if one.study.simulated else "people" for one in found],
        }
    )
    columns = {"title": "Study", "version": "Version", "state": "State", "asked": "Mode", "complete": "Complete", "by": "Answered by"}
    st.dataframe(table, hide_index=True, column_config=columns, height="content", alt="Studies")


def one_study(store: Store, one: Listed, who: str) -> None:
    """What it is, what can be done with it, and its links."""
    steps.show(store, one, who)
    steps.facts(one)
    st.subheader("Links")
    inviting.show(store, one, who)
    completion_codes(store, one)


def completion_codes(store: Store, one: Listed) -> None:
    """What whoever pays people checks theirs against. Sorted, and never beside answers."""
    if not one.complete:
        return
    with st.expander("Completion codes"):
        st.write("Who is complete was shown one of these. In no order, and not beside answers: a code says that somebody finished.")
        st.code("\n".join(owners.codes(store, one.id)), None)


def example(found: Manifest) -> None:
    """One photograph as participants may see it: real, guessed by each model, and as a catch."""
    first = next((picture.photo_id for picture in found.pictures if picture.role == "main"), None)
    shown = [picture for picture in found.pictures if picture.photo_id == first]
    with st.container(horizontal=True, gap="small"):
        for picture in shown:
            content = reading.picture(paths.stimuli() / picture.file)
            if content is not None:
                name = picture.model or picture.kind
                st.image(content, caption=name, width=120, alt=name)
    st.caption(
        "One photograph as participants may see it: as it is, with a catch trial's plainly wrong colours, and as colorizers guess it."
    )


def new_study(store: Store, existing: list[Listed], who: str) -> None:
    """The form, from scratch or from a version there is."""
    if not (paths.stimuli() / manifest.FILE).is_file():
        st.info("No pictures are rendered for a survey yet. Stage `stimuli` does it, from all trained colorizers:")
        parts.commands("make run")
        return
    found = manifest.read(paths.stimuli())
    if not found.pictures:
        st.info("Stage `stimuli` rendered nothing: `survey.photographs` in params.yaml is 0.", icon=":material/hourglass_empty:")
        return
    origins = {"": "A new study", **{one.id: f"New version of: {one.title}" for one in existing}}
    origin = st.selectbox("Begin with", list(origins), format_func=origins.get, key="study_origin")
    from_version = next((one for one in existing if one.id == origin), None)
    base = from_version.study if from_version else forms.starting(found)
    if from_version:
        st.caption("Answers of different versions are never put together: the new one begins with nobody.")
    example(found)
    study = forms.asked(base, found, f"form_{origin}_{st.session_state.get('study_made', 0)}")
    if st.button("Create a draft", type="primary", disabled=study is None, key="study_create") and study is not None:
        tracked, problem = known.told([found.models[name].content for name in study.models])
        try:
            survey = from_version.survey if from_version else None
            version = owners.create(store, study, paths.stimuli(), who=who, survey=survey, tracked=tracked)
        except SurveyError as error:
            steps.wrong(error)
            return
        if problem:
            st.session_state["study_problem"] = problem
        st.session_state["study_made"] = st.session_state.get("study_made", 0) + 1
        st.session_state["study_go"] = version
        st.rerun()


st.title("Studies")
visitor = login.require("owner", "studies")
base = database.store()
if (made := st.session_state.pop("study_go", None)) is not None:  # before the widgets it sets are drawn
    versions.go_to(made)
    st.session_state["study_tab"] = TABS[0]
if (told := st.session_state.pop("study_problem", "")) != "":
    st.warning(told, icon=":material/info:")
everything = versions.listed(base)
tabs = dict(zip(TABS, st.tabs(TABS, key="study_tab", on_change="rerun", default=TABS[not everything]), strict=True))
if tabs["Studies"].open:
    with tabs["Studies"]:
        chosen = versions.choose(base)
        if chosen is not None:
            one_study(base, chosen, visitor.name)
            if len(everything) > 1:
                st.subheader("All studies")
                overview(everything)
if tabs["New study"].open:
    with tabs["New study"]:
        new_study(base, everything, visitor.name)
