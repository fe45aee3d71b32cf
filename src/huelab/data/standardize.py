"""Photographs become equal pictures: the standardized store, made anew or from what an earlier one already holds.

Streaming (memory does not grow with the number of photographs), over several processes, and the same bytes for any number of them.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from huelab import params
from huelab.data import protocol
from huelab.data.gallery import write_gallery
from huelab.data.geometry import Made, Recipe, Source, grid
from huelab.data.parallel import available, in_order
from huelab.data.photographs import Photograph, usable
from huelab.data.placing import Placed, Planned, add_training, place_all
from huelab.data.replacing import replacing, write_json
from huelab.data.shards import ShardPlaces
from huelab.data.split import tile_split
from huelab.data.store import COLUMNS, Store
from huelab.data.training_colours import TrainingColours, sampling_step
from huelab.errors import DataError

_TOGETHER = 64  # photographs given to a process at once, or fewer that have so many pixels
_TOGETHER_PIXELS = 8_000_000
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
            "data_hash": data_hash(items),
            "counts": {name: int((items["split"] == name).sum()) for name in protocol.SPLITS},
            "photographs": int(items["photo_id"].nunique()),
            "protocol": protocol.sentence(split, int(items["photo_id"].nunique())),
            "recipe": recipe.key(),
            "skipped": [{"path": path, "reason": reason} for path, reason in skipped],
        }
        write_json(folder / "meta.json", meta)
    return Standardized(meta, read=len(photographs) - kept - len(skipped), kept=kept, skipped=skipped)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One photograph: the number of its first picture, grid place and split of each, and where the old store holds them (None: nowhere)."""

    photograph: Photograph
    first: int
    grid: list[tuple[int, int]]
    splits: list[str]
    old: list[int] | None

    @property
    def training(self) -> tuple[int, ...]:
        return tuple(index for index, split in enumerate(self.splits) if split == "train")


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
    plans = _plans(photographs, recipe, old, split)
    places = ShardPlaces(folder, (recipe.size, recipe.size, 3), per_shard=standard.shard)
    colours = TrainingColours(sampling_step(sum(len(plan.training) for plan in plans), recipe.size))
    rows: list[tuple[Any, ...]] = []
    skipped: list[tuple[str, str]] = []
    filled: list[range] = []
    kept = 0
    # closed before the folder is, so that after an error no process writes there any more
    with contextlib.closing(_placed(plans, data, recipe, old, standard.workers, places, colours)) as done:
        for plan, placed in zip(plans, done, strict=True):
            photograph = plan.photograph
            if placed.problem or not plan.grid:
                skipped.append((photograph.path, placed.problem or f"smaller than one tile of {recipe.size} pixels"))
                continue
            kept += plan.old is not None
            filled.append(range(plan.first, plan.first + len(plan.grid)))
            for (row, column), own, box in zip(plan.grid, plan.splits, placed.boxes, strict=True):
                item_id, where = _item_id(photograph, row, column, recipe), places.where(len(rows))
                whose = (photograph.photo_id, photograph.path, photograph.label)
                rows.append((item_id, *whose, own, *where, *box, photograph.sha256, photograph.group))
    places.close(itertools.chain.from_iterable(filled))
    np.save(folder / "prior.npy", colours.prior(), allow_pickle=False)
    return rows, skipped, kept


def _plans(photographs: Iterable[Photograph], recipe: Recipe, old: _Old, split: params.SplitParams) -> list[_Plan]:
    """Which places of the store each photograph fills when all can be read."""
    plans = []
    first = 0
    for photograph in photographs:
        cells = grid(photograph.height, photograph.width, recipe)
        splits = [tile_split(photograph.group, *cell, split) if recipe.region_side else photograph.split for cell in cells]
        held = old.where(photograph, [_item_id(photograph, *cell, recipe) for cell in cells])
        plans.append(_Plan(photograph, first, cells, splits, held))
        first += len(cells)
    return plans


def _placed(
    plans: Sequence[_Plan], data: Path, recipe: Recipe, old: _Old, workers: int, places: ShardPlaces, colours: TrainingColours
) -> Generator[Placed]:
    """Fills the places of each photograph, in order, and counts its colours; pictures that the old store holds are read from there."""
    todo = [plan for plan in plans if plan.old is None]
    count = 1 if sum(plan.photograph.width * plan.photograph.height for plan in todo) <= _ALONE else workers or available()
    work = functools.partial(place_all, recipe=recipe, places=places, step=colours.step)
    fresh: deque[Placed] = deque()
    with contextlib.closing(in_order(work, _batches(todo, data), workers=count)) as batches:
        for plan in plans:
            if plan.old is not None:
                made = old.made(plan.old)
                places.write(plan.first, made.pictures)
                add_training(colours, made.pictures, made.boxes, plan.training)
                yield Placed(made.boxes)
                continue
            if not fresh:
                placed, counted = next(batches)
                fresh.extend(placed)
                colours.merge(counted)
            yield fresh.popleft()


def _batches(plans: Iterable[_Plan], data: Path) -> Iterator[list[Planned]]:
    batch: list[Planned] = []
    pixels = 0
    for plan in plans:
        photograph = plan.photograph
        source = Source(photograph.below(data), photograph.width, photograph.height)
        batch.append(Planned(source, plan.first, plan.training))
        pixels += photograph.width * photograph.height
        if len(batch) == _TOGETHER or pixels >= _TOGETHER_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _item_id(photograph: Photograph, row: int, column: int, recipe: Recipe) -> str:
    return f"{photograph.photo_id}-{row:03d}-{column:03d}" if recipe.region_side else photograph.photo_id


def data_hash(items: pd.DataFrame) -> str:
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
