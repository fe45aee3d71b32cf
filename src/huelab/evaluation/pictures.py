"""Which pictures are kept and shown, and how they are written."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab.errors import DataError

UInt8 = NDArray[np.uint8]


def in_order(items: pd.DataFrame) -> list[str]:
    """The item_ids in the order in which they are kept and shown: one of every photograph, then a second of each, and so on.

    Which comes first is decided by a hash of item_id: nobody chose, and it is the same for every colorizer.
    """
    ids = items["item_id"].astype(str)
    order = pd.DataFrame({"item_id": ids, "photo_id": items["photo_id"].astype(str)})
    order["hash"] = [hashlib.sha256(item.encode()).hexdigest() for item in ids]
    order = order.sort_values("hash")
    order["round"] = order.groupby("photo_id").cumcount()
    return [str(item) for item in order.sort_values(["round", "hash"])["item_id"]]


def of_test(folder: Path, item_id: str) -> Path:
    """Where a folder of scores keeps the colourization of a test picture."""
    return folder / "pictures" / "test" / f"{item_id}.png"


def write(file: Path, rgb: UInt8) -> None:
    """Writes a PNG of (h, w, 3); its folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    coded = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1]
    file.write_bytes(coded.tobytes())


def read(file: Path) -> UInt8 | None:
    """The picture (h, w, 3); None where there is no file. Raises DataError for a damaged one."""
    if not file.is_file():
        return None
    bgr = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DataError(f"{file} is damaged: delete it and run `dvc repro`.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
