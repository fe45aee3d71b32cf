"""A learned colorizer from the store to its folder, once per seed: networks, source of pictures, the loop, and what it leaves behind."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from huelab import models, objectives, paths
from huelab.data.augment import Policy
from huelab.data.replacing import replacing_file, write_json
from huelab.data.store import GalleryPicture, Store
from huelab.errors import DataError, ModelError
from huelab.models import layers
from huelab.models.info import Info
from huelab.models.saved import Saved, save
from huelab.params import Budget, LearnedParams, Params
from huelab.training import card, history, preparation, runtime
from huelab.training.budget import Limit
from huelab.training.checkpoint import Progress
from huelab.training.loop import Run
from huelab.training.progress import Display
from huelab.training.runtime import Runtime
from huelab.training.source import OnePicture, Source, Tiles


def learn(name: str, params: Params, store: Store) -> Saved:
    """Trains `name` on `store` with each of train.seeds, resuming where a run of the same settings, data and code was cut off.

    Writes weights.safetensors, history.csv and card.json to work/models/NAME (of further seeds to seeds/SEED below it) and the speed to
    var/timing. What an earlier run with the same settings, data and code left is kept: another seed costs one seed. Gives the first seed's.
    Raises DataError (no pictures, no labels), ModelError (a backbone that cannot be had), UsageError (no such device), Diverged, TooLarge
    or Interrupted.
    """
    first, *others = params.train.seeds
    saved = _learn(name, params, store, first, paths.model(name), paths.timing(name))
    for seed in others:
        _learn(name, params, store, seed, paths.model(name, seed), paths.timing(name, seed))
    seeds = paths.model(name, first).parent
    for folder in seeds.iterdir() if seeds.is_dir() else ():
        if folder.name not in map(str, others):
            shutil.rmtree(folder)
    if seeds.is_dir() and not others:
        seeds.rmdir()
    shutil.rmtree(paths.checkpoints(name, first).parent, ignore_errors=True)
    return saved


def _learn(name: str, params: Params, store: Store, seed: int, folder: Path, timing: Path) -> Saved:
    section: LearnedParams = params.colorizer(name)
    info: Info = models.module(name).INFO
    chosen = runtime.start(params.train, seed=seed)
    policy_file = paths.augmentation_policy()
    own: dict[str, Any] = {}
    source: Source
    if info.one_picture:
        picture = _gallery_picture(store, section)
        rgb = picture.rgb()
        own = {"one_picture": picture.name, "photograph_side": min(rgb.shape[:2])}
        source = OnePicture(rgb)
    else:
        source = Tiles(store, Policy.load(policy_file), params.train, batch=section.batch, seed=seed)
    prepared = preparation.prepare(name, params, store, steps_per_epoch=source.steps_per_epoch, device=chosen.fabric.device)
    torch.manual_seed(seed)  # whatever was drawn to prepare: the network starts the same
    objective = objectives.build(name, section, prepared.material)
    settings = _settings(name, params, seed, store, chosen, policy_file, own | prepared.facts)
    run_hash = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    label = name if len(params.train.seeds) == 1 else f"{name} (seed {seed})"
    # a common budget is for those that are compared; who memorises one picture keeps its own
    budget = Budget() if info.one_picture else params.budget
    limit = Limit.of(budget, section.steps, source.steps_per_epoch)
    display = Display(label, limit)
    if (kept := _kept(folder, run_hash)) is not None:
        display.line(f"{label}: {folder} is of the same params, data and code: kept (delete it to train anew)")
        return kept
    count = layers.parameters(objective.net)
    display.line(f"{label}: {count:,} parameters, {limit.words} of {section.batch} on {chosen.words}{prepared.words}")
    run = Run(
        name,
        objective,
        source,
        chosen,
        params.train,
        limit=limit,
        schedule=str(getattr(section, "schedule", "constant")),
        folder=paths.checkpoints(name, seed),
        settings=settings,
        display=display,
    )
    progress = run.fit()

    folder.mkdir(parents=True, exist_ok=True)
    history.write(folder / "history.csv", progress.rows, objective.terms)
    facts = card.base(name, params, store) | {
        "run": run_hash,
        "seed": seed,
        "parameters": count,
        "steps": progress.step,
        "images": progress.images,
        "best_step": progress.best_step,
        "val_mse_ab128": progress.best_score,
        **prepared.facts,
    }
    saved = save(folder, facts | own, progress.best | layers.frozen_state(objective.net))
    _write_timing(timing, progress, chosen)
    return saved


def _kept(folder: Path, run_hash: str) -> Saved | None:
    """What an earlier run with this hash left in `folder`, if it is whole."""
    try:
        saved = Saved.open(folder)
        whole = saved.card.get("run") == run_hash and (folder / "history.csv").is_file()
        digest = hashlib.sha256(saved.weights.read_bytes()).hexdigest() if whole else ""
    except (ModelError, OSError):
        return None
    return saved if whole and digest == saved.card["weights_sha256"] else None


def _gallery_picture(store: Store, section: Any) -> GalleryPicture:
    gallery = store.gallery()
    if section.picture >= len(gallery):
        raise DataError(
            f"colorizers.alpha.picture is {section.picture}, but the gallery holds {len(gallery)} photographs: "
            f"choose 0 to {len(gallery) - 1}, or raise standardize.gallery in params.yaml."
        )
    chosen: GalleryPicture = gallery[section.picture]
    return chosen


def _settings(
    name: str, params: Params, seed: int, store: Store, chosen: Runtime, policy_file: Path, own: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything the weights depend on: a checkpoint of anything else is never resumed."""
    ours = [models.module(name), layers, sys.modules[Run.__module__]]
    ours += [module for place, module in sorted(sys.modules.items()) if place.startswith(("huelab.objectives", "huelab.backbones"))]
    code = hashlib.sha256()
    for module in ours:
        code.update(Path(str(module.__file__)).read_bytes())
    return {
        "name": name,
        "colorizers": {name: params.colorizer(name).model_dump(mode="json")},
        "train": params.train.model_dump(mode="json", exclude={"checkpoint_seconds", "workers", "seeds"}),
        "seed": seed,
        "budget": params.budget.model_dump(mode="json"),
        "runtime": {
            "device": chosen.device,
            "precision": chosen.precision,
            "channels_last": chosen.channels_last,
            "threads": chosen.threads,
        },
        "torch": torch.__version__,
        "data": {
            "hash": store.meta["data_hash"],
            "recipe": store.meta["recipe"],
            "prior": hashlib.sha256(store.prior.tobytes()).hexdigest(),
        },
        "own": dict(own),
        "augmentation": hashlib.sha256(policy_file.read_bytes()).hexdigest() if policy_file.is_file() else "",
        "code": code.hexdigest(),
    }


def _write_timing(file: Path, progress: Progress, chosen: Runtime) -> None:
    """Seconds, speed and peak memory (bytes): they differ between runs, so they stay outside the stage's outputs."""
    if chosen.device == "cuda":
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    facts = {
        "seconds": progress.seconds,
        "images_per_second": progress.images / max(progress.seconds, 1e-9),
        "device": chosen.device,
        "precision": chosen.precision,
        "channels_last": chosen.channels_last,
        "threads": chosen.threads,
        "peak_memory": peak,
    }
    with replacing_file(file) as new:
        write_json(new, facts)
