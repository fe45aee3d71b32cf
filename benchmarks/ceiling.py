"""What a convolution reaches here: the speed that training can come near but not pass."""

from __future__ import annotations

import time

import torch
from torch import nn

CHANNELS, SIDE, BATCH = 256, 32, 8
WORDS = f"a 3x3 convolution of {CHANNELS} channels, {SIDE}x{SIDE}, batch {BATCH}, forward and backward, in the faster memory format"
OPERATIONS = 3 * 2 * CHANNELS**2 * 9 * SIDE**2 * BATCH
"""Floating-point operations of one pass: the gradients of input and weights cost as much as the forward pass each."""


class Ceiling:
    """Seconds of so many forward and backward passes, in the memory format that is faster at it."""

    def __init__(self, device: str, precision: str, *, seconds: float) -> None:
        """`precision` as Runtime names it; one measurement takes about `seconds`."""
        self._device = device
        self.repeats, self._best = 1, float("inf")
        found: dict[torch.memory_format, float] = {}
        for memory_format in (torch.channels_last, torch.contiguous_format):
            self._take(precision, memory_format)
            self()
            found[memory_format] = min(self() for _ in range(3))
        fastest = min(found, key=lambda memory_format: found[memory_format])
        self._take(precision, fastest)
        self.repeats = max(1, round(seconds / found[fastest]))

    @property
    def operations(self) -> float:
        """Floating-point operations of one measurement."""
        return float(OPERATIONS * self.repeats)

    @property
    def words(self) -> str:
        """What it is, and the highest rate seen."""
        return f"{WORDS}: {OPERATIONS / self._best / 1e9:,.0f} GFLOP/s at best"

    def __call__(self) -> float:
        self._wait()
        began = time.perf_counter()
        for _ in range(self.repeats):
            self._layer.zero_grad()
            self._picture.grad = None
            out = self._layer(self._picture)
            out.backward(self._gradient)
        self._wait()
        seconds = time.perf_counter() - began
        self._best = min(self._best, seconds / self.repeats)
        return seconds

    def _take(self, precision: str, memory_format: torch.memory_format) -> None:
        dtype = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
        self._layer = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1).to(self._device, dtype).to(memory_format=memory_format)  # type: ignore[call-overload]
        picture, self._gradient = (
            torch.randn(BATCH, CHANNELS, SIDE, SIDE, device=self._device).to(dtype).to(memory_format=memory_format) for _ in range(2)
        )
        self._picture = picture.requires_grad_(True)

    def _wait(self) -> None:
        if self._device == "cuda":
            torch.cuda.synchronize()
