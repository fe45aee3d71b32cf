"""What zhang's first weights lead to, on the starter photographs: python -m benchmarks.zhang_init [STEPS [SEEDS]]

Tiles of 64 pixels; the left two thirds of each photograph teach, the right third is looked at. Prints the table of docs/zhang.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.lab import SAMPLES
from huelab import objectives
from huelab.color import bins, lab, tensor
from huelab.data.dataset import Batch
from huelab.models import zhang
from huelab.objectives.base import NET
from huelab.objectives.material import Material
from huelab.training.schedule import factor

SIDE, WIDTH, BATCH, LR = 64, 0.125, 16, 1e-3
LOOKS = (0.1, 0.3, 1.0)
"""Shares of the steps after which the network is looked at."""


@dataclass(frozen=True)
class Seen:
    """What the network makes of the pictures kept back."""

    loss: float
    """Cross-entropy, weighted as in training."""
    score: float
    """MSE of ab / 128."""
    chroma: float
    """Mean distance from gray, CIE units."""
    one_bin: float
    """Share of pixels whose likeliest bin is the commonest likeliest bin."""
    colour: tuple[int, int]
    """Of that bin."""


def tiles() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lab (n, 64, 64, 3) of the tiles to learn from, and of those kept back."""
    parts: tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]] = ([], [])
    for file in sorted(SAMPLES.glob("*.jpg")):
        with Image.open(file) as image:
            image.thumbnail((512, 512), Image.Resampling.LANCZOS)
            planes = lab.rgb_to_lab(np.asarray(image.convert("RGB")))
        rows, columns = (side // SIDE for side in planes.shape[:2])
        for row in range(rows):
            for column in range(columns):
                tile = planes[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
                parts[column >= columns * 2 / 3].append(tile)
    return np.stack(parts[0]), np.stack(parts[1])


def batch(planes: NDArray[np.float32]) -> Batch:
    values = torch.from_numpy(planes).permute(0, 3, 1, 2)
    L, ab = values[:, :1].contiguous(), values[:, 1:].contiguous()
    return Batch(L=L, ab=ab, mask=torch.ones_like(L), index=torch.arange(len(L)))


def batches(planes: NDArray[np.float32], steps: int, seed: int) -> Iterator[Batch]:
    """Shuffled, each tile mirrored half of the time; the same for every way to begin."""
    random = np.random.default_rng(seed)
    for _ in range(steps):
        chosen = planes[random.choice(len(planes), BATCH, replace=False)]
        turned = random.random(BATCH) < 0.5
        yield batch(np.where(turned[:, None, None, None], chosen[:, :, ::-1], chosen))


def look(objective: objectives.Objective, kept: Batch) -> Seen:
    objective.mode(training=False)
    with torch.no_grad():
        logits = objective.running[NET](kept.L)
        ab = objective.colorizer()(kept.L)
        loss = objective.loss(logits, kept).item()  # type: ignore[attr-defined]
    objective.mode(training=True)
    modes = torch.bincount(logits.argmax(1).flatten(), minlength=bins.COUNT)
    a, b = tensor.centers()[modes.argmax()].int().tolist()
    score = ((ab - kept.ab) / 128).square().mean().item()
    return Seen(loss, score, ab.norm(dim=1).mean().item(), (modes.max() / modes.sum()).item(), (a, b))


def run(init: str, steps: int, seed: int, taught: NDArray[np.float32], kept: Batch) -> list[Seen]:
    histogram = bins.AbHistogram()
    histogram.add(taught[..., 1:])
    torch.manual_seed(seed)
    section = zhang.Params.model_validate({"init": init, "width": WIDTH, "batch": BATCH, "steps": steps, "lr": LR, "schedule": "onecycle"})
    objective = objectives.build("zhang", section, Material(size=SIDE, prior=histogram.prior(), clip_norm=1.0))
    objective.begin(next(batches(taught, 1, seed)))
    marks = [max(1, round(share * steps)) for share in LOOKS]
    found = []
    for step, given in enumerate(batches(taught, steps, seed), start=1):
        objective.scale_rates(factor("onecycle", (step - 1) / steps))
        objective.step(given)
        if step in marks:
            found.append(look(objective, kept))
    return found


def main(steps: int, seeds: int) -> None:
    taught, rest = tiles()
    kept = batch(rest)
    gray, chroma = (kept.ab / 128).square().mean().item(), kept.ab.norm(dim=1).mean().item()
    print(f"{len(taught)} tiles to learn from, {len(rest)} kept back, where gray scores {gray:.5f} and the mean chroma is {chroma:.1f};")
    print(f"width {WIDTH}, batches of {BATCH}, learning rate up to {LR:g} (onecycle), {steps} steps, mean over {seeds} seed(s)\n")
    print("| init | steps | loss | MSE of ab / 128 | mean chroma | pixels in one bin | that bin (a, b), by seed |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for init in ("plain", "he", "data"):
        runs = [run(init, steps, seed, taught, kept) for seed in range(seeds)]
        for share, seen in zip(LOOKS, zip(*runs, strict=True), strict=True):
            loss, score, chroma, one_bin = (mean(getattr(one, name) for one in seen) for name in ("loss", "score", "chroma", "one_bin"))
            colours = " ".join(f"({one.colour[0]}, {one.colour[1]})" for one in seen)
            print(f"| {init} | {round(share * steps)} | {loss:.2f} | {score:.5f} | {chroma:.1f} | {one_bin:.0%} | {colours} |", flush=True)


if __name__ == "__main__":
    numbers = [int(value) for value in sys.argv[1:]]
    main(*(numbers + [40, 1][len(numbers) :]))
