"""Training speed of each learned colorizer, as `make run` trains it: python -m benchmarks.train [ROUNDS]

Compared with the same objective in plain float32, torch's own memory format and no Fabric. Target: ≥ 1.5 times as fast on every network
where the processor has AVX512_BF16 or AMX. Share of peak: operations of a step over what a large matrix product reaches here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import interleave, machine, table
from huelab import models, objectives, params
from huelab.data.dataset import Batch
from huelab.objectives.base import Objective
from huelab.training import runtime

PRIOR = np.full(313, 1 / 313)
STEPS = 4
"""Optimizer steps in one measurement."""


def batch_for(name: str, settings: params.Params) -> Batch:
    """Random pictures of the shape that colorizer `name` trains on."""
    count, height, width = settings.colorizer(name).batch, settings.standardize.size, settings.standardize.size
    if models.module(name).INFO.one_picture:
        height, width = settings.standardize.gallery_side, settings.standardize.gallery_side * 3 // 4
    draw = torch.Generator().manual_seed(0)
    L = torch.rand(count, 1, height, width, generator=draw) * 100
    ab = torch.randn(count, 2, height, width, generator=draw) * 20
    return Batch(L=L, ab=ab, mask=torch.ones_like(L), index=torch.arange(count))


def objective_for(name: str, settings: params.Params) -> Objective:
    objective = objectives.build(
        name, settings.colorizer(name), size=settings.standardize.size, prior=PRIOR, clip_norm=settings.train.clip_norm
    )
    objective.mode(training=True)
    return objective


def steps(objective: Objective, batch: Batch) -> Callable[[], None]:
    def run() -> None:
        for _ in range(STEPS):
            objective.step(batch)

    return run


def peak(dtype: torch.dtype) -> float:
    """Floating-point operations a second of a product of 2048 x 2048 matrices, at best."""
    a = torch.randn(2048, 2048).to(dtype)
    seconds = interleave({"product": lambda: a @ a}, rounds=5)["product"]
    return float(2 * 2048**3 / min(seconds))


def main(arguments: Sequence[str] = ()) -> None:
    settings = params.load()
    chosen = runtime.start(settings.train)
    highest = peak(torch.bfloat16 if chosen.precision == "bf16-mixed" else torch.float32)
    rounds = int(arguments[0]) if arguments else 5
    shares = []
    for name in settings.models:
        if name in models.FLOORS:
            continue
        batch = batch_for(name, settings)
        plain, own = objective_for(name, settings), objective_for(name, settings)
        chosen.prepare(own)
        with FlopCounterMode(display=False) as counter:
            own.step(batch)
        images = STEPS * len(batch.L)
        seconds = interleave({"plain float32": steps(plain, batch), f"huelab ({chosen.words})": steps(own, batch)}, rounds=rounds)
        print(table(seconds, base="plain float32", title=f"{name}, {STEPS} steps", amount=images, unit="images"), end="\n\n")
        rate = counter.get_total_flops() * STEPS / median(list(seconds.values())[1])
        shares.append(f"| {name} | {counter.get_total_flops() / len(batch.L) / 1e9:.2f} | {rate / 1e9:.0f} | {rate / highest:.0%} |")
    print(f"**Share of peak**, {highest / 1e9:.0f} GFLOP/s in {chosen.precision} ({machine()})\n")
    print("| | GFLOP per image | GFLOP/s | of peak |\n|---|---:|---:|---:|", *shares, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
