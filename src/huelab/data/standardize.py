"""Photographs become equal pictures: the standardized store, made anew or from what an earlier one already holds.

Streaming (memory does not grow with the number of photographs), over several processes, and the same bytes for any number of them.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from huelab import params
from huelab.data import protocol
from huelab.data.gallery import write_gallery
from huelab.data.geometry import Made, Recipe, Source, grid, make_all
from huelab.data.parallel import available, in_order
from huelab.data.photographs import Photograph, usable
from huelab.data.replacing import replacing, write_json
from huelab.data.shards import ShardWriter
from huelab.data.split import tile_split
from huelab.data.store import COLUMNS, Store
from huelab.data.training_colours import TrainingColours
from huelab.errors import DataError

_TOGETHER = 16  # photographs given to a process at once, while their pictures stay below
_TOGETHER_BYTES = 4_000_000
_ALONE = 60_000_000  # so few pixels are done before another process has started


@dataclass(frozen=True)
class Standardized:
    """What was done: the store's meta.json, photographs read, photographs taken over from the store before, and (path, reason) left out."""

    meta: dict[str, Any]
    read: int
    kept: int
    skipped: list[tuple[str, str]]


def standardize(
    table: pd.DataFrame, data: Path, *, out: Path, standard: params.Standardize, split: params.SplitParams, max_pixels: int
) -> Standardized:
    """Writes the store of all usable photographs of `table` (see `huelab.data.table`), whose files lie below `data`, to `out`.

    Pictures that the store at `out` already holds are copied, not decoded. A photograph that cannot be read any more is left out and named.
    Raises DataError when a split would be empty or the disk is full; the old store then stays.
    """
    recipe = Recipe(standard.size, standard.ratio, split.region_side if split.by == "region" else 0, max_pixels)
    photographs = usable(table)
    old = _Old(out, recipe)
    with replacing(out) as folder:
        rows, skipped, kept = _write_pictures(folder, photographs, data, recipe, old, standard, split)
        items = pd.DataFrame(rows, columns=list(COLUMNS))
        protocol.require_every_split(items, split)
        items.to_parquet(folder / "items.parquet", index=False)
        shown = (photograph for photograph in photographs if split.by == "region" or photograph.split == "test")
        write_gallery(folder / "gallery", shown, data, side=standard.gallery_side, most=standard.gallery, max_pixels=max_pixels)
        meta = {
            "size": standard.size,
            # tiles of a region split show objects larger than squares of whole photographs do
            "photograph_side": recipe.region_side or standard.size,
            "ratio": "crop" if recipe.region_side else standard.ratio,
            "split_by": split.by,
            "data_hash": _data_hash(items),
            "counts": {name: int((items["split"] == name).sum()) for name in protocol.SPLITS},
            "photographs": int(items["photo_id"].nunique()),
            "protocol": protocol.sentence(split, int(items["photo_id"].nunique())),
            "recipe": recipe.key(),
            "skipped": [{"path": path, "reason": reason} for path, reason in skipped],
        }
        write_json(folder / "meta.json", meta)
    return Standardized(meta, read=len(photographs) - kept - len(skipped), kept=kept, skipped=skipped)


