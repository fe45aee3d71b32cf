"""The photographs of a study one by one: the real picture beside the guess, and how many took the guess for real."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st
from sqlalchemy import select

from dashboards import reading
from dashboards.surveying import figures
from dashboards.surveying.versions import Listed
from huelab import paths
from huelab.survey.schema import Stimulus
from huelab.survey.store import Store

_SHOWN = 12
_MOST, _LEAST = "Most fooling first", "Least fooling first"


@dataclass(frozen=True)
class Pictures:
    """Those of a version."""

    sha256: dict[tuple[str, str, str], str]
    """photo_id, kind and model -> its file's name."""
    path: dict[str, str]
    """photo_id -> the photograph it is of."""

    @classmethod
    def of(cls, store: Store, version: str) -> Pictures:
        """As the database has them."""
        with store.read() as session:
            rows = list(session.scalars(select(Stimulus).where(Stimulus.version_id == version)))
        named = {(row.photo_id, row.kind, row.model): row.sha256 for row in rows}
        return cls(named, {row.photo_id: str(row.provenance.get("path", row.photo_id)) for row in rows})

    def read(self, photo_id: str, kind: str, model: str = "") -> bytes | None:
        """The PNG; None where it is gone."""
        name = self.sha256.get((photo_id, kind, model))
        return None if name is None else reading.picture(paths.survey_stimuli() / f"{name}.png")


def show(store: Store, one: Listed, table: pd.DataFrame) -> None:
    """Dots of all photographs, and the pictures of one model in order. `table`: fooling.per_photograph."""
    if table.empty:
        why = "in mode prefer a vote is about two colorizers" if one.study.mode == "prefer" else "nobody's answers are left, see Left out"
        st.info(f"No photograph has a fooling rate: {why}.", icon=":material/info:")
        return
    pictures = Pictures.of(store, one.id)
    st.altair_chart(figures.photographs(table, one.study.models, pictures.path), width="stretch", alt="Fooling rate of each photograph")
    st.caption("A dot is one picture; larger dots have more votes. Few votes scatter widely: read the intervals below.")
    models = [name for name in one.study.models if name in set(table["model"])]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = st.selectbox("Colorizer", models, key="strip_model", width=260)
        order = st.selectbox("Order", [_MOST, _LEAST], key="strip_order", width=260)
        pages = -(-int((table["model"] == model).sum()) // _SHOWN)
        page = int(st.number_input("Page", 1, pages, 1, key="strip_page", width=140)) - 1 if pages > 1 else 0
    own = table[table["model"] == model].sort_values(["rate", "trials", "photo_id"], ascending=[order == _LEAST, False, True])
    with st.container(horizontal=True, gap="small"):
        for row in own.iloc[page * _SHOWN : (page + 1) * _SHOWN].itertuples():
            _card(pictures, str(row.photo_id), model, row)


def _card(pictures: Pictures, photo_id: str, model: str, row: object) -> None:
    real, fake = pictures.read(photo_id, "real"), pictures.read(photo_id, "model", model)
    with st.container(width=260):
        with st.container(horizontal=True, gap="small"):
            for name, content in (("real", real), (model, fake)):
                if content is not None:
                    st.image(content, caption=name, width=120, alt=f"{pictures.path.get(photo_id, photo_id)}, {name}")
        rate, votes, low, high = (getattr(row, key) for key in ("rate", "trials", "low", "high"))
        st.caption(
            f"**{rate:.0%}** of {votes} took it for real ({low:.0%} to {high:.0%}). {pictures.path.get(photo_id, photo_id)}, `{photo_id}`"
        )
