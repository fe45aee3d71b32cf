"""The usable photographs of the photograph table, in the order of the store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from huelab.errors import DataError


class Photograph(NamedTuple):
    """A row of the photograph table that was not rejected."""

    photo_id: str
    file: bytes
    """Path below the data folder, as the file system spells it."""
    path: str
    """The same, printable."""
    label: str
    split: str
    group: str
    sha256: str
    width: int
    height: int

    def below(self, data: Path) -> Path:
        """Where the file lies."""
        return Path(os.fsdecode(os.path.join(os.fsencode(data), self.file)))


def read_table(file: Path) -> pd.DataFrame:
    """The photograph table that stage inspect wrote. Raises DataError where there is none, or a damaged one."""
    try:
        return pd.read_parquet(file)
    except FileNotFoundError:
        raise DataError(f"{file} does not exist yet: run `dvc repro inspect`.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{file} is damaged ({error}): delete it and run `dvc repro inspect`.") from None


def usable(table: pd.DataFrame) -> list[Photograph]:
    """All photographs that were not rejected, by photo_id. Raises DataError when there are none."""
    used = table.loc[table["reject_reason"] == "", list(Photograph._fields)]
    if used.empty:
        raise DataError("No photograph is usable: see why in work/photos/rejects.csv, and add colour photographs (huelab data use FOLDER).")
    return sorted(Photograph(*row) for row in used.itertuples(index=False, name=None))
