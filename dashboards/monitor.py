"""Page Monitor: how a study goes while people answer, without a word on which model does well."""

import altair as alt
import pandas as pd
import streamlit as st

from dashboards.surveying import database, login, opening, progress, versions
from dashboards.surveying.progress import Progress
from dashboards.surveying.versions import Listed

EVERY = "5s"


def numbers(found: Progress, one: Listed) -> None:
    """The figures one looks at first."""
    st.progress(min(1.0, found.complete / one.study.people), f"{found.complete} of {one.study.people} people complete")
    with st.container(horizontal=True):
        st.metric("Joined", found.joined)
        st.metric("Began", found.begun)
        st.metric("Under way", found.under_way, help="Seen within the last hour")
        st.metric("Complete", found.complete)
        st.metric("Left", found.withdrawn + found.away, help=f"{found.withdrawn} withdrew, {found.away} were not seen for an hour")
    with st.container(horizontal=True):
        st.metric("Answers", f"{found.answers:,}")
        seen = "–" if found.catch_seen is None else f"{found.catch_seen:.0%}"
        st.metric("Catch trials seen through", seen, help=f"Of {found.catches} that count")
        minutes = "–" if found.minutes is None else f"{found.minutes[1]:.1f} min"
        about = None if found.minutes is None else f"Half of the people took {found.minutes[0]:.1f} to {found.minutes[2]:.1f} min"
        st.metric("Median duration", minutes, help=about)
        st.metric("Trials put again", found.repeated, help="The tab was hidden, or the exposure was late")
        st.metric("Problems reported", len(found.problems))
    if found.possible_duplicates:
        st.caption(
            f"{found.possible_duplicates} people may be fewer: they came from one address on one day with one kind of screen and browser. "
            "A household or a class looks alike; nobody is left out for it."
        )
    if found.last is not None:
        st.caption(f"Latest answer {found.last:%Y-%m-%d %H:%M:%S} UTC." + (f" {found.deleted} deleted their data." * bool(found.deleted)))


def way(found: Progress) -> None:
    """How many reached each step, and where people left."""
    st.subheader("Where people are, and where they left")
    order = found.steps["step"].tolist()
    long = found.steps.assign(went=lambda table: table["reached"] - table["now"] - table["left"]).melt(
        "step", ["went", "now", "left"], var_name="kind", value_name="people"
    )
    words = {"went": "went on or done", "now": "there now", "left": "left there"}
    long["kind"] = long["kind"].map(words)
    bars = (
        alt.Chart(long)
        .mark_bar(height=18)
        .encode(
            y=alt.Y("step:N", sort=order, title=None, axis=alt.Axis(labelFontSize=13, labelLimit=200)),
            x=alt.X("people:Q", title="people who reached it", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(words.values()), range=["#56B4E9", "#E69F00", "#8b8d92"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order=alt.Order("rank:Q"),
            tooltip=["step", "kind", "people"],
        )
        .transform_calculate(rank="datum.kind == 'went on or done' ? 0 : datum.kind == 'there now' ? 1 : 2")
        .properties(height=30 * len(order) + 70)
    )
    st.altair_chart(bars, width="stretch", alt="People who reached each step")
    if found.screening:
        told = ", ".join(f"{count} {name}" for name, count in found.screening.items())
        st.caption(f"Colour screening (no diagnosis): {told}.")


def problems(table: pd.DataFrame) -> None:
    """What participants wrote."""
    st.subheader("Problems reported")
    if table.empty:
        st.caption("None.")
        return
    height = 76 if table["text"].str.len().max() > 60 else None  # high rows let their words go on in a second and third line
    columns = {
        "at": "When (UTC)",
        "participant": "Participant",
        "text": st.column_config.TextColumn("What they wrote", width="large"),
    }
    st.dataframe(table, hide_index=True, column_config=columns, row_height=height, alt="Problems reported")


@st.fragment(run_every=EVERY)
def live(version: str) -> None:
    """Looked up anew every few seconds."""
    store = database.store()
    one = next((found for found in versions.listed(store) if found.id == version), None)
    if one is None:
        return
    found = progress.of(store, version)
    numbers(found, one)
    way(found)
    problems(found.problems)
    opening.says(one)


st.title("Monitor")
visitor = login.require("viewer", "monitor")
base = database.store()
chosen = versions.choose(base)
if chosen is not None:
    st.caption(f"{versions.STATES[chosen.state].capitalize()}. Looked up anew every {EVERY.removesuffix('s')} seconds.")
    live(chosen.id)
    if not opening.is_open(chosen):
        opening.ask(base, chosen, visitor)
    elif visitor.may("analyst"):
        st.page_link("results.py", label="See the results", icon=":material/query_stats:")
