"""How popular colorization notebooks train: Pillow and scikit-image per item, a DataLoader, float32, torch as it comes.

Generous to them: the loss and its fused optimizer are huelab's own, their only augmentation is a flip, loader processes have started and
delivered a batch before the clock runs, and no picture of theirs is decoded from more than 500 x 375 pixels.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from huelab.data.dataset import Batch
from huelab.objectives.base import Objective

Item = tuple[Tensor, Tensor, int]


class Photographs(Dataset[Item]):
    """JPEG files, each opened, resized, flipped or not, and converted when its turn comes."""

    def __init__(self, files: Sequence[Path], width: int, height: int) -> None:
        self.files, self.size = files, (width, height)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Item:
        from skimage.color import rgb2lab

        with Image.open(self.files[index]) as image:
            rgb = image.convert("RGB").resize(self.size, Image.Resampling.BICUBIC)
        if random.random() < 0.5:
            rgb = rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        lab = torch.from_numpy(rgb2lab(np.asarray(rgb)).astype(np.float32)).permute(2, 0, 1)
        return lab[:1], lab[1:], index


def loaded(photographs: Photographs, batch: int, steps: int, workers: int) -> Iterator[Batch]:
    """`steps` shuffled batches."""
    order = [random.randrange(len(photographs)) for _ in range(steps * batch)]
    for L, ab, index in DataLoader(photographs, batch, sampler=order, num_workers=workers):
        yield Batch(L=L, ab=ab, mask=torch.ones_like(L), index=index)


class Notebook:
    """A plain training loop over JPEGs; gives the seconds of so many steps."""

    def __init__(self, objective: Objective, photographs: Photographs, *, batch: int, steps: int, workers: int, device: str) -> None:
        self.objective, self.photographs, self.device = objective, photographs, device
        self.batch, self.steps, self.workers = batch, steps, workers

    def __call__(self) -> float:
        batches = loaded(self.photographs, self.batch, self.steps + 1, self.workers)
        next(batches)
        return train(self.objective, batches, self.steps, self.device)


class InMemory:
    """The same loop without the loader's share: the batches are there already, on the device."""

    def __init__(self, objective: Objective, photographs: Photographs, *, batch: int, device: str, steps: int = 1) -> None:
        self.objective, self.steps, self.device = objective, steps, device
        self.batches = [on(device, one) for one in loaded(photographs, batch, 2, 0)]

    def __call__(self) -> float:
        return train(self.objective, (self.batches[step % len(self.batches)] for step in range(self.steps)), self.steps, self.device)


def train(objective: Objective, batches: Iterator[Batch], steps: int, device: str) -> float:
    """Seconds of the first `steps` of `batches`; losses are read after each, as notebooks do to show them."""
    with _torch_as_it_comes():
        began = time.perf_counter()
        for step in range(steps):
            objective.fraction, objective.steps_done = (step + 0.5) / steps, step
            for value in objective.step(on(device, next(batches))).values():
                value.item()
        return time.perf_counter() - began


def on(device: str, batch: Batch) -> Batch:
    L, ab, mask, index = (value.to(device) for value in (batch.L, batch.ab, batch.mask, batch.index))
    return Batch(L=L, ab=ab, mask=mask, index=index)


@contextmanager
def _torch_as_it_comes() -> Iterator[None]:
    """Without the deterministic algorithms that huelab asks for."""
    asked, lenient = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(False)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(asked, warn_only=lenient)
