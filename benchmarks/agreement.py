"""Whether a device and a precision learn what float32 on the CPU learns: loss terms and gradients of one step, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from benchmarks.contenders import objective_for
from benchmarks.notebook import on
from huelab.data.dataset import Batch
from huelab.objectives.base import Objective
from huelab.objectives.material import Material
from huelab.training.runtime import Runtime

TOLERANCE = {"32-true": 1e-3, "bf16-mixed": 1e-1}
"""Largest relative difference that counts as agreement, by precision. bfloat16 keeps 8 bits: 4e-3 in one product, more through a net."""


@dataclass(frozen=True)
class Agreement:
    """Differences from float32 on the CPU, relative."""

    loss: float
    """The largest over the terms."""
    gradient: float
    """Length of the difference of the painting net's gradients over the length of the gradient."""
    tolerance: float

    @property
    def holds(self) -> bool:
        return max(self.loss, self.gradient) <= self.tolerance

    def __str__(self) -> str:
        verdict = "agrees" if self.holds else "DIFFERS"
        return f"{verdict} within {self.tolerance:g}: loss differs by {self.loss:.1e}, gradient by {self.gradient:.1e}"


def agreement(name: str, section: Any, material: Material, batch: Batch, runtime: Runtime) -> Agreement:
    """One step of colorizer `name` as `runtime` runs it, against the same step in float32 on the CPU."""
    material = replace(material, clip_norm=0.0)  # clipping would hide a wrong length
    with _without_tf32():
        reference, objective = (objective_for(name, section, material) for _ in range(2))
        for one in (reference, objective):
            one.begin(batch)
        wanted, want = _step(reference, batch)
        runtime.prepare(objective)
        objective.move(runtime.fabric.device)
        found, gradient = _step(objective, on(runtime.device, batch))
    loss = max(abs(found[term] - wanted[term]) / max(abs(wanted[term]), 1e-6) for term in wanted)
    return Agreement(loss, float((gradient - want).norm() / want.norm()), TOLERANCE[runtime.precision])


def _step(objective: Objective, batch: Batch) -> tuple[dict[str, float], torch.Tensor]:
    """Terms of one step at rate 0, and the gradient of all that learns, flat, on the CPU."""
    for net in objective.nets.values():
        for layer in net.modules():
            if isinstance(layer, nn.Dropout | nn.Dropout2d):
                layer.p = 0.0  # devices draw different masks
    objective.scale_rates(0.0)  # an adversary that has just learned would be another one
    terms = {name: value.item() for name, value in objective.step(batch).items()}
    gradients = [p.grad.detach().float().cpu().flatten() for p in objective.net.parameters() if p.grad is not None]
    return terms, torch.cat(gradients)


@contextmanager
def _without_tf32() -> Iterator[None]:
    """CUDA's convolutions and products in full float32: by default they keep 10 bits."""
    cudnn, matmul = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = cudnn, matmul
