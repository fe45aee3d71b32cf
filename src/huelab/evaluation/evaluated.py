"""What stage evaluate left of one colorizer: read back, checked, and checked against the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab import models
from huelab.errors import DataError
from huelab.evaluation import pictures

_NEEDED = ("model", "n_items", "n_photos", "protocol", "data_hash", "not_computed", "one_picture", "means", "set_level")


@dataclass(frozen=True)
class Evaluated:
    """One colorizer's scores. `table`: a row per scored picture; `summary`: see `huelab.evaluation.score`."""

    name: str
    folder: Path
    table: pd.DataFrame
    summary: dict[str, Any]

    @classmethod
    def read(cls, name: str, folder: Path) -> Evaluated:
        """Reads scores.parquet and summary.json; raises DataError naming what is missing or half-written and the command that mends it."""
        again = f"run `dvc repro evaluate@{name}`"
        try:
            summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
            table = pd.read_parquet(folder / "scores.parquet")
        except FileNotFoundError as error:
            raise DataError(f"{error.filename or folder} is missing: {name} is not scored yet; {again}.") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{folder} is damaged ({' '.join(str(error).split())[:200]}): delete it and {again}.") from None
        missing = [key for key in _NEEDED if not isinstance(summary, dict) or key not in summary]
        if missing:
            raise DataError(f"{folder / 'summary.json'} lacks {', '.join(missing)}: delete {folder} and {again}.")
        if len(table) != summary["n_items"]:
            counts = f"{len(table)} pictures, summary.json says {summary['n_items']}"
            raise DataError(f"{folder / 'scores.parquet'} holds {counts}: delete {folder} and {again}.")
        if summary["model"] != name:
            raise DataError(f"{folder / 'summary.json'} is of {summary['model']!r}, not of {name!r}: delete {folder} and {again}.")
        return cls(name, folder, table, summary)

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

    def test_file(self, item_id: str) -> Path:
        """Where its colourization of a test picture lies, if it was kept."""
        return self.folder / "pictures" / "test" / f"{item_id}.png"

    def test_picture(self, item_id: str) -> NDArray[np.uint8] | None:
        """Its colourization of a test picture (h, w, 3); None if none was kept."""
        return pictures.read(self.test_file(item_id))

    def gallery_picture(self, name: str) -> NDArray[np.uint8] | None:
        """Its colourization of the gallery picture `name` (h, w, 3); None if there is none."""
        return pictures.read(self.folder / "pictures" / "gallery" / f"{Path(name).stem}.png")


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
        if set(one.table["item_id"]) != set(shared[0].table["item_id"]):
            raise DataError(
                f"{one.folder} and {shared[0].folder} hold scores of different pictures: "
                f"run `dvc repro --force --single-item evaluate@{one.name} evaluate@{shared[0].name}`."
            )
