"""Augmented copies of the training pictures, written once where `augment.copies` asks for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab.data.shards import Shards

TABLE = "items.parquet"
COLUMNS = ("item_id", "index", "copy", "shard", "offset")
"""index: of the original in the store; copy: from 0."""


class Copies:
    """Reads the copies beside a policy; masks are kept only where pictures are padded."""

    def __init__(self, folder: Path, items: pd.DataFrame) -> None:
        self.count = int(items["copy"].max()) + 1 if len(items) else 0
        """Copies per training picture."""
        self._pictures = Shards(folder)
        self._masks = Shards(folder, "mask") if (folder / "mask-00000.npy").exists() else None
        self._where = {key: row for row, key in enumerate(zip(items["index"].tolist(), items["copy"].tolist(), strict=True))}
        self._shard = items["shard"].to_numpy(np.int64)
        self._offset = items["offset"].to_numpy(np.int64)

    @classmethod
    def open(cls, folder: Path) -> Copies:
        """Those in `folder`; raises OSError or ValueError where they are missing or damaged."""
        return cls(folder, pd.read_parquet(folder / TABLE))

    def read(self, index: int, copy: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        """Copy number `copy` of the picture at `index`: (size, size, 3), and its mask (size, size) unless all of it is content."""
        row = self._where[index, copy]
        where = self._shard[row : row + 1], self._offset[row : row + 1]
        return self._pictures.read(*where)[0], None if self._masks is None else self._masks.read(*where)[0]
