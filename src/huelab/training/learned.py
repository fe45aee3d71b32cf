"""A learned colorizer from the store to its folder: networks, source of pictures, fingerprint, the loop, and what it leaves behind."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import torch

from huelab import models, objectives, paths
from huelab.data.augment import Policy
from huelab.data.store import GalleryPicture, Store
from huelab.errors import DataError
from huelab.models import layers
from huelab.models.info import Info
from huelab.models.saved import Saved, save
from huelab.params import LearnedParams, Params
from huelab.training import card, checkpoint, history, runtime
from huelab.training.checkpoint import Progress
from huelab.training.loop import Run
from huelab.training.progress import Display
from huelab.training.runtime import Runtime
from huelab.training.source import OnePicture, Source, Tiles


def learn(name: str, params: Params, store: Store) -> Saved:
    """Trains `name` on `store`, resuming where a run of the same settings, data and code was cut off.

    Writes weights.safetensors, history.csv and card.json to work/models/NAME and the speed to var/timing/NAME.json. Raises DataError (no
    pictures), UsageError (no such device), Diverged or Interrupted.
    """
    section: LearnedParams = params.colorizer(name)
    info: Info = models.module(name).INFO
    chosen = runtime.start(params.train)
    policy_file = paths.augmentation_policy()
    own: dict[str, Any] = {}
    source: Source
    if info.one_picture:
        picture = _gallery_picture(store, section)
        rgb = picture.rgb()
        own = {"one_picture": picture.name, "photograph_side": min(rgb.shape[:2])}
        source = OnePicture(rgb)
    else:
        source = Tiles(store, Policy.load(policy_file), params.train, batch=section.batch)
    objective = objectives.build(name, section, size=store.size, prior=store.prior, clip_norm=params.train.clip_norm)
    count = layers.parameters(objective.net)
    display = Display(name, section.steps)
    display.line(f"{name}: {count:,} parameters, {section.steps} steps of {section.batch} on {chosen.words}")
    run = Run(
        name,
        objective,
        source,
        chosen,
        params.train,
        steps=section.steps,
        schedule=str(getattr(section, "schedule", "constant")),
        folder=paths.checkpoints(name),
        fingerprint=_fingerprint(name, params, store, chosen, policy_file, own),
        display=display,
    )
    progress = run.fit()

    folder = paths.model(name)
    folder.mkdir(parents=True, exist_ok=True)
    history.write(folder / "history.csv", progress.rows, objective.terms)
    facts = card.base(name, params, store) | {
        "parameters": count,
        "steps": progress.step,
        "best_step": progress.best_step,
        "val_mse_ab128": progress.best_score,
    }
    facts |= own
    saved = save(folder, facts, progress.best)
    _write_timing(paths.timing(name), progress, chosen)
    checkpoint.remove(paths.checkpoints(name))
    return saved


def _gallery_picture(store: Store, section: Any) -> GalleryPicture:
    gallery = store.gallery()
    if section.picture >= len(gallery):
        raise DataError(
            f"colorizers.alpha.picture is {section.picture}, but the gallery holds {len(gallery)} photographs: "
            f"choose 0 to {len(gallery) - 1}, or raise standardize.gallery in params.yaml."
        )
    chosen: GalleryPicture = gallery[section.picture]
    return chosen


def _fingerprint(name: str, params: Params, store: Store, chosen: Runtime, policy_file: Path, own: dict[str, Any]) -> str:
    """Hash of everything the weights depend on: a checkpoint of anything else is never resumed."""
    code = hashlib.sha256()
    for module in (models.module(name), layers, sys.modules[Run.__module__]):
        code.update(Path(str(module.__file__)).read_bytes())
    for file in sorted(Path(str(objectives.__file__)).parent.glob("*.py")):
        code.update(file.read_bytes())
    facts = {
        "name": name,
        "section": params.colorizer(name).model_dump(mode="json"),
        "train": params.train.model_dump(mode="json", exclude={"checkpoint_seconds", "workers"}),
        "runtime": [chosen.device, chosen.precision, chosen.channels_last, chosen.threads, torch.__version__],
        "data": [store.meta["data_hash"], store.meta["recipe"], hashlib.sha256(store.prior.tobytes()).hexdigest()],
        "own picture": own,
        "policy": hashlib.sha256(policy_file.read_bytes()).hexdigest() if policy_file.is_file() else "",
        "code": code.hexdigest(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


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
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, file)
