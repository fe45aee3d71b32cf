"""Page Export: a study as files one can publish, deletion by a participant's code, and backups of everything."""

import datetime as dt
import io
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import streamlit as st
from sqlalchemy import select

from dashboards.surveying import database, login, opening, versions
from dashboards.surveying.login import Visitor
from dashboards.surveying.versions import Listed
from huelab import paths
from huelab.errors import HuelabError
from huelab.survey import audit, backup, export, privacy
from huelab.survey.refusal import Refused
from huelab.survey.schema import Export
from huelab.survey.store import Store


def zipped(store: Store, one: Listed, who: str) -> bytes:
    """An export as one file."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / f"survey-{one.id}"
        export.write(store, one.id, folder, who=who)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, f"{folder.name}/{file.name}")
    return out.getvalue()


def writing(store: Store, one: Listed, visitor: Visitor) -> None:
    """Writes an export, hands it out, and lists those there were."""
    st.write(
        "Votes (CSV and Parquet, a row per trial), codebook, plan, participants without names, pictures and where they come from, "
        "exclusions, results, the consent text as it was read, study, how the audit stands, and checksums."
    )
    key = f"exported_{one.id}"
    if st.button("Write an export", type="primary", icon=":material/archive:", key=f"write_{one.id}"):
        st.session_state[key] = zipped(store, one, visitor.name)
    if key in st.session_state:
        st.download_button(
            "Download the zip",
            st.session_state[key],
            f"survey-{one.id}.zip",
            "application/zip",
            icon=":material/download:",
            on_click="ignore",
        )
    with store.read() as session:
        made = list(session.scalars(select(Export).where(Export.version_id == one.id).order_by(Export.at.desc())))
    if not made:
        return
    table = pd.DataFrame(
        {
            "at": [f"{row.at:%Y-%m-%d %H:%M}" for row in made],
            "by": [row.by for row in made],
            "rows": [row.rows for row in made],
            "sha256": [row.sha256[:16] for row in made],
            "state": ["overtaken by a deletion: export again" if row.overtaken else "up to date when made" for row in made],
        }
    )
    columns = {"at": "Made (UTC)", "by": "By", "rows": "Rows", "sha256": "SHA-256 of the checksums", "state": "State"}
    st.dataframe(table, hide_index=True, column_config=columns, alt="Exports")


def deleting(store: Store) -> None:
    """What a participant may ask for, when they ask an owner."""
    st.write("A participant who gives you their deletion code has their data deleted, or handed to them.")
    code = st.text_input("Deletion code", key="code", max_chars=100).strip()
    sure = st.checkbox("Delete for good: nobody can bring them back", key="code_sure")
    with st.container(horizontal=True):
        delete = st.button("Delete their data", disabled=not (code and sure), key="code_delete")
        hand_out = st.button("Show their data", disabled=not code, key="code_show")
    try:
        if delete:
            privacy.delete_me(store, code)
            st.success("Deleted. Exports made before are marked as overtaken.", icon=":material/check:")
        elif hand_out:
            st.json(privacy.export_my_data(store, code))
    except Refused:
        st.error("Nobody has that code, or their data are deleted already.")


def recorded(store: Store) -> None:
    """Whether the record of what owners did is whole, and what that cannot tell."""
    with store.read() as session:
        state = audit.state(session)
    if state.broken is not None:
        st.error(state.words(), icon=":material/link_off:")
    else:
        st.write(state.words())
    st.caption(
        "A changed row, or one taken from the middle, shows here. A cut-off end does not: keep exports and backups, and compare with "
        "`huelab survey audit FILE`."
    )


def backing_up(store: Store) -> None:
    """The whole database and its pictures."""
    st.write("Database and pictures as they are at one moment, while people answer. Copy it to another disk: `huelab survey restore FILE`.")
    if st.button("Back up now", icon=":material/save:", key="backup"):
        file = paths.survey_backups() / f"survey-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.tar"
        try:
            with st.spinner("Copying …"):
                backup.backup(store, file)
        except HuelabError as error:
            st.error(str(error), icon=":material/error:")
        else:
            st.success(f"{file} ({file.stat().st_size / 1e6:.1f} MB)", icon=":material/check:")
    there = sorted(paths.survey_backups().glob("*.tar"), reverse=True)
    if there:
        st.caption("There are: " + ", ".join(f"{file.name} ({file.stat().st_size / 1e6:.1f} MB)" for file in there[:10]) + ".")


st.title("Export")
visitor = login.require("analyst", "export")
base = database.store()
chosen = versions.choose(base)
if chosen is not None:
    if opening.is_open(chosen):
        opening.says(chosen)
        try:
            writing(base, chosen, visitor)
        except HuelabError as error:
            st.error(str(error), icon=":material/error:")
    else:
        opening.ask(base, chosen, visitor)
        st.caption("An export holds every vote: it waits for the same moment as the results.")
    if visitor.may("owner"):
        st.subheader("A participant's data")
        deleting(base)
        st.subheader("Record of what owners did")
        recorded(base)
        st.subheader("Backup")
        backing_up(base)
