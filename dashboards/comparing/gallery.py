"""Section Gallery of page Compare: whole photographs as every model colours them, to look at and never scored."""

import streamlit as st

from dashboards import parts, pictures
from dashboards.comparing import one_picture
from huelab import paths


def show(models: list[str]) -> None:
    """One gallery photograph at a time, in every one of `models` that coloured it."""
    entries = pictures.gallery()
    if not entries:
        st.info("The gallery is written by stage `standardize`.", icon=":material/hourglass_empty:")
        return
    names = [name for name in models if (paths.scores(name) / "pictures" / "gallery").is_dir()]
    chosen = st.selectbox("Photograph", list(entries), format_func=lambda file: entries[file], key="gallery_picture", width=420)
    truth = parts.rgb(paths.gallery() / chosen)
    made = {name: parts.rgb(paths.scores(name) / "pictures" / "gallery" / chosen) for name in names}
    st.caption("Whole photographs, of which training has seen parts where the split is by region: they illustrate and are never scored.")
    one_picture.side_by_side(truth, made, {name: name for name in names}, width=232)
    one_picture.closely(truth, made, key="gallery_divider")