def _write_pictures(
    folder: Path,
    photographs: Sequence[Photograph],
    data: Path,
    recipe: Recipe,
    old: _Old,
    standard: params.Standardize,
    split: params.SplitParams,
) -> tuple[list[tuple[Any, ...]], list[tuple[str, str]], int]:
    """Shards and prior.npy; gives the rows of items.parquet, what was skipped, and how many photographs were taken over."""
    colours = TrainingColours(sum(len(_grid(p, recipe)) for p in photographs), recipe.size)
    rows: list[tuple[Any, ...]] = []
    skipped: list[tuple[str, str]] = []
    kept = 0
    with ShardWriter(folder, (recipe.size, recipe.size, 3), per_shard=standard.shard) as writer:
        for photograph, made, was_kept in _made(photographs, data, recipe, old, standard.workers):
            kept += was_kept
            places = _grid(photograph, recipe)
            if made.problem or not places:
                skipped.append((photograph.path, made.problem or f"smaller than one tile of {recipe.size} pixels"))
                continue
            for (row, column), picture, box in zip(places, made.pictures, made.boxes, strict=True):
                own = tile_split(photograph.group, row, column, split) if recipe.region_side else photograph.split
                where = writer.append(picture)
                item_id = _item_id(photograph, row, column, recipe)
                rows.append((item_id, photograph.photo_id, photograph.path, photograph.label, own, *where, *box, photograph.sha256))
                if own == "train":
                    top, left, height, width = box
                    colours.add(picture[top : top + height, left : left + width])
    np.save(folder / "prior.npy", colours.prior(), allow_pickle=False)
    return rows, skipped, kept


def _made(
    photographs: Sequence[Photograph], data: Path, recipe: Recipe, old: _Old, workers: int
) -> Iterator[tuple[Photograph, Made, bool]]:
    """Each photograph with its pictures, in order; those the old store holds are read from there."""
    known = [old.where(p, [_item_id(p, *place, recipe) for place in _grid(p, recipe)]) for p in photographs]
    todo = [photograph for photograph, indices in zip(photographs, known, strict=True) if indices is None]
    count = 1 if sum(photograph.width * photograph.height for photograph in todo) <= _ALONE else workers or available()
    batches = in_order(functools.partial(make_all, recipe=recipe), _batches(todo, data, recipe), workers=count)
    fresh = (made for batch in batches for made in batch)
    for photograph, indices in zip(photographs, known, strict=True):
        if indices is None:
            yield photograph, next(fresh), False
        else:
            yield photograph, old.made(indices), True


def _batches(photographs: Iterable[Photograph], data: Path, recipe: Recipe) -> Iterator[list[Source]]:
    batch: list[Source] = []
    held = 0
    for photograph in photographs:
        batch.append(Source(photograph.below(data), photograph.width, photograph.height))
        held += len(_grid(photograph, recipe)) * 3 * recipe.size**2
        if len(batch) == _TOGETHER or held >= _TOGETHER_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _grid(photograph: Photograph, recipe: Recipe) -> list[tuple[int, int]]:
    return grid(photograph.height, photograph.width, recipe)


def _item_id(photograph: Photograph, row: int, column: int, recipe: Recipe) -> str:
    return f"{photograph.photo_id}-{row:03d}-{column:03d}" if recipe.region_side else photograph.photo_id


def _data_hash(items: pd.DataFrame) -> str:
    """12 hex digits that name which pictures train, validate and test."""
    lines = (f"{item} {split}\n" for item, split in sorted(zip(items["item_id"], items["split"], strict=True)))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:12]


class _Old:
    """The pictures of the store before, found by item and by the hash of the file they were made from."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self._store: Store | None = None
        self._index: dict[tuple[str, str], int] = {}
        try:
            store = Store.open(folder)
            if store.meta.get("recipe") == recipe.key():
                keys = zip(store.items["item_id"], store.items["sha256"], strict=True)
                self._index = {key: index for index, key in enumerate(keys)}
                self._store = store
        except (DataError, KeyError):  # none, or one of another make: everything is made anew
            pass

    def where(self, photograph: Photograph, items: Sequence[str]) -> list[int] | None:
        """The indices of all `items`; None when one is missing."""
        found = [self._index.get((item, photograph.sha256)) for item in items]
        indices = [index for index in found if index is not None]
        return indices if indices and len(indices) == len(items) else None

    def made(self, indices: list[int]) -> Made:
        assert self._store is not None
        boxes = [(int(t), int(left), int(h), int(w)) for t, left, h, w in self._store.boxes(indices)]
        return Made(self._store.read(indices), boxes)
