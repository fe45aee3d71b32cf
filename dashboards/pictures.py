"""Test and gallery pictures: the photograph as it was, and what each model made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dashboards import parts, reading
from huelab import paths
from huelab.data.store import Store
from huelab.errors import HuelabError

Picture = NDArray[np.uint8]


def truth(item_id: str) -> Picture | None:
    """The stored picture `item_id` as uint8 RGB (h, w, 3) without padding; None while the store is rewritten, or no longer has it."""
    identity = reading.stamp(paths.store() / "items.parquet")
    if identity is None:
        return None
    try:
        return _stored(str(paths.store()), item_id, identity)
    except (HuelabError, OSError, ValueError, LookupError):
        return None


def made(model: str, item_id: str) -> Picture | None:
    """What `model` made of test picture `item_id`; None when no copy was kept."""
    return parts.rgb(paths.scores(model) / "pictures" / "test" / f"{item_id}.png")


def gallery() -> dict[str, str]:
    """File name (NN.png) of each gallery photograph, and the photograph's own name."""
    identity = reading.stamp(paths.gallery() / "gallery.json")
    if identity is None:
        return {}
    try:
        return _gallery(str(paths.store()), identity)
    except (HuelabError, OSError, ValueError, LookupError):
        return {}


@st.cache_data(max_entries=512, show_spinner=False)
def _stored(folder: str, item_id: str, identity: reading.Stamp) -> Picture:
    store = Store.open(Path(folder))
    items: pd.DataFrame = store.items
    index = np.flatnonzero(items["item_id"].to_numpy() == item_id)[:1].astype(np.int64)
    top, left, height, width = store.boxes(index)[0]  # what models are scored on: the picture without its padding
    return np.asarray(store.read(index)[0, top : top + height, left : left + width])


@st.cache_data(max_entries=4, show_spinner=False)
def _gallery(folder: str, identity: reading.Stamp) -> dict[str, str]:
    return {picture.name: picture.path for picture in Store.open(Path(folder)).gallery() if picture.file.is_file()}
