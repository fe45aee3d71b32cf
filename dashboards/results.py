"""Page Results: how often each model was taken for real and how surely, photograph by photograph, with and without those left out."""

import streamlit as st

from dashboards.surveying import database, figures, found, linked, login, opening, strip, tables, versions
from dashboards.surveying.login import Visitor
from dashboards.surveying.versions import Listed
from huelab.survey import publishing
from huelab.survey.statistics import words
from huelab.survey.statistics.results import Figures, Results
from huelab.survey.store import Store

TABS = ["Models", "Photographs", "Left out", "Metrics", "As text"]


def head(results: Results, one: Listed) -> None:
    """Who took part, and what was judged."""
    with st.container(horizontal=True):
        st.metric("Complete", f"{results.look.complete} of {results.study.people}")
        st.metric("Left out", len(results.excluded), help="By the rules of the study")
        st.metric("Photographs", results.kept.photographs)
        st.metric("Votes", f"{results.kept.trials:,}")
        st.metric("Catch trials seen through", words.percent(results.catch_accuracy))
        st.metric("Median duration", "–" if results.median_minutes is None else f"{results.median_minutes:.1f} min")
    if words.few(results.kept) or results.kept.pictures > results.kept.photographs:
        st.caption(f"Photographs: {words.photographs(results.kept)}. {one.lineage.get('protocol', '')}")


def models(results: Results) -> None:
    """Every figure about models, of those kept or of everybody."""
    everybody = False
    if results.excluded:
        titles = {False: words.kept_title(results), True: words.everybody_title(results)}
        everybody = st.radio("Whose answers", [False, True], format_func=titles.get, key="results_whose", horizontal=True)
    own: Figures = results.everybody if everybody else results.kept
    if not own.trials:
        st.info("No votes are left: the rules of the study left everybody out. Left out says why.", icon=":material/info:")
        return
    if own.ranking is not None:
        st.altair_chart(figures.strengths(own.ranking), width="stretch", alt="Strength of every model")
    elif any(one.trials for one in own.fooled):
        st.altair_chart(figures.fooling([one for one in own.fooled if one.trials]), width="stretch", alt="Fooling rate of every model")
        line = "at the dashed line nobody can tell" if results.study.mode == "pair" else "the dashed line is one half"
        st.caption(f"Dot and line: fooling rate with its 95 % interval over people and photographs; gray: the naive interval; {line}.")
    for section in words.sections(own):
        st.subheader(section.title)
        tables.show(section)


def left_out(results: Results) -> None:
    """Who was left out, by which rule, and what it changes."""
    if not results.excluded:
        st.info("Nobody was left out.", icon=":material/check:")
        return
    tables.show(words.excluded(results))
    with_them = {row[0]: row for row in words.fooling(results.everybody).rows}
    if with_them:
        st.subheader("What it changes")
        rows = [(*row[:3], *with_them[row[0]][1:3]) for row in words.fooling(results.kept).rows]
        columns = ("model", "without them", "95 % interval", "with everybody", "95 % interval with everybody")
        tables.show(words.Section("What it changes", columns, rows))


def publish(store: Store, one: Listed, visitor: Visitor) -> None:
    """Takes a closed study's fooling rates to where leaderboard, MLflow and promotion read them."""
    if one.state != "closed" or one.study.simulated or one.study.mode == "prefer" or not visitor.may("owner"):
        return
    if st.button("Publish", icon=":material/publish:", key=f"publish_{one.id}", help="To registry/human.json, for leaderboard and MLflow"):
        st.success("\n\n".join(publishing.publish(store, one.id, who=visitor.name)), icon=":material/check:")


def shown(store: Store, one: Listed, visitor: Visitor) -> None:
    """Everything, in tabs."""
    results = found.of(store, one)
    if not results.begun:
        st.info("Nobody has answered yet.", icon=":material/hourglass_empty:")
        return
    head(results, one)
    publish(store, one, visitor)
    tabs = dict(zip(TABS, st.tabs(TABS, key="results_tab", on_change="rerun"), strict=True))
    if tabs["Models"].open:
        with tabs["Models"]:
            models(results)
    if tabs["Photographs"].open:
        with tabs["Photographs"]:
            strip.show(store, one, results.kept.photographs_of)
    if tabs["Left out"].open:
        with tabs["Left out"]:
            left_out(results)
    if tabs["Metrics"].open:
        with tabs["Metrics"]:
            linked.show(one, results)
    if tabs["As text"].open:
        with tabs["As text"]:
            st.caption(f"What `huelab survey stats {one.id}` prints.")
            st.code(words.table(results), None)


st.title("Results")
visitor = login.require("analyst", "results")
base = database.store()
chosen = versions.choose(base)
if chosen is not None:
    opening.says(chosen)
    if opening.is_open(chosen):
        shown(base, chosen, visitor)
    else:
        opening.ask(base, chosen, visitor)
