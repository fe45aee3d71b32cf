"""Training speed of every learned colorizer, as huelab trains it, against popular notebooks: python -m benchmarks.train [MODEL ...]

On the same network, loss, batch size and pictures these take turns in each round, so that a busy spell strikes them alike:

    notebook    float32, torch as it comes, a DataLoader that opens, resizes and converts JPEGs per item (benchmarks.notebook):
                with no loader process or with two, whichever is the faster
    in memory   the same without the loader's share: its batches are there already
    huelab      training.loop as `make run` runs it: store, augmentation, Lab, steps; precision and memory format of params.yaml
    ceiling     one convolution, forward and backward, in the precision that huelab chose (benchmarks.ceiling)

Goals where bfloat16 is fast: 2 times "in memory", 1.6 times where transposed convolutions hold the weights, and 60 % of the ceiling for
`beta` and `zhang`. Class vectors (fusion, koala) and labels (iizuka) are drawn at random and given to all: they do not change the speed.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import photographs
from benchmarks.agreement import agreement
from benchmarks.ceiling import Ceiling
from benchmarks.contenders import Compiled, Loop, Watched, material_for, mostly_transposed, objective_for, without_pretrained
from benchmarks.notebook import InMemory, Notebook, Photographs
from benchmarks.timing import machine, ratio
from huelab import models, params
from huelab.data.augment import Policy
from huelab.data.dataset import Batch
from huelab.data.standardize import standardize
from huelab.data.store import Store
from huelab.errors import HuelabError
from huelab.models import layers
from huelab.objectives.base import Objective
from huelab.objectives.material import Material
from huelab.training import runtime
from huelab.training.runtime import Runtime
from huelab.training.source import OnePicture, Source, Tiles

MEMORY, CEILING = "in memory", "ceiling"
CPU_BATCH = 32
"""Published batches may be larger; on a CPU no measurement needs them."""
COLUMNS = (
    *("colorizer", "huelab on", "parameters", "batch", "notebook img/s", "in memory img/s", "huelab img/s", "× notebook", "× in memory"),
    *("GFLOP per image", "of the ceiling", "waiting for data"),
)


@dataclass
class Measurement:
    """One colorizer, ready to be timed."""

    name: str
    section: Any
    material: Material
    source: Source
    photographs: Photographs
    settings: params.Params
    first: Batch

    @classmethod
    def of(cls, name: str, settings: params.Params, store: Store, files: list[Path]) -> Measurement:
        section = without_pretrained(settings.colorizer(name))
        source: Source
        if models.module(name).INFO.one_picture:
            rgb = store.gallery()[0].rgb()
            source, jpegs = OnePicture(rgb), Photographs(files[:1], rgb.shape[1], rgb.shape[0])
        else:
            source = Tiles(store, Policy.from_params(settings.augment), settings.train, batch=section.batch)
            jpegs = Photographs(files, store.size, store.size)
        material = material_for(name, section, store, clip_norm=settings.train.clip_norm)
        return cls(name, section, material, source, jpegs, settings, next(iter(source.training(0, 0))))

    def rows(self, rounds: int, seconds: float, variants: Sequence[Runtime], ceiling: Ceiling) -> Iterator[str]:
        """Lines of the table, one for each way in which huelab may run; a measurement takes about `seconds`."""
        chosen = variants[0]
        plain = objective_for(self.name, self.section, self.material)
        plain.begin(self.first)
        for net in plain.nets.values():
            net.to(chosen.fabric.device)
        plain.move(chosen.fabric.device)
        common = {"batch": len(self.first.L), "device": chosen.device}
        memory = InMemory(plain, self.photographs, **common)
        memory()  # kernels are chosen
        steps = memory.steps = max(2, round(seconds / memory()))
        with FlopCounterMode(display=False) as counter:
            memory()
        operations = float(counter.get_total_flops())

        jobs: dict[str, Callable[[], float]] = {MEMORY: memory}
        if importlib.util.find_spec("skimage"):
            for workers in (0, 2):
                jobs[f"{workers} workers"] = Notebook(plain, self.photographs, steps=steps, workers=workers, **common)
        jobs[CEILING] = ceiling
        with tempfile.TemporaryDirectory() as folder:
            loops = [self.loop(one, steps, Path(folder)) for one in variants]
            jobs |= {loop.runtime.words: loop for loop in loops}
            taken = timed(jobs, rounds)
        notebooks = [words for words in jobs if words.endswith("workers")]
        notebook = min(notebooks, key=lambda words: median(taken[words]), default="")
        images = steps * len(self.first.L)
        for loop in loops:
            words = loop.runtime.words
            share = median(operations / own / (ceiling.operations / top) for own, top in zip(taken[words], taken[CEILING], strict=True))
            yield line(
                self.name,
                words,
                f"{layers.parameters(plain.net):,}",
                len(self.first.L),
                f"{images / median(taken[notebook]):.4g} ({notebook})" if notebook else "–",
                f"{images / median(taken[MEMORY]):.4g}",
                f"{images / median(taken[words]):.4g}",
                f"{ratio(taken, words, notebook):.2f}" if notebook else "–",
                f"{ratio(taken, words, MEMORY):.2f}{goal(plain, loop.runtime)}",
                f"{operations / images / 1e9:.2f}",
                f"{share:.0%}",
                f"{median(loop.waited[1:]):.1%}",
            )

    def loop(self, started: Runtime, steps: int, folder: Path) -> Loop:
        objective = objective_for(self.name, self.section, self.material)
        schedule = str(getattr(self.section, "schedule", "constant"))
        return Loop(self.name, objective, Watched(self.source), started, self.settings.train, schedule, steps, folder)


def timed(jobs: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Seconds, by their own clocks, of each job in each round; one round before goes uncounted."""
    taken: dict[str, list[float]] = {words: [] for words in jobs}
    for turn in range(rounds + 1):
        for words, job in jobs.items():
            seconds = job()
            if turn:
                taken[words].append(seconds)
    return taken


