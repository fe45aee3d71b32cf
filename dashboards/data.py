"""Page Data: which photographs there are, how they were split, what was refused and why, and what training sees."""

import pandas as pd
import streamlit as st

from dashboards import charts, documents, parts, pictures, reading
from huelab import paths

COLUMNS = {
    "path": st.column_config.TextColumn("Photograph", width="medium"),
    "split": st.column_config.TextColumn("Split"),
    "label": st.column_config.TextColumn("Label"),
    "width": st.column_config.NumberColumn("Width", format="%d px"),
    "height": st.column_config.NumberColumn("Height", format="%d px"),
    "format": st.column_config.TextColumn("Format"),
    "file_bytes": st.column_config.NumberColumn("Size", format="bytes"),
    "chroma_mean": st.column_config.NumberColumn("Chroma, mean", format="%.1f", help="CIE chroma: 0 is gray, 60 is vivid"),
    "l_mean": st.column_config.NumberColumn("Lightness, mean", format="%.0f", help="CIE L: 0 is black, 100 is white"),
}
REASONS = {
    "path": st.column_config.TextColumn("File", width="medium"),
    "reject_reason": st.column_config.TextColumn("Reason"),
    "reject_detail": st.column_config.TextColumn("What was found", width="large"),
    "duplicate_of": st.column_config.TextColumn("Duplicate of"),
}


def numbers(photographs: pd.DataFrame, meta: dict | None) -> None:
    """Counts, the protocol, and the two charts of splits and labels."""
    used = photographs[photographs["reject_reason"] == ""]
    labels = sorted(set(used["label"]) - {""})
    with st.container(horizontal=True):
        st.metric("Files found", f"{len(photographs):,}", border=True)
        st.metric("Photographs used", f"{len(used):,}", border=True)
        st.metric("Rejected", f"{len(photographs) - len(used):,}", border=True)
        st.metric("Labels", f"{len(labels):,}" if labels else "none", border=True)
        if meta:
            stored = sum(meta["counts"].values())
            st.metric("Stored pictures", f"{stored:,}", border=True, help=f"{meta['size']}×{meta['size']} pixels each")
    if meta:
        st.caption(f"{meta['protocol']} Data hash `{meta['data_hash']}`.")
    else:
        st.caption("The pictures are not standardized yet: splits of stored pictures appear after stage `standardize`.")
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Splits")
        items = reading.table(paths.store() / "items.parquet")
        rows = items if items is not None else used
        st.altair_chart(charts.splits(rows, "pictures" if items is not None else "photographs"), width="stretch")
    with right:
        st.subheader("Labels")
        if labels:
            st.altair_chart(charts.labels(rows), width="stretch")
        else:
            st.write("These photographs have no labels. Put them into one folder per class and the folders' names become labels.")


def photographs_tab(photographs: pd.DataFrame) -> None:
    """The table of what is used, and the gallery."""
    gallery = pictures.gallery()
    if gallery:
        st.subheader("Gallery", help="Whole photographs kept to illustrate; they are never scored beside the test split.")
        parts.pictures_in_a_row([(name, reading.picture(paths.gallery() / file)) for file, name in gallery.items()], width=196)
    st.subheader("Photographs in use")
    used = photographs[photographs["reject_reason"] == ""]
    wanted = st.text_input("Find by name or label", placeholder="part of a name", key="data_find")
    if wanted:
        used = used[(used["path"] + " " + used["label"]).str.contains(wanted, case=False, regex=False)]
    st.dataframe(used, column_config=COLUMNS, column_order=list(COLUMNS), hide_index=True, alt="Photographs in use")


def rejects_tab(photographs: pd.DataFrame) -> None:
    """What was refused and why, to look through and to take away."""
    refused = photographs[photographs["reject_reason"] != ""]
    if refused.empty:
        st.success("Every file in data/ is used: nothing was rejected.", icon=":material/check_circle:")
        return
    reasons = refused["reject_reason"].value_counts()
    chosen = st.pills(
        "Reason",
        list(reasons.index),
        selection_mode="multi",
        format_func=lambda reason: f"{reason.replace('_', ' ')} ({reasons[reason]})",
        key="data_reasons",
    )
    shown = refused[refused["reject_reason"].isin(chosen)] if chosen else refused
    st.dataframe(shown, column_config=REASONS, column_order=list(REASONS), hide_index=True, alt="Rejected files")
    content = reading.picture(paths.rejects())
    if content is not None:
        st.download_button("Download rejects.csv", content, "rejects.csv", "text/csv", icon=":material/download:", on_click="ignore")


def inspection_tab() -> None:
    """The page that stage inspect wrote, Great Expectations' verdicts included."""
    if not paths.inspection_html().is_file():
        st.info("Stage `inspect` has not written its page yet.", icon=":material/hourglass_empty:")
        return
    st.link_button("Open in a tab of its own", documents.INSPECTION, icon=":material/open_in_new:")
    st.iframe(documents.INSPECTION, height=900, alt="Inspection of the photographs")


def augmentation_tab() -> None:
    """Before and after, and the policy as the stage wrote it."""
    sheets = sorted(paths.augmentation().glob("*.png"))
    policy = reading.text(paths.augmentation() / "policy.json")
    if not sheets and policy is None:
        st.info("Stage `augment` has not run yet.", icon=":material/hourglass_empty:")
        return
    st.write("What training makes of a photograph: geometric and mild tonal changes, applied to RGB before the colours are taken apart.")
    for sheet in sheets:
        content = reading.picture(sheet)
        if content is not None:
            st.image(content, width="stretch", alt="Photographs before and after augmentation")
    if policy is not None:
        with st.expander("The policy (policy.json)"):
            st.code(policy, "json")


st.title("Data")
everything = reading.table(paths.photo_table())
if everything is None:
    st.info("No photographs have been looked at yet: the table appears after stage `inspect`.", icon=":material/hourglass_empty:")
    parts.commands("make run", "huelab data use FOLDER", "huelab data check FOLDER")
else:
    numbers(everything, reading.document(paths.store() / "meta.json"))
    refused_count = int((everything["reject_reason"] != "").sum())
    tabs = st.tabs(["Photographs", f"Rejected ({refused_count})", "Inspection", "Augmentation"])
    with tabs[0]:
        photographs_tab(everything)
    with tabs[1]:
        rejects_tab(everything)
    with tabs[2]:
        inspection_tab()
    with tabs[3]:
        augmentation_tab()
