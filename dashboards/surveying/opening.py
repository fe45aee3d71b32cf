"""When results may be seen: at the planned number of people or look, or earlier by an owner who says why, which stays beside them."""

from __future__ import annotations

import streamlit as st

from dashboards.surveying.login import Visitor
from dashboards.surveying.versions import Listed
from huelab.survey import owners
from huelab.survey.statistics import looks
from huelab.survey.statistics.looks import Look
from huelab.survey.store import Store


def standing(one: Listed) -> Look:
    """Where the study stands."""
    ended = one.complete + one.gone
    return looks.standing(one.study, ended, closed=one.state == "closed", early=bool(one.opened), deleted=one.gone)


def is_open(one: Listed) -> bool:
    """Whether results may be seen now."""
    return standing(one).open


def says(one: Listed) -> None:
    """Where it stands, in words, and who looked early."""
    if is_open(one):  # else `ask` says it
        st.caption(looks.words(standing(one)))
    if one.opened:
        st.warning(
            "\n\n".join(["**Results were looked at before the planned end:**", *map(_told, one.opened)]), icon=":material/lock_open:"
        )


def _told(looked: dict[str, object]) -> str:
    return f"{str(looked['at'])[:16].replace('T', ' ')} UTC, {looked['who']}, with {looked['complete']} complete: {looked['why']}"


def ask(store: Store, one: Listed, visitor: Visitor) -> None:
    """Says that results are hidden, and lets an owner open them."""
    look = standing(one)
    st.info(
        f"Results are hidden until {look.next or look.planned} people are complete; {one.complete} are. "
        "Who looks before, stops when they look good.",
        icon=":material/visibility_off:",
    )
    if not visitor.may("owner"):
        return
    with st.expander("See them now"), st.form(f"open_{one.id}", border=False):
        why = st.text_input(
            "Reason", key=f"why_open_{one.id}", max_chars=500, help="Kept on record and printed beside the results for good."
        )
        if st.form_submit_button("Open the results"):
            if not why.strip():
                st.error("Say why: it is printed beside the results.")
            else:
                owners.open_results(store, one.id, who=visitor.name, why=why.strip())
                st.rerun()