def goal(objective: Objective, started: Runtime) -> str:
    """What the ratio is to reach, in words; nothing where bfloat16 is not fast, for which the goals are set."""
    if started.precision != "bf16-mixed" or started.device == "cuda":
        return ""
    return " (goal 1.6)" if mostly_transposed(objective.net) else " (goal 2)"


def line(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def variants_of(train: params.Train, *, compiled: bool) -> list[Runtime]:
    """The ways to run: as params.yaml has it; on CUDA also float32; compiled where asked for."""
    found = [runtime.start(train)]
    if found[0].device == "cuda" and found[0].precision != "32-true":
        found.append(runtime.start(train.model_copy(update={"precision": "32-true"})))
    return found + ([Compiled.like(found[0])] if compiled else [])


def settings_for(chosen: argparse.Namespace) -> params.Params:
    """params.yaml with what the command line sets instead."""
    asked = {f"train.{key}": getattr(chosen, key) for key in ("device", "threads", "workers")} | {"standardize.size": chosen.size}
    settings = params.load(overrides={key: value for key, value in asked.items() if value is not None})
    most = 10**6 if settings.train.device != "cpu" and torch.cuda.is_available() else CPU_BATCH
    sections = {name: section for name, section in settings.colorizers.items() if name not in models.FLOORS}
    names = chosen.models or [name for name in sections if name in models.NAMES]
    for name in names:
        if name not in sections:
            raise SystemExit(f"There is no learned colorizer {name!r} in params.yaml: choose from {', '.join(sections)}.")
        own: dict[str, Any] = {"width": chosen.width} if chosen.width else {}
        if not models.module(name).INFO.one_picture:
            own["batch"] = chosen.batch or min(most, sections[name].batch)
        sections[name] = sections[name].model_copy(update=own)
    return settings.model_copy(update={"models": tuple(names), "colorizers": sections})


def store_in(folder: Path, settings: params.Params, count: int) -> tuple[Store, list[Path]]:
    """A store of `count` photographs or more, enough for the largest batch, and the JPEG files it was made of."""
    largest = max(settings.colorizer(name).batch for name in settings.models)
    files = photographs.write(folder / "photographs", max(count, largest * 5 // 4 + 10))
    split = params.SplitParams(by="photo")
    table, out = photographs.table(files), folder / "store"
    standardize(table, files[0].parent, out=out, standard=settings.standardize, split=split, max_pixels=10**8)
    return Store.open(out), files


def measure(settings: params.Params, chosen: argparse.Namespace, folder: Path) -> None:
    """Prints the table, a row as soon as it is measured, and on CUDA the agreement with the CPU."""
    store, files = store_in(folder, settings, chosen.photographs)
    variants = variants_of(settings.train, compiled=chosen.compile)
    gpu = variants[0].device == "cuda"
    print(f"**Training, {store.size} px** ({torch.cuda.get_device_name() if gpu else machine()})\n")
    print(line(*COLUMNS), "|---|---|" + "---:|" * (len(COLUMNS) - 2), sep="\n", flush=True)
    ceiling = Ceiling(variants[0].device, variants[0].precision, seconds=chosen.seconds / 2)
    differences: list[str] = []
    for name in settings.models:
        try:
            one = Measurement.of(name, settings, store, files)
            for row in one.rows(chosen.rounds, chosen.seconds, variants, ceiling):
                print(row, flush=True)
            for variant in variants if gpu else []:
                differences.append(line(name, variant.words, agreement(name, one.section, one.material, one.first, variant)))
        except HuelabError as error:
            print(line(name, str(error).splitlines()[0]), flush=True)
    print(f"\nThe ceiling, in {variants[0].precision}: {ceiling.words}.")
    if differences:
        print("\nAgreement with float32 on the CPU:\n\n| colorizer | on | one step |\n|---|---|---|", *differences, sep="\n")


def options() -> argparse.ArgumentParser:
    """What the command line takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="colorizers, or variants in params.yaml; all learned ones when left out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long one measurement takes, about")
    parser.add_argument("--size", type=int, help="pixels of a side; standardize.size when left out")
    parser.add_argument("--batch", type=int, help="that of params.yaml when left out, on a CPU at most 32")
    parser.add_argument("--width", type=float, help="that of params.yaml when left out")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="cuda adds float32 and the agreement with the CPU")
    parser.add_argument("--threads", type=int, help="on a CPU; train.threads when left out")
    parser.add_argument("--workers", type=int, help="loader processes of huelab; train.workers when left out")
    parser.add_argument("--compile", action="store_true", help="also with torch.compile")
    parser.add_argument("--photographs", type=int, default=200, help="how many are written to train on, at least")
    return parser


def main(arguments: Sequence[str]) -> None:
    chosen = options().parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        measure(settings_for(chosen), chosen, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
