"""What a classifier says of every picture of a store, computed once and kept, so that no training step runs it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from huelab import paths
from huelab.backbones.source import Source
from huelab.color.lab import rgb_to_lab
from huelab.data.replacing import replacing_file
from huelab.data.store import Store

BATCH = 32
"""Pictures shown at a time; a constant, so that the numbers are the same at every run."""
_PATIENCE = 5.0
"""Seconds of silence before a line says how far it is."""


def class_vectors(
    look: Callable[[Tensor], Tensor], source: Source, store: Store, *, recipe: str, classes: int, device: torch.device | str = "cpu"
) -> NDArray[np.float32]:
    """(pictures of the store, classes) float32: `look(L)` of each picture as it is stored, without augmentation.

    `look` takes L (n, 1, h, w) in 0..100 on `device` and gives (n, classes): the backbone of `source`, shown the pictures in the way that
    `recipe` names. Of a padded picture it is given the content alone, as of a photograph that is colorized later. Kept in
    var/cache/features under weights, data and recipe.
    """
    file = paths.features(key(source, store, recipe=recipe))
    shape = (len(store), classes)
    kept = _read(file, shape)
    if kept is not None:
        return kept
    vectors = np.empty(shape, np.float32)
    began = said = time.monotonic()
    done = 0
    for indices, L in _lightness(store):
        with torch.inference_mode():
            vectors[indices] = look(torch.from_numpy(L).to(device)).float().cpu().numpy()
        done += len(indices)
        now = time.monotonic()
        if now - said > _PATIENCE:
            said = now
            left = (now - began) / done * (len(store) - done)
            print(f"{source.words}: class vectors of {done}/{len(store)} pictures, {left:.0f} s left", flush=True)
    _write(file, vectors)
    return vectors


def key(source: Source, store: Store, *, recipe: str) -> str:
    """The name under which those vectors are kept: another for other weights, data or recipe."""
    facts = {
        "backbone": [source.name, source.kind, source.sha256, source.classes, source.width, source.side],
        # random weights are those that torch's generator gives
        "torch": torch.__version__ if source.kind == "random" else "",
        # row by row: which picture, of which file, standardized how; its split has no say
        "data": [store.meta["recipe"], store.items["item_id"].tolist(), store.items["sha256"].tolist()],
        "recipe": recipe,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _lightness(store: Store) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """All pictures in batches of one shape: indices (n,), L (n, 1, h, w) of their content."""
    boxes = store.boxes(np.arange(len(store)))
    for box in np.unique(boxes, axis=0):
        top, left, height, width = box.tolist()
        same = np.flatnonzero((boxes == box).all(1))
        for start in range(0, len(same), BATCH):
            indices = same[start : start + BATCH]
            rgb = store.read(indices)[:, top : top + height, left : left + width]
            yield indices, np.ascontiguousarray(rgb_to_lab(rgb)[..., 0])[:, None]


def _read(file: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """What `file` holds; None where it is absent, damaged, or of other pictures or classes."""
    try:
        kept = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    good = isinstance(kept, np.ndarray) and kept.dtype == np.float32 and kept.shape == shape and bool(np.isfinite(kept).all())
    return kept if good else None


def _write(file: Path, vectors: NDArray[np.float32]) -> None:
    with replacing_file(file) as new, new.open("wb") as stream:
        np.save(stream, vectors, allow_pickle=False)
