"""Registered versions in MLflow: made once per content, pointed at by the aliases champion and challenger, fetched again."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from huelab import paths
from huelab.errors import ModelError
from huelab.models.saved import Saved
from huelab.tracking import address, champion
from huelab.tracking.champion import HEAVY, Source, fill, problem
from huelab.tracking.database import Tracking
from huelab.tracking.registered import Registered

CHAMPION, CHALLENGER = "champion", "challenger"

_CONTENT, _MODEL, _WEIGHTS, _DATA = "huelab.content", "huelab.model", "huelab.weights", "huelab.data_hash"

_NEEDS = ("huelab", "numpy", "pydantic", "pyyaml", "safetensors", "torch")
"""What the served model imports. huelab itself is stored with it, for it is on no package index."""


def versions(mlflow: Tracking, model: str) -> dict[int, Registered]:
    """Every version of `model` that is not deleted, by number."""
    return {one.version: one for one, _ in sorted(tagged(mlflow, model), key=lambda found: found[0].version)}


def tagged(mlflow: Tracking, model: str) -> list[tuple[Registered, Mapping[str, str]]]:
    """Every version of `model` that is not deleted, with its tags."""
    found = mlflow.client.search_model_versions(f"name = '{model}'", max_results=10_000)
    return [(_registered(int(one.version), one.tags), one.tags) for one in found if _CONTENT in one.tags and _MODEL in one.tags]


def _registered(version: int, tags: Mapping[str, str]) -> Registered:
    return Registered(tags[_MODEL], tags[_CONTENT], tags.get(_WEIGHTS, ""), tags.get(_DATA, ""), version)


def pointed_at(mlflow: Tracking, model: str, alias: str = CHAMPION) -> Registered | None:
    """Which version an alias stands for; None where there is none, or where that version was deleted."""
    from mlflow.exceptions import MlflowException

    try:
        version = int(mlflow.client.get_model_version_by_alias(model, alias).version)
    except MlflowException:
        return None
    return versions(mlflow, model).get(version)


def point(mlflow: Tracking, model: str, alias: str, version: int | None) -> None:
    """Lets an alias stand for `version`; None takes it away."""
    before: Any = mlflow.client.get_registered_model(model).aliases.get(alias)
    if version is None and before is not None:
        mlflow.client.delete_registered_model_alias(model, alias)
    elif version is not None and str(before) != str(version):
        mlflow.client.set_registered_model_alias(model, alias, str(version))


def register(mlflow: Tracking, one: Registered, source: Source, run: str, model: str) -> Registered:
    """Makes a version of the colorizer in `source`, logged to `run`, with its model card and scores. Gives it with its number.

    Raises ModelError where it cannot be loaded: what cannot colour is not registered.
    """
    import mlflow as api

    Saved.open(source.model).colorizer()
    with _packed(source) as parts, warnings.catch_warnings(), api.start_run(run_id=run):
        warnings.simplefilter("ignore")  # it misses an input example, which would freeze the sizes
        logged = api.pyfunc.log_model(name="model", **parts)
    tags = {_CONTENT: one.content, _MODEL: one.model, _WEIGHTS: one.weights, _DATA: one.data_hash}
    try:
        mlflow.client.get_registered_model(model)
    except api.exceptions.MlflowException:
        mlflow.client.create_registered_model(model, description="Colorizers of huelab: L (n, 1, h, w) in 0..100 to CIE ab (n, 2, h, w).")
    version = mlflow.client.create_model_version(model, logged.model_uri, run, tags=tags, description=one.model, model_id=logged.model_id)
    return Registered(one.model, one.content, one.weights, one.data_hash, int(version.version))


@contextlib.contextmanager
def _packed(source: Source) -> Iterator[dict[str, Any]]:
    """What MLflow is to store of a colorizer; its files are copies that are gone afterwards."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec
    from numpy import dtype, float32

    package = Path(__file__).resolve().parents[1]
    number = dtype(float32)
    with tempfile.TemporaryDirectory() as scratch:
        colorizer = Path(scratch) / "colorizer"
        colorizer.mkdir()
        fill(colorizer, source, without=HEAVY)
        yield {
            "python_model": str(package / "tracking" / "served.py"),
            "artifacts": {"colorizer": str(colorizer)},
            "code_paths": [str(package)],
            "signature": ModelSignature(Schema([TensorSpec(number, (-1, 1, -1, -1))]), Schema([TensorSpec(number, (-1, 2, -1, -1))])),
            "pip_requirements": _requirements(Saved.open(source.model)),
        }


def fill_again(mlflow: Tracking, sources: Mapping[str, Source], model: str) -> list[Registered]:
    """Stores the files of versions that lost theirs, with a folder that was deleted or a server's store that was changed; gives those.

    `sources`: by content what is at hand; other versions, but those whose copy is under var/champion, stay as they are.
    """
    import mlflow as api

    filled = []
    for one in mlflow.client.search_model_versions(f"name = '{model}'", max_results=10_000):
        place = str(one.source).removeprefix("models:/")  # of the logged model; its field model_id is empty in what a search finds
        if _CONTENT not in one.tags or _MODEL not in one.tags or not place.startswith("m-"):
            continue
        if mlflow.client.list_logged_model_artifacts(place):
            continue
        registered = _registered(int(one.version), one.tags)
        copy = champion.copy_of(registered)
        source = sources.get(registered.content) or (Source.of_copy(copy) if copy else None)
        if source is None or problem(source.model):
            continue
        with _packed(source) as parts, tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            api.pyfunc.save_model(path=str(Path(scratch) / "model"), **parts)
            mlflow.client.log_model_artifacts(place, str(Path(scratch) / "model"))
        filled.append(registered)
    return filled


def register_again(mlflow: Tracking, one: Registered, folder: Path, model: str) -> Registered:
    """Makes a version of a champion's copy, in a run of its own: the one it was trained in went with a database, or lies in another."""
    tags = {_MODEL: one.model, _DATA: one.data_hash, "huelab.champion_copy": one.content}
    run = mlflow.client.create_run(mlflow.experiment, run_name=f"{one.model}, from a champion's copy", tags=tags)
    number = str(run.info.run_id)
    try:
        registered = register(mlflow, one, Source.of_copy(folder), number, model)
    except BaseException:
        mlflow.client.set_terminated(number, status="FAILED")
        raise
    mlflow.client.set_terminated(number)
    return registered


@contextlib.contextmanager
def fetched(model: str, version: int) -> Iterator[Source]:
    """The files of a version, in a folder that is gone afterwards. Raises ModelError where MLflow no longer has them whole."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    where = paths.tracking_artifacts() if address.is_own() else address.uri()
    remedy = "train it again, or choose another version with `huelab promote --to VERSION --why TEXT`"
    with tempfile.TemporaryDirectory() as scratch:
        try:
            folder = Path(download_artifacts(f"models:/{model}/{version}", dst_path=scratch)) / "artifacts" / "colorizer"
            why = problem(folder)
        except (MlflowException, OSError) as error:
            why = " ".join(str(error).split())[:200]
        if why:
            raise ModelError(f"The files of version {version} are not whole in {where} any more ({why.rstrip('.')}): {remedy}.")
        yield Source.of_copy(folder)


def _requirements(saved: Saved) -> list[str]:
    from importlib.metadata import version

    # a classifier inside the colorizer is one of timm's, unless it is our own
    more = ("timm", "torchvision") if saved.card.get("backbone", {"kind": "self"})["kind"] != "self" else ()
    return [f"{name}=={version(name).partition('+')[0]}" for name in (*_NEEDS, *more) if name != "huelab"]
