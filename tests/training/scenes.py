"""A source of generated pictures, to test the loop without a store."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from huelab.color import lab
from huelab.data.dataset import Batch
from tests.generated_photographs import photograph


def batch_of(rgb: np.ndarray) -> Batch:
    """Pictures (n, h, w, 3) uint8 as a batch without padding."""
    planes = torch.from_numpy(lab.rgb_to_lab(rgb)).permute(0, 3, 1, 2)
    return Batch(
        L=planes[:, :1].contiguous(),
        ab=planes[:, 1:].contiguous(),
        mask=torch.ones(len(rgb), 1, *rgb.shape[1:3]),
        index=torch.arange(len(rgb)),
    )


class Scenes:
    """Twelve scenes of 32 x 32, eight to learn in batches of four, four to validate on."""

    steps_per_epoch = 2

    def __init__(self, *, batch_hook: object = None) -> None:
        self._pictures = np.stack([photograph(seed, width=32, height=32) for seed in range(12)])
        self._hook = batch_hook

    def training(self, epoch: int, start: int) -> Iterator[Batch]:
        order = np.random.default_rng(epoch).permutation(8)
        for number in range(start, self.steps_per_epoch):
            batch = batch_of(self._pictures[order[4 * number : 4 * number + 4]])
            yield self._hook(epoch * self.steps_per_epoch + number, batch) if callable(self._hook) else batch

    def validation(self) -> Iterator[Batch]:
        yield batch_of(self._pictures[8:])
