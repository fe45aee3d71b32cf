"""What a colorizer trains on: the tiles of the store, or the one picture that `alpha` memorises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from huelab.color import lab
from huelab.data import dataset
from huelab.data.augment import Policy
from huelab.data.dataset import Batch
from huelab.data.store import Store
from huelab.errors import DataError
from huelab.params import Train


class Source(Protocol):
    """Batches to learn from and to validate on."""

    steps_per_epoch: int

    def training(self, epoch: int, start: int) -> Iterator[Batch]:
        """The batches of `epoch` from number `start` on; the same at every call."""

    def validation(self) -> Iterator[Batch]:
        """What the best weights are chosen by."""


class Tiles:
    """The training and validation pictures of a store, augmented by a policy while training."""

    def __init__(self, store: Store, policy: Policy, train: Train, *, batch: int, seed: int | None = None) -> None:
        """`seed` of the order and the augmentation: the first of train.seeds when left out.

        Raises DataError where the store has no training or no validation pictures.
        """
        count = len(store.indices("train"))
        for split, found in (("training", count), ("validation", len(store.indices("val")))):
            if found == 0:
                raise DataError(f"There are no {split} pictures in {store.folder}: add photographs with `huelab data use FOLDER`.")
        self._store, self._policy, self._train, self._batch = store, policy, train, batch
        self._seed = train.seed if seed is None else seed
        self.steps_per_epoch = dataset.steps_per_epoch(count, batch)

    def training(self, epoch: int, start: int) -> Iterator[Batch]:
        """See Source."""
        train = self._train
        return dataset.training_batches(
            self._store, self._policy, seed=self._seed, epoch=epoch, batch=self._batch, start=start, workers=train.workers
        )

    def validation(self) -> Iterator[Batch]:
        """See Source."""
        return dataset.batches(self._store, "val", max(self._batch, 16))


class OnePicture:
    """A single picture, whole, unchanged and of any size: an epoch is one step, and it is its own validation."""

    steps_per_epoch = 1

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        """`rgb` (h, w, 3) uint8 sRGB."""
        planes = torch.from_numpy(lab.rgb_to_lab(rgb)).permute(2, 0, 1)[None].contiguous()
        self._batch = Batch(L=planes[:, :1], ab=planes[:, 1:], mask=torch.ones_like(planes[:, :1]), index=torch.zeros(1, dtype=torch.int64))

    def training(self, epoch: int, start: int) -> Iterator[Batch]:
        """See Source."""
        if start == 0:
            yield self._batch

    def validation(self) -> Iterator[Batch]:
        """See Source."""
        yield self._batch
