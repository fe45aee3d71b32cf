"""huelab's own training loop as something to be timed, and what it is to be given."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from huelab import models, objectives
from huelab.data.dataset import Batch
from huelab.data.store import Store
from huelab.objectives.base import Objective
from huelab.objectives.material import Material
from huelab.params import Train
from huelab.training.budget import Limit
from huelab.training.loop import Run
from huelab.training.progress import Display
from huelab.training.runtime import Runtime
from huelab.training.source import Source

CLASSES = ("cats", "dogs", "places")


class Watched:
    """A source that notes how long the loop waits for its batches, and validates on a single one."""

    def __init__(self, source: Source) -> None:
        self.source, self.steps_per_epoch = source, source.steps_per_epoch
        self.waited = 0.0

    def training(self, epoch: int, start: int) -> Iterator[Batch]:
        if epoch == start == 0:
            self.waited = 0.0  # a run begins; what its objective looked at before does not count
        batches = iter(self.source.training(epoch, start))
        while True:
            began = time.perf_counter()
            batch = next(batches, None)
            self.waited += time.perf_counter() - began
            if batch is None:
                return
            yield batch

    def validation(self) -> Iterator[Batch]:
        yield next(iter(self.source.validation()))


class Again(Run):
    """A run of an objective that has looked at its first batch already, and whose networks are on the device."""

    def _begin(self) -> None:
        pass


@dataclass
class Loop:
    """The training loop for so many steps; gives the seconds it counts as training: batches and steps, not validation and saving."""

    name: str
    objective: Objective
    source: Watched
    runtime: Runtime
    train: Train
    schedule: str
    steps: int
    folder: Path
    waited: list[float] = field(default_factory=list)
    """Of each run, the share of its seconds in which it waited for batches."""

    def __call__(self) -> float:
        limit = Limit(self.steps)
        run = (Again if self.waited else Run)(
            self.name,
            self.objective,
            self.source,
            self.runtime,
            # a checkpoint would be resumed by the next measurement
            self.train.model_copy(update={"checkpoint_seconds": 1e9, "patience": 0}),
            limit=limit,
            schedule=self.schedule,
            folder=self.folder,
            settings={},
            display=Display(self.name, limit, io.StringIO()),
        )
        seconds = run.fit().seconds
        self.waited.append(self.source.waited / seconds)
        return seconds


class Compiled(Runtime):
    """The same runtime with networks that torch.compile translates, once."""

    @classmethod
    def like(cls, runtime: Runtime) -> Compiled:
        return cls(runtime.fabric, runtime.device, runtime.precision, runtime.channels_last, runtime.threads)

    def prepare(self, objective: Objective) -> None:
        if objective.backward == self.fabric.backward:
            return
        for name, net in objective.nets.items():
            if self.channels_last:
                net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            objective.running[name], objective.stepping[name] = self.fabric.setup(torch.compile(net), objective.optimizers[name])
        objective.backward = self.fabric.backward

    @property
    def words(self) -> str:
        return f"{super().words}, compiled"


def material_for(name: str, section: Any, store: Store, *, clip_norm: float) -> Material:
    """What colorizer `name` learns with; labels and class vectors, where it takes any, are random: speed does not depend on them."""
    draw = torch.Generator().manual_seed(0)
    needs = models.module(name).INFO.needs
    given: dict[str, Any] = {}
    if "labels" in needs:
        given |= {"classes": CLASSES, "labels": torch.randint(len(CLASSES), (len(store),), generator=draw)}
    if "backbone" in needs:
        from huelab import backbones

        # a small one with random weights: it never runs, since the vectors are there
        backbone = backbones.load(backbones.resolve("resnet18", False, "", key=f"colorizers.{name}"))
        given |= {"backbone": backbone, "vectors": torch.rand(len(store), backbone.classes, generator=draw).softmax(1)}
    return Material(size=store.size, prior=store.prior, clip_norm=clip_norm, steps_per_epoch=100, **given)


def objective_for(name: str, section: Any, material: Material) -> Objective:
    """Networks with the same weights at every call, in training mode."""
    torch.manual_seed(0)
    objective = objectives.build(name, section, material)
    objective.mode(training=True)
    return objective


def without_pretrained(section: Any) -> Any:
    """The section with random weights where it asks for trained ones."""
    return section.model_copy(update={"pretrained": False}) if hasattr(section, "pretrained") else section


def mostly_transposed(net: nn.Module) -> bool:
    """Whether transposed convolutions hold more than a quarter of the weights that learn."""
    weights = {True: 0, False: 0}
    for layer in net.modules():
        weights[isinstance(layer, nn.ConvTranspose2d)] += sum(p.numel() for p in layer.parameters(recurse=False) if p.requires_grad)
    return weights[True] > 0.25 * sum(weights.values())
