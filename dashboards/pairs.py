"""Paired comparisons that no file holds, made when asked for and kept while the scores stay: two models, and all against the champion."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards import board, reading
from dashboards.champion import Champion
from huelab import metrics, params
from huelab.errors import HuelabError
from huelab.evaluation.compare_two import require_alike
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.paired import Paired, all_paired, holm
from huelab.metrics.definition import Metric

Identity = tuple[str, tuple[reading.Stamp | None, ...]]


def to_champion(ranked: dict[str, Evaluated], metric: str, champion: Champion | None, settings: params.Compare) -> pd.DataFrame:
    """board.VERSUS of each of `ranked` minus the champion; empty where none was scored on these very pictures."""
    nothing = pd.DataFrame(columns=list(board.VERSUS))
    scores = champion.scores if champion is not None else None
    if scores is None or champion is None or not ranked:
        return nothing
    first = next(iter(ranked.values()))
    try:
        require_alike(scores, first, scores.name, first.name)
    except HuelabError:
        return nothing
    own = metrics.metric(metric)
    if not scores.has(own):
        return nothing
    others = [one for one in ranked.values() if one.has(own) and not _same(one, scores, metric)]
    made = _all(tuple(_identity(one) for one in (*others, scores)), metric, settings.model_dump_json(), others, scores, settings)
    if not made:
        return nothing
    rows = []
    for floor in (False, True):  # a family for Holm, as on the leaderboard
        family = [(one, found) for one, found in zip(others, made, strict=True) if one.floor == floor]
        for (one, found), p in zip(family, holm([found.p for _, found in family]), strict=True):
            rows.append({"model": one.name, "against": "champion", "floor": one.floor, **vars(found), "p_holm": p})
    numbers = dict.fromkeys(("difference", "low", "high", "p", "p_holm", "effect"), float)
    return pd.DataFrame(rows, columns=list(board.VERSUS)).astype(numbers)


def _same(one: Evaluated, champion: Evaluated, metric: str) -> bool:
    """Whether these are the champion's own scores, which it need not be compared with."""
    return one.name == champion.name and one.summary == champion.summary


def _identity(one: Evaluated) -> Identity:
    files = ("summary.json", "scores.parquet", "seeds.parquet", "vectors.npz")
    return str(one.folder), tuple(reading.stamp(one.folder / name) for name in files)


@st.cache_data(max_entries=64, show_spinner="Comparing picture by picture …")
def _all(
    identity: tuple[Identity, ...], metric: str, written: str, _others: Sequence[Evaluated], _champion: Evaluated, _settings: params.Compare
) -> list[Paired]:
    try:
        return all_paired([(one, _champion, metrics.metric(metric)) for one in _others], _settings)
    except HuelabError:  # vectors of one of the two are gone
        return []


def between(first: Evaluated, second: Evaluated, shown: Sequence[Metric], settings: params.Compare) -> list[Paired]:
    """First minus second in each metric of `shown`, which both have. Raises DataError where they were scored on different pictures."""
    names = tuple(metric.name for metric in shown)
    return _between((_identity(first), _identity(second)), names, settings.model_dump_json(), first, second, settings)


@st.cache_data(max_entries=64, show_spinner="Comparing picture by picture …")
def _between(
    identity: tuple[Identity, ...], names: tuple[str, ...], written: str, _first: Evaluated, _second: Evaluated, _settings: params.Compare
) -> list[Paired]:
    return all_paired([(_first, _second, metrics.metric(name)) for name in names], _settings)
