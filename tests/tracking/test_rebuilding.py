"""Whatever is lost of MLflow comes back from the files of the stages by `huelab track sync`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from huelab import paths
from tests.tracking import stages
from tests.tracking.own import own_database
from tests.tracking.seen import artifacts, client, load, names, runs, sync

_OF_THE_MIRRORING = ("mlflow.parentRunId", "huelab.pid", "huelab.project", "mlflow.log-model.history")


def content() -> dict[str, Any]:
    """What MLflow says, but for ids and times, and for what is known of the mirroring itself."""
    found = {}
    for run in runs():
        tags = {key: value for key, value in run.data.tags.items() if key not in _OF_THE_MIRRORING}
        parent = run.data.tags.get("mlflow.parentRunId")
        above = client().get_run(parent).info.run_name if parent else ""
        curves = [(point.step, point.value) for point in client().get_metric_history(run.info.run_id, "val_mse_ab128")]
        found[run.info.run_name] = (above, dict(run.data.metrics), tags, dict(run.data.params), curves, artifacts(run.info.run_id))
    model = client().get_registered_model(names().model)
    versions = client().search_model_versions(f"name = '{names().model}'")
    registered = {int(version.version): version.tags["huelab.content"] for version in versions}
    return {"runs": found, "versions": registered, "aliases": {key: str(value) for key, value in model.aliases.items()}}


@own_database
def test_a_deleted_database_is_rebuilt_whole(mirrored: Path) -> None:
    sync()
    before, champion = content(), json.loads(paths.champion().read_text())
    paths.tracking_database().unlink()
    shutil.rmtree(paths.tracking_artifacts())
    sync()
    assert content() == before
    assert json.loads(paths.champion().read_text()) == champion


@own_database
def test_a_lost_artifact_folder_is_filled_again(trained: Path) -> None:
    sync()
    before = content()
    shutil.rmtree(paths.tracking_artifacts())
    found, said = sync()
    assert said[0] == f"{len(stages.SCORES)} colorizers mirrored, 0 of them new"
    assert content() == before
    assert artifacts(found[0], "gallery") == {"gallery/00.png"}
    assert said[1:3] == [
        f"{name} (version {number}) had lost its files in MLflow: stored again" for number, name in ((2, "plain"), (1, "beta"))
    ]
    assert load(f"models:/{names().model}@champion").predict(np.zeros((1, 1, 16, 16), np.float32)).shape == (1, 2, 16, 16)


def test_a_run_that_somebody_deleted_is_written_again(mirrored: Path) -> None:
    found, _ = sync()
    client().delete_run(found[2])
    again, _ = sync()
    assert [one == other for one, other in zip(found, again, strict=True)] == [True, True, False, True, True]
    assert client().get_run(again[2]).data.metrics == client().get_run(found[2]).data.metrics


def test_a_deleted_experiment_is_restored(mirrored: Path) -> None:
    found, _ = sync()
    client().delete_experiment(client().get_experiment_by_name(names().experiment).experiment_id)
    again, _ = sync()
    assert client().get_experiment_by_name(names().experiment).lifecycle_stage == "active"
    assert len(again) == len(found)
