"""The frame of every page: its menu, and what a visitor reads when something is amiss. Streamlit runs this file, not app.py."""

from pathlib import Path

import streamlit as st

from huelab.errors import HuelabError

HERE = Path(__file__).resolve().parent

st.set_page_config(page_title="huelab", page_icon=str(HERE / "icon.svg"), layout="wide")
st.logo(str(HERE / "logo.svg"), size="large")
st.html(HERE / "style.css")

PAGES = {
    "": [
        st.Page(HERE / "overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page(HERE / "data.py", title="Data", icon=":material/photo_library:"),
        st.Page(HERE / "compare.py", title="Compare", icon=":material/compare:"),
        st.Page(HERE / "colour.py", title="Colour", icon=":material/palette:"),
    ],
    "Survey": [
        st.Page(HERE / "studies.py", title="Studies", icon=":material/how_to_vote:"),
        st.Page(HERE / "monitor.py", title="Monitor", icon=":material/monitoring:"),
        st.Page(HERE / "results.py", title="Results", icon=":material/query_stats:"),
        st.Page(HERE / "export.py", title="Export", icon=":material/archive:"),
    ],
}

page = st.navigation(PAGES, position="top")
try:
    page.run()
except HuelabError as error:
    st.error(str(error), icon=":material/error:")
except OSError as error:
    # a run deletes and rewrites these files at any time; the next look finds them whole
    st.warning(
        f"A file changed while this page was reading it ({error.strerror}: {error.filename}). A run is probably rewriting it: "
        "reload the page in a moment.",
        icon=":material/sync:",
    )
