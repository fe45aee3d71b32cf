"""Section Sheets of page Compare: the report's contact sheets, and what learned models got wrong, by cause."""

import pandas as pd
import streamlit as st

from dashboards import failing, parts, reading
from huelab import paths
from huelab.evaluation import failures
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.failures import Failures

SHEETS = {
    "Random": "contact_sheet.png",
    "Best": "contact_best.png",
    "Worst": "contact_worst.png",
    "Most disputed": "contact_disputed.png",
    "Gallery": "gallery_sheet.png",
}


def show(scored: dict[str, Evaluated]) -> None:
    """A contact sheet chosen, then the failures of the learned ones among `scored`."""
    _sheets()
    _failures({name: one for name, one in scored.items() if not one.floor})


def _sheets() -> None:
    there = [name for name, file in SHEETS.items() if (paths.reports() / file).is_file()]
    if not there:
        st.info("The contact sheets are drawn by stage `compare`.", icon=":material/hourglass_empty:")
        return
    st.subheader("Contact sheets")
    chosen = st.segmented_control("Pictures", there, default=there[0], required=True, key="sheet_chosen", label_visibility="collapsed")
    content = reading.picture(paths.reports() / SHEETS[chosen])
    if content is not None and parts.is_picture(content):
        with st.container(key="sheet"):  # scrolls sideways on a narrow screen, style.css
            st.image(content, width="stretch", alt=f"{chosen}: gray, truth and every model side by side")


def _failures(scored: dict[str, Evaluated]) -> None:
    st.subheader("Failures by cause")
    found = failing.gallery(scored) if scored else None
    if found is None or not any(found.examined.values()):
        st.caption("No colourful test picture of a learned model was kept, so none can have failed.")
        return
    st.dataframe(_counted(found), hide_index=True, height="content", alt="Failures by cause and model")
    st.caption("Kept test pictures of photographs that have colour. A picture may fail by hue and by leak.")
    for cause in failures.CAUSES:
        cases = found.worst[cause.name]
        st.markdown(f"##### {cause.name.capitalize()}")
        st.caption(f"{cause.rule.capitalize()}. {cause.look}" + ("" if cases else " None found."))
        with st.container(horizontal=True, gap="medium"):
            for case in cases:
                with st.container(width=280):
                    parts.pictures_in_a_row([("truth", case.truth), (case.model, case.made)], width=130)
                    st.caption(f"{case.name}: {cause.measure.format(case.value)}")


def _counted(found: Failures) -> pd.DataFrame:
    rows = [
        {"model": name, "pictures": examined, **{cause.name: found.counts[name][cause.name] for cause in failures.CAUSES}}
        for name, examined in found.examined.items()
    ]
    return pd.DataFrame(rows)
