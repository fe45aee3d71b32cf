"""Stage augment: the policy as a file, a sheet that shows what it does, and copies of the training pictures where they are asked for."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab import params
from huelab.data import copies
from huelab.data.augment import Policy
from huelab.data.augmentation_sheet import draw_sheet
from huelab.data.replacing import replacing
from huelab.data.shards import ShardWriter
from huelab.data.store import Store

SHEET = "contact.png"


def write_augmentation(store: Store, settings: params.Augment, *, seed: int, out: Path, per_shard: int = 1024) -> int:
    """Writes policy.json, contact.png and, for `settings.copies`, shards and items.parquet to `out`; gives the number of copies.

    Raises DataError when the disk is full; what was there before then stays.
    """
    policy = Policy.from_params(settings)
    with replacing(out) as folder:
        policy.save(folder / "policy.json")
        draw_sheet(store, policy, seed=seed, file=folder / SHEET)
        return _write_copies(store, policy, settings.copies, seed, folder, per_shard) if settings.copies else 0


def masks(store: Store, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(n, size, size) uint8, 1 where the pictures at `indices` hold content, 0 in their padding."""
    filled = np.ones((len(indices), store.size, store.size), np.uint8)
    for mask, (top, left, height, width) in zip(filled, store.boxes(indices).tolist(), strict=True):
        if (height, width) != mask.shape:
            mask[:] = 0
            mask[top : top + height, left : left + width] = 1
    return filled


def _write_copies(store: Store, policy: Policy, count: int, seed: int, folder: Path, per_shard: int) -> int:
    rows: list[tuple[Any, ...]] = []
    names = store.items["item_id"].to_numpy()
    with contextlib.ExitStack() as stack:
        pictures = stack.enter_context(ShardWriter(folder, (store.size, store.size, 3), per_shard=per_shard))
        cover = None
        if store.meta["ratio"] == "pad":
            cover = stack.enter_context(ShardWriter(folder, (store.size, store.size), per_shard=per_shard, kind="mask"))
        for index in store.indices("train"):
            rgb, mask = store.read([index])[0], masks(store, np.array([index]))[0]
            for copy in range(count):
                changed, changed_mask = policy.apply(rgb, mask, key=(seed, -1 - copy, int(index)))
                where = pictures.append(changed)
                if cover is not None:
                    cover.append(changed_mask)
                rows.append((names[index], int(index), copy, *where))
    pd.DataFrame(rows, columns=list(copies.COLUMNS)).to_parquet(folder / copies.TABLE, index=False)
    return len(rows)
