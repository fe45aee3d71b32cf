"""Which kept test pictures failed and by which cause, found as the report finds them, and kept while scores and photographs stay."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboards import pictures, reading
from huelab import paths
from huelab.color import lab
from huelab.data.store import Store
from huelab.errors import HuelabError
from huelab.evaluation import failures
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.failures import Failures
from huelab.metrics.pair import Pair

Identity = tuple[tuple[str, reading.Stamp | None], ...]


def gallery(scored: dict[str, Evaluated]) -> Failures | None:
    """The worst cases of each cause among `scored`; None while the photographs or a picture cannot be read."""
    return _gallery(_identity(scored), list(scored.values()))


def causes_of(one: Evaluated) -> dict[str, tuple[str, ...]]:
    """item_id -> the causes by which its kept picture fails, of those pictures that can fail."""
    return _causes(_identity({one.name: one}), one)


def _identity(scored: dict[str, Evaluated]) -> Identity:
    files = [paths.store() / "items.parquet", *(one.folder / "scores.parquet" for one in scored.values())]
    return tuple((str(file), reading.stamp(file)) for file in files)


@st.cache_data(max_entries=4, show_spinner="Looking for failures …")
def _gallery(identity: Identity, _scored: list[Evaluated]) -> Failures | None:
    try:
        return failures.find(Store.open(paths.store()), _scored)
    except (HuelabError, OSError, LookupError, ValueError):
        return None


@st.cache_data(max_entries=64, show_spinner="Looking for failures …")
def _causes(identity: Identity, _one: Evaluated) -> dict[str, tuple[str, ...]]:
    found = {}
    for item in _one.table["item_id"].astype(str):
        made = pictures.made(_one.name, item)
        truth = pictures.truth(item) if made is not None else None
        if made is None or truth is None or made.shape != truth.shape:
            continue
        causes = failures.causes(Pair.of(truth, np.ascontiguousarray(lab.rgb_to_lab(made)[..., 1:])))
        if causes is not None:
            found[item] = tuple(causes)
    return found
