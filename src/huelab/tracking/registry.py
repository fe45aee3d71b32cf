"""Registers learned colorizers and decides which is champion, by the rule of params.yaml's section `registry`."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huelab import metrics, paths
from huelab.errors import ModelError, ParamsError
from huelab.models.saved import CARD, WEIGHTS, Saved
from huelab.params import Registry
from huelab.tracking.database import Tracking
from huelab.tracking.results import Result

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, CHALLENGER = "champion", "challenger"

_NEEDS = ("huelab", "numpy", "pydantic", "pyyaml", "safetensors", "torch")
"""What the served model imports. huelab itself is stored with it, for it is on no package index."""


@dataclass(frozen=True)
class Standing:
    """A registered version and its score."""

    version: int
    model: str
    data_hash: str
    value: float


@dataclass(frozen=True)
class Decision:
    """Who is champion now, who challenges, and why."""

    champion: int
    challenger: int | None
    why: str


def update(mlflow: Tracking, candidates: Sequence[tuple[Result, str]], rule: Registry, *, say: Callable[[str], None]) -> None:
    """Registers each of `candidates` (with the id of its run) once, moves the aliases by the rule and writes var/champion.json."""
    scored = [(result, run, value) for result, run in candidates if (value := result.value(rule.metric)) is not None]
    if not scored:
        say(f"no champion: no learned colorizer has a score in {rule.metric} yet")
        return
    known = _versions(mlflow, rule.model)
    standings = []
    for result, run, value in scored:
        version = known.get(result.content) or _register(mlflow, result, run, rule.model)
        standings.append(Standing(version, result.name, result.data_hash, value))
    decision = decide(_champion(mlflow, rule), standings, rule)
    before = dict(mlflow.client.get_registered_model(rule.model).aliases)
    for alias, number in ((CHAMPION, decision.champion), (CHALLENGER, decision.challenger)):
        if number is None and alias in before:
            mlflow.client.delete_registered_model_alias(rule.model, alias)
        elif number is not None and str(before.get(alias)) != str(number):
            mlflow.client.set_registered_model_alias(rule.model, alias, str(number))
    say(_record(mlflow, rule.model, decision))


def decide(champion: Standing | None, candidates: Sequence[Standing], rule: Registry) -> Decision:
    """The rule. The best candidate becomes champion where there is none; else it must beat the champion by more than `min_improvement`
    of the metric's unit on the same photographs. Scores on other photographs cannot be compared: `new_data` says who stays then.
    """
    better = metrics.metric(rule.metric).better
    if better == "none":
        raise ParamsError(f"{paths.params_file()}: registry.metric is {rule.metric!r}, which has no better end: choose another metric.")
    sign = 1.0 if better == "higher" else -1.0
    ranked = sorted(candidates, key=lambda one: (-sign * one.value, one.version))
    best = ranked[0]
    if champion is None:
        chosen, why = best, f"the first champion: {rule.metric} {best.value:.4g}, best of {len(ranked)}"
    elif champion.version == best.version:
        chosen, why = best, f"still the best: {rule.metric} {best.value:.4g}"
    elif champion.data_hash != best.data_hash and rule.new_data == "keep":
        chosen, why = champion, f"kept: {best.model} was scored on other photographs ({best.data_hash}), which cannot be compared"
    elif champion.data_hash != best.data_hash:
        chosen = best
        why = f"the photographs changed ({champion.data_hash} -> {best.data_hash}): best of {len(ranked)}, {rule.metric} {best.value:.4g}"
    else:
        gain = sign * (best.value - champion.value)
        gain += 0.0  # never "-0"
        words = f"{best.model}'s {rule.metric} {best.value:.4g} against {champion.model}'s {champion.value:.4g} is a gain of {gain:.4g}"
        beaten = gain > rule.min_improvement
        chosen = best if beaten else champion
        why = f"{words}, {'more' if beaten else 'not more'} than {rule.min_improvement:g}"
    others = [one for one in ranked if one.version != chosen.version]
    return Decision(chosen.version, others[0].version if others else None, why)


def _versions(mlflow: Tracking, model: str) -> dict[str, int]:
    """Registered versions by the content of their result."""
    found = mlflow.client.search_model_versions(f"name = '{model}'", max_results=10_000)
    return {version.tags["huelab.content"]: int(version.version) for version in found if "huelab.content" in version.tags}


def _champion(mlflow: Tracking, rule: Registry) -> Standing | None:
    from mlflow.exceptions import MlflowException

    try:
        version: ModelVersion = mlflow.client.get_model_version_by_alias(rule.model, CHAMPION)
        scores: Mapping[str, float] = mlflow.client.get_run(version.run_id).data.metrics
        return Standing(int(version.version), version.tags["huelab.model"], version.tags["huelab.data_hash"], scores[f"test_{rule.metric}"])
    except (MlflowException, KeyError):  # none yet, its version or run was deleted, or it has no score in this metric
        return None


def _register(mlflow: Tracking, result: Result, run: str, model: str) -> int:
    import mlflow as api
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec
    from numpy import dtype, float32

    Saved.open(result.saved.folder).colorizer()  # what cannot be loaded is not registered
    package = Path(__file__).resolve().parents[1]
    number = dtype(float32)
    with tempfile.TemporaryDirectory() as scratch:
        colorizer = Path(scratch) / "colorizer"
        _copy(result.saved.folder, colorizer)
        with warnings.catch_warnings(), api.start_run(run_id=run):
            warnings.simplefilter("ignore")  # it misses an input example, which would freeze the sizes
            logged = api.pyfunc.log_model(
                name="model",
                python_model=str(package / "tracking" / "served.py"),
                artifacts={"colorizer": str(colorizer)},
                code_paths=[str(package)],
                signature=ModelSignature(Schema([TensorSpec(number, (-1, 1, -1, -1))]), Schema([TensorSpec(number, (-1, 2, -1, -1))])),
                pip_requirements=_requirements(result.saved),
            )
    tags = {"huelab.content": result.content, "huelab.model": result.name, "huelab.data_hash": result.data_hash}
    try:
        mlflow.client.get_registered_model(model)
    except api.exceptions.MlflowException:
        mlflow.client.create_registered_model(model, description="Colorizers of huelab: L (n, 1, h, w) in 0..100 to CIE ab (n, 2, h, w).")
    version = mlflow.client.create_model_version(model, logged.model_uri, run, tags=tags, description=result.name, model_id=logged.model_id)
    return int(version.version)


def _requirements(saved: Saved) -> list[str]:
    from importlib.metadata import version

    # a classifier inside the colorizer is one of timm's, unless it is our own
    more = ("timm", "torchvision") if saved.card.get("backbone", {"kind": "self"})["kind"] != "self" else ()
    return [f"{name}=={version(name).partition('+')[0]}" for name in (*_NEEDS, *more) if name != "huelab"]


def _record(mlflow: Tracking, model: str, decision: Decision) -> str:
    """Writes var/champion.json, with a copy of the weights that no `dvc repro` replaces, where the champion changed. Gives a sentence."""
    version = mlflow.client.get_model_version(model, str(decision.champion))
    name = version.tags["huelab.model"]
    folder = paths.champion_copy(f"{name}-{version.tags['huelab.content']}")
    if not (folder / CARD).is_file():
        from mlflow.artifacts import download_artifacts

        with tempfile.TemporaryDirectory() as scratch:
            _copy(Path(download_artifacts(f"models:/{model}/{version.version}", dst_path=scratch)) / "artifacts" / "colorizer", folder)
    record = {"model": name, "version": int(version.version), "folder": str(folder.relative_to(paths.root()))}
    known = _known_champion()
    if any(known.get(key) != value for key, value in record.items()):
        _replace(paths.champion(), json.dumps({**record, "why": decision.why, "when": time.strftime("%Y-%m-%d %H:%M:%S")}, indent=2) + "\n")
        return f"champion is now {name} (version {version.version}): {decision.why}"
    return f"champion stays {name} (version {version.version}): {decision.why}"


def _known_champion() -> dict[str, Any]:
    try:
        found = json.loads(paths.champion().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or damaged: it is written anew
        return {}
    return found if isinstance(found, dict) else {}


def _copy(source: Path, folder: Path) -> None:
    """The card and weights of a colorizer, whole or not at all."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for file in (CARD, WEIGHTS):
            shutil.copyfile(source / file, temporary / file)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except FileNotFoundError as error:
        raise ModelError(f"{error.filename} is missing: train the colorizer again with `dvc repro`.") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, file)
