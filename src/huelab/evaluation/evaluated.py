"""What stage evaluate left of one colorizer: read back, checked, and checked against the others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab import models
from huelab.errors import DataError
from huelab.evaluation import pictures, vectors
from huelab.metrics.definition import Metric

Float = NDArray[np.float64]
_NEEDED = ("model", "n_items", "n_photos", "protocol", "data_hash", "not_computed", "one_picture", "means", "set_level")
_COLUMNS = ("item_id", "photo_id", "path")


@dataclass(frozen=True, eq=False)
class Evaluated:
    """One colorizer's scores. `table`: a row per scored picture; `summary`: see `huelab.evaluation.score`."""

    name: str
    folder: Path
    table: pd.DataFrame
    summary: dict[str, Any]
    by_seed: tuple[pd.DataFrame, ...] = ()
    """Where it was trained from several seeds: the table of each, in the rows of `table`, which holds the means over them."""

    @classmethod
    def read(cls, name: str, folder: Path) -> Evaluated:
        """Reads summary.json, scores.parquet and, of several seeds, seeds.parquet.

        Raises DataError naming what is missing, half-written or does not fit together, and the command that mends it.
        """
        again = f"run `dvc repro evaluate@{name}`"
        summary = _read(folder / "summary.json", name)
        missing = [key for key in _NEEDED if not isinstance(summary, dict) or key not in summary]
        if missing:
            raise DataError(f"{folder / 'summary.json'} lacks {', '.join(missing)}: delete {folder} and {again}.")
        table = _read(folder / "scores.parquet", name)
        if absent := [column for column in _COLUMNS if column not in table]:
            raise DataError(f"{folder / 'scores.parquet'} lacks the column {', '.join(absent)}: delete {folder} and {again}.")
        if len(table) != summary["n_items"]:
            counts = f"{len(table)} pictures, summary.json says {summary['n_items']}"
            raise DataError(f"{folder / 'scores.parquet'} holds {counts}: delete {folder} and {again}.")
        if twice := table["item_id"][table["item_id"].duplicated()].tolist():
            raise DataError(f"{folder / 'scores.parquet'} holds picture {twice[0]} more than once: delete {folder} and {again}.")
        if summary["model"] != name:
            raise DataError(f"{folder / 'summary.json'} is of {summary['model']!r}, not of {name!r}: delete {folder} and {again}.")
        seeds = summary.get("seeds") or {}
        by_seed = _by_seed(_read(folder / "seeds.parquet", name), table, seeds, folder, again) if len(seeds) > 1 else ()
        return cls(name, folder, table, summary, by_seed)

    @property
    def title(self) -> str:
        """What it is, from its model file."""
        return str(models.module(self.name).INFO.title)

    @property
    def floor(self) -> bool:
        """Whether it costs nothing and must be beaten."""
        return self.name in models.FLOORS

    @property
    def one_picture(self) -> str:
        """Name of the gallery picture it memorised; "" for one that was scored on the test split."""
        return str(self.summary["one_picture"])

    @cached_property
    def items(self) -> pd.Index[str]:
        """The pictures' item_ids, in the order of `table`."""
        return pd.Index(self.table["item_id"].astype(str))

    @cached_property
    def _columns(self) -> dict[str, Float]:
        """Columns read so far (pictures, seeds): a model's scores stand in many comparisons."""
        return {}

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """(pictures,) 0, 1, …: the photograph of each picture, near-duplicate photographs under one number."""
        named = self.table["group" if "group" in self.table else "photo_id"]
        return np.asarray(pd.factorize(named.astype(str), sort=True)[0], np.int64)

    @property
    def n_groups(self) -> int:
        """Photographs, near-duplicates counted once."""
        return int(self.groups.max(initial=-1)) + 1

    @cached_property
    def vectors(self) -> list[dict[str, vectors.Table]]:
        """Per seed, the vectors of its pictures, for metrics that compare distributions; [] where none were kept."""
        return vectors.read_all(self.folder)

    def has(self, metric: Metric) -> bool:
        """Whether it was scored with `metric`."""
        if metric.of_vectors:
            return bool(self.vectors) and all(name in own for own in self.vectors for name in metric.vectors)
        return set(metric.columns) <= set(self.table.columns)

    def scores(self, metric: Metric) -> Float:
        """(pictures, seeds, columns) of the metric, in the order of its `columns`."""
        for name in metric.columns:
            if name not in self._columns:
                self._columns[name] = np.stack([own[name].to_numpy(np.float64) for own in self.by_seed or (self.table,)], axis=1)
        return np.stack([self._columns[name] for name in metric.columns], axis=2)

    def test_picture(self, item_id: str) -> NDArray[np.uint8] | None:
        """Its colourization of a test picture (h, w, 3); None if none was kept."""
        return pictures.read(self.folder / "pictures" / "test" / f"{item_id}.png")

    def gallery_picture(self, name: str) -> NDArray[np.uint8] | None:
        """Its colourization of the gallery picture `name` (h, w, 3); None if there is none."""
        return pictures.read(self.folder / "pictures" / "gallery" / f"{Path(name).stem}.png")


