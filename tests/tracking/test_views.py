"""MLflow's pages must open on a comparison, not on an empty table."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

from tests.tracking.seen import client, names, runs, sync


def views() -> dict[str, dict[str, Any]]:
    tags = client().get_experiment_by_name(names().experiment).tags
    found = {}
    for key, value in tags.items():
        if key.startswith("mlflow.sharedViewState."):
            assert len(value) <= 5000  # of an experiment's tag PostgreSQL keeps no more
            view = json.loads(value)
            found[view["name"]] = json.loads(zlib.decompress(base64.b64decode(view["state"].removeprefix("deflate;"))))
    return found


def test_the_views_show_the_runs_and_numbers_that_are_there(mirrored: Path) -> None:
    found = views()
    learned, floors = found["huelab: learned colorizers"], found["huelab: learned colorizers and floors"]
    assert {run.data.tags["model"] for run in runs(learned["searchFilter"])} == {"beta", "plain"}
    assert {run.data.tags["model"] for run in runs(floors["searchFilter"])} == {"gray", "mean", "beta", "plain"}
    assert (learned["orderByKey"], learned["orderByAsc"]) == ("metrics.`test_ciede2000`", True)
    known = runs("tags.model = 'beta'")[0].data
    columns = [column.partition(".")[2].strip("`") for column in learned["selectedColumns"]]
    assert set(columns) <= set(known.metrics) | set(known.tags)
    sections = {section["uuid"]: section["name"] for section in learned["compareRunSections"]}
    charts = {(sections[chart["metricSectionId"]], chart["type"], chart["metricKey"]) for chart in learned["compareRunCharts"]}
    assert {("Test scores", "BAR", "test_ssim"), ("Curves", "LINE", "val_mse_ab128"), ("Curves", "LINE", "loss_mse")} <= charts
    assert {key for _, _, key in charts} - set(known.metrics) == {"peak_memory"}  # which a CPU's training may not know


def test_a_view_of_ones_own_is_left_alone(mirrored: Path) -> None:
    number = client().get_experiment_by_name(names().experiment).experiment_id
    client().set_experiment_tag(
        number, "mlflow.sharedViewState.1795278212686qbit79vs", '{"name": "mine", "state": "deflate;eJyrrgUAAXUA+Q=="}'
    )
    sync()
    assert "mine" in views()
