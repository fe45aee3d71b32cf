"""The standardized store: equal uint8 pictures in memory-mapped .npy shards, beside a table. Reading; `standardize` makes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from huelab.data.shards import Shards
from huelab.errors import DataError
from huelab.params import Split

COLUMNS = ("item_id", "photo_id", "path", "label", "split", "shard", "offset", "top", "left", "height", "width", "sha256", "group")
"""Of items.parquet. top, left, height, width: the content rectangle inside the square; sha256: of the file the picture was made from;
group: the smallest photo_id among the photograph and its near-duplicates, which count as one where the spread of scores is taken."""


@dataclass(frozen=True)
class GalleryPicture:
    """One whole photograph, kept to illustrate."""

    name: str
    photo_id: str
    path: str
    """Of the photograph, printable, relative to the data folder."""
    label: str
    file: Path

    def rgb(self) -> NDArray[np.uint8]:
        """Its pixels (h, w, 3)."""
        bgr = cv2.imdecode(np.fromfile(self.file, np.uint8), cv2.IMREAD_COLOR)
        if bgr is None:
            raise DataError(f"{self.file} is damaged: run `dvc repro standardize`.")
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def region(item_id: str) -> str:
    """Which tile of its photograph a picture is, "row R column C" from 1, by its item_id PHOTO-ROW-COLUMN; "" for a whole photograph."""
    parts = item_id.split("-")
    return f"row {int(parts[1]) + 1} column {int(parts[2]) + 1}" if len(parts) == 3 else ""


class Store:
    """Pictures of one side, read by index 0..len-1 in the order of `items`."""

    def __init__(self, folder: Path, meta: dict[str, Any], items: pd.DataFrame) -> None:
        self.folder = folder
        self.meta = meta
        self.items = items
        self.size = int(meta["size"])
        self._shard = items["shard"].to_numpy(np.int64)
        self._offset = items["offset"].to_numpy(np.int64)
        self._boxes = items[["top", "left", "height", "width"]].to_numpy(np.int64)
        self._shards = Shards(folder)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """The store at `folder`. Raises DataError where there is none, or a damaged one."""
        folder = Path(folder)
        try:
            meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
            return cls(folder, meta, pd.read_parquet(folder / "items.parquet"))
        except FileNotFoundError:
            raise DataError(f"{folder} holds no standardized photographs yet: run `dvc repro standardize`.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{folder} is damaged ({error}): delete it and run `dvc repro standardize`.") from None

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def prior(self) -> NDArray[np.float64]:
        """(313,) share of each ab bin among the training pixels."""
        return np.asarray(np.load(self.folder / "prior.npy", allow_pickle=False), np.float64)

    def indices(self, split: Split) -> NDArray[np.int64]:
        """Where the pictures of a split stand."""
        return np.flatnonzero(self.items["split"].to_numpy() == split).astype(np.int64)

    def read(self, indices: ArrayLike) -> NDArray[np.uint8]:
        """(n, size, size, 3) sRGB of the pictures at `indices` (n,), a copy."""
        at = np.asarray(indices, np.int64)
        if not len(at):
            return np.empty((0, self.size, self.size, 3), np.uint8)
        return self._shards.read(self._shard[at], self._offset[at])

    def boxes(self, indices: ArrayLike) -> NDArray[np.int64]:
        """(n, 4) content rectangles: top, left, height, width."""
        return self._boxes[np.asarray(indices, np.int64)]

    def gallery(self) -> list[GalleryPicture]:
        """The whole photographs kept to illustrate; they are never scored beside the test split."""
        folder = self.folder / "gallery"
        try:
            entries = json.loads((folder / "gallery.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        return [GalleryPicture(**entry, file=folder / entry["name"]) for entry in entries]
