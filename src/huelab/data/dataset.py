"""Batches of L, ab and mask from a store: shuffled and augmented for training, plain and in order for everything else.

An epoch is a function of (seed, epoch) alone: the same for any number of loader processes, and for a run that resumes in its middle.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from huelab.color.lab import rgb_to_lab
from huelab.data.augment import Policy
from huelab.data.augmentation import masks
from huelab.data.store import Store
from huelab.params import Split

Pictures = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]
"""sRGB (n, size, size, 3), mask (n, size, size), indices (n,)."""


@dataclass(frozen=True)
class Batch:
    """Pictures as colorizers see them."""

    L: torch.Tensor
    """float32 (n, 1, size, size), CIE lightness 0..100."""
    ab: torch.Tensor
    """float32 (n, 2, size, size), CIE units."""
    mask: torch.Tensor
    """float32 (n, 1, size, size): 1 content, 0 padding."""
    index: torch.Tensor
    """int64 (n,): which pictures of the store."""


def steps_per_epoch(count: int, batch: int) -> int:
    """Batches in an epoch of `count` pictures: whole ones only, unless there is not even one."""
    return max(1, count // batch) if count else 0


def training_batches(
    store: Store, policy: Policy, *, seed: int, epoch: int, batch: int, start: int = 0, workers: int = 0
) -> Iterator[Batch]:
    """The batches of one epoch over the training pictures, from number `start` on.

    Shuffled by (seed, epoch); each picture augmented by (seed, epoch, index) or, where the policy has written copies, shown as the
    original and its copies by turns. `workers` processes read and augment; 0 is the fastest unless augmentation is the bottleneck.
    """
    train = store.indices("train")
    order = np.random.Generator(np.random.PCG64([seed, epoch])).permutation(train)
    steps = range(start, steps_per_epoch(len(train), batch))
    parts = [order[step * batch : (step + 1) * batch] for step in steps]
    source = _Augmented(store, policy, seed, epoch)
    if not workers:
        yield from (_batch(*source.pictures(part)) for part in parts)
        return
    loader = torch.utils.data.DataLoader(
        source,
        batch_sampler=[part.tolist() for part in parts],
        num_workers=workers,
        collate_fn=_as_they_are,
        # forked: spawned processes would import torch and Albumentations anew in every epoch, for seconds
        multiprocessing_context="fork" if sys.platform == "linux" else None,
    )
    with _without_opencv_threads():
        loaded = iter(loader)
    yield from (_batch(*pictures) for pictures in loaded)


def batches(store: Store, split: Split, batch: int) -> Iterator[Batch]:
    """All pictures of a split in order, unchanged; the last batch may be smaller."""
    indices = store.indices(split)
    for begin in range(0, len(indices), batch):
        part = indices[begin : begin + batch]
        yield _batch(store.read(part), masks(store, part), part)


class _Augmented(torch.utils.data.Dataset[Pictures]):
    """The pictures of one epoch, whole batches at a time."""

    def __init__(self, store: Store, policy: Policy, seed: int, epoch: int) -> None:
        self._store, self._policy, self._seed, self._epoch = store, policy, seed, epoch

    def __getitem__(self, index: int) -> Pictures:
        return self.pictures(np.array([index]))

    def __getitems__(self, indices: list[int]) -> Pictures:
        return self.pictures(np.array(indices))

    def pictures(self, indices: NDArray[np.int64]) -> Pictures:
        rgb, mask = self._store.read(indices), masks(self._store, indices)
        copies = self._policy.copies
        for place, index in enumerate(indices.tolist()):
            if copies is None:
                rgb[place], mask[place] = self._policy.apply(rgb[place], mask[place], key=(self._seed, self._epoch, index))
                continue
            turn = (self._epoch + index) % (copies.count + 1)
            if turn:
                rgb[place], own = copies.read(index, turn - 1)
                mask[place] = 1 if own is None else own
        return rgb, mask, indices


def _batch(rgb: NDArray[np.uint8], mask: NDArray[np.uint8], indices: NDArray[np.int64]) -> Batch:
    lab = torch.from_numpy(rgb_to_lab(rgb)).permute(0, 3, 1, 2)
    return Batch(
        L=lab[:, :1].contiguous(),
        ab=lab[:, 1:].contiguous(),
        mask=torch.from_numpy(mask).to(torch.float32)[:, None],
        index=torch.from_numpy(indices),
    )


def _as_they_are(pictures: Any) -> Any:
    return pictures  # whole batches already


@contextmanager
def _without_opencv_threads() -> Iterator[None]:
    """A forked process inherits OpenCV's thread pool without its threads, and hangs if it resizes it: fork while there is none."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
