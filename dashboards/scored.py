"""Which models' scores can stand in one table now, and in words why the others cannot: not scored yet, damaged, of other data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboards import reading
from huelab import metrics, paths
from huelab.errors import DataError, HuelabError
from huelab.evaluation.evaluated import Evaluated

_FACTS = ("item_id", "photo_id", "path", "label", "own_picture")


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores of every model of params.yaml, checked."""

    ranked: dict[str, Evaluated]
    """Judged on the test split, all on the same pictures of the same data."""
    own: dict[str, Evaluated]
    """Judged on the one picture they memorised."""
    waiting: tuple[str, ...]
    """Not scored yet."""
    left_out: dict[str, str]
    """Model -> why its scores cannot be used, and the command that mends it."""

    @property
    def models(self) -> list[str]:
        """Those of the test split, in the order of params.yaml."""
        return list(self.ranked)

    @property
    def pictures(self) -> pd.DataFrame:
        """item_id, photo_id, path, label of the test pictures."""
        return next(iter(self.ranked.values())).table[["item_id", "photo_id", "path", "label"]].astype(str)

    def metrics(self, chosen: Sequence[str]) -> list[str]:
        """Those of `chosen` that have a number for every picture in at least one model."""
        return [name for name in chosen if metrics.metric(name).kind == "paired" and any(name in one.table for one in self.ranked.values())]

    def by_picture(self, metric: str, models: Sequence[str]) -> pd.DataFrame:
        """item_id, photo_id, path, label, then a column for each of `models` that has `metric`: one row per test picture."""
        table = self.pictures
        for name in models:
            if metric in (own := self.ranked[name].table):
                table[name] = table["item_id"].map(own.set_index("item_id")[metric].astype(float))
        return table


def read(models: Sequence[str]) -> Scored:
    """Looks at work/scores of each of `models`; never raises."""
    found: dict[str, Evaluated] = {}
    waiting: list[str] = []
    left_out: dict[str, str] = {}
    for name in models:
        folder = paths.scores(name)
        stamps = (reading.stamp(folder / "summary.json"), reading.stamp(folder / "scores.parquet"))
        if stamps == (None, None):
            waiting.append(name)
            continue
        try:
            found[name] = _read(name, str(folder), stamps)
        except HuelabError as error:
            left_out[name] = str(error)
    expected = _data_hash(found)
    for name, one in list(found.items()):
        if one.summary["data_hash"] != expected:
            left_out[name] = (
                f"{name} was scored on other photographs or another split (data {one.summary['data_hash']}) than the rest "
                f"({expected}): run `make run` or `dvc repro evaluate@{name}`."
            )
            del found[name]
    ranked = {name: one for name, one in found.items() if not one.one_picture}
    most = Counter(frozenset(one.table["item_id"]) for one in ranked.values()).most_common(1)
    for name, one in list(ranked.items()):
        if frozenset(one.table["item_id"]) != most[0][0]:
            left_out[name] = f"{one.folder} holds scores of other test pictures than the rest: run `dvc repro evaluate@{name}`."
            del ranked[name]
    return Scored(ranked, {name: one for name, one in found.items() if one.one_picture}, tuple(waiting), left_out)


def _data_hash(found: dict[str, Evaluated]) -> str:
    """Of the store; while that is rewritten, what most scores are of."""
    meta = reading.document(paths.store() / "meta.json")
    if isinstance(meta, dict) and "data_hash" in meta:
        return str(meta["data_hash"])
    counted = Counter(str(one.summary["data_hash"]) for one in found.values()).most_common(1)
    return counted[0][0] if counted else ""


@st.cache_resource(max_entries=128, show_spinner=False)
def _read(name: str, folder: str, identity: tuple[reading.Stamp | None, ...]) -> Evaluated:
    one = Evaluated.read(name, Path(folder))
    lacking = [column for column in _FACTS if column not in one.table]
    if lacking or one.table.empty:
        what = f"lacks {', '.join(lacking)}" if lacking else "holds no picture"
        raise DataError(f"{folder}/scores.parquet {what}: delete {folder} and run `dvc repro evaluate@{name}`.")
    return one