def _read(file: Path, name: str) -> Any:
    again = f"run `dvc repro evaluate@{name}`"
    try:
        return json.loads(file.read_text(encoding="utf-8")) if file.suffix == ".json" else pd.read_parquet(file)
    except FileNotFoundError:
        raise DataError(f"{file} is missing: {name} is not scored yet; {again}.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{file} is damaged ({' '.join(str(error).split())[:200]}): delete {file.parent} and {again}.") from None


def _by_seed(seeds: pd.DataFrame, table: pd.DataFrame, named: Mapping[str, Any], folder: Path, again: str) -> tuple[pd.DataFrame, ...]:
    """The table of each seed, its rows in the order of `table`."""
    file = folder / "seeds.parquet"
    if absent := [column for column in ("seed", *table.columns) if column not in seeds]:
        raise DataError(f"{file} lacks the column {', '.join(absent)}: delete {folder} and {again}.")
    found = {str(seed): own.set_index("item_id", drop=False) for seed, own in seeds.groupby("seed", sort=False)}
    if set(found) != set(named):
        raise DataError(f"{file} holds seeds {', '.join(found)}, summary.json {', '.join(named)}: delete {folder} and {again}.")
    for seed, own in found.items():
        if len(own) != len(table) or set(own.index) != set(table["item_id"]):
            raise DataError(f"{file} holds other pictures for seed {seed} than scores.parquet: delete {folder} and {again}.")
    return tuple(found[seed].loc[table["item_id"]].reset_index(drop=True) for seed in named)


def require_same_data(evaluated: Sequence[Evaluated], data_hash: str) -> None:
    """Raises DataError naming every colorizer that was scored on other data than the store holds, or on other pictures than the rest."""
    stale = [one for one in evaluated if one.summary["data_hash"] != data_hash]
    if stale:
        which = ", ".join(f"{one.name} (data {one.summary['data_hash']})" for one in stale)
        commands = " ".join(f"evaluate@{one.name}" for one in stale)
        raise DataError(
            f"Scores of different data cannot stand in one table: the store holds data {data_hash}, "
            f"but these were scored on other: {which}. Run `dvc repro {commands}`."
        )
    shared = [one for one in evaluated if not one.one_picture]
    for one in shared[1:]:
        require_same_pictures(one, shared[0])


def require_same_pictures(first: Evaluated, second: Evaluated) -> None:
    """Raises DataError where the two were not scored on the same pictures."""
    if not (first.items.equals(second.items) or set(first.items) == set(second.items)):
        raise DataError(
            f"{first.folder} and {second.folder} hold scores of different pictures: "
            f"run `dvc repro --force --single-item evaluate@{first.name} evaluate@{second.name}`."
        )
