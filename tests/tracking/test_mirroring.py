"""MLflow must show what the files say, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from huelab import paths
from tests.tracking.seen import client, runs, sync
from tests.tracking.stages import DATA, SCORES, compare, evaluate, train


def test_every_model_is_mirrored_once_with_params_curves_and_scores(trained: Path) -> None:
    found, said = sync()
    again, _ = sync()

    assert again == found
    assert len(set(found)) == len(SCORES)
    assert said[0] == "5 colorizers mirrored, 5 of them new"
    mlflow = client()
    parents = runs(f"tags.`huelab.comparison` = '{DATA}'")
    assert len(runs()) == len(SCORES) + 1
    run = mlflow.get_run(found[list(SCORES).index("beta")])
    assert run.info.status == "FINISHED"
    assert run.data.params["colorizer.width"] == "0.125"
    assert run.data.params["train.seed"] == "0"
    assert run.data.params["device"] == "cpu"
    assert run.data.metrics["test_ciede2000"] == 12.0
    assert run.data.metrics["test_ciede2000_low"] == 11.5
    assert run.data.metrics["test_ciede2000_high"] == 12.5
    assert run.data.metrics["test_delta_colorfulness"] == 1.5
    assert run.data.metrics["seconds"] == 12.5
    curve = mlflow.get_metric_history(run.info.run_id, "val_mse_ab128")
    assert [(point.step, point.value) for point in curve] == [(step, pytest.approx(2 / step)) for step in range(1, 601)]
    assert len(mlflow.get_metric_history(run.info.run_id, "loss_mse")) == 600
    assert run.data.tags["mlflow.parentRunId"] == parents[0].info.run_id
    assert run.inputs.dataset_inputs[0].dataset.digest == DATA
    assert [file.path for file in mlflow.list_artifacts(run.info.run_id, "gallery")] == ["gallery/00.png"]
    assert "leaderboard.md" in [file.path for file in mlflow.list_artifacts(parents[0].info.run_id)]
    assert not (trained / "mlruns").exists()


def test_only_changed_results_make_a_new_run(mirrored: Path) -> None:
    first, _ = sync()
    train("beta", seed=1)
    second, said = sync()

    assert said[0] == "5 colorizers mirrored, 1 of them new"
    assert [one == other for one, other in zip(first, second, strict=True)] == [name != "beta" for name in SCORES]

    train("beta", seed=0)  # DVC restored the former weights: the former run stands for them again
    third, _ = sync()
    assert third == first


def test_intervals_that_come_later_reach_the_run_that_is_there(trained: Path) -> None:
    (paths.reports() / "leaderboard.json").unlink()
    first, _ = sync()
    assert "test_ciede2000_low" not in client().get_run(first[2]).data.metrics
    compare(SCORES, spread=2.0)
    second, _ = sync()
    assert second == first
    assert client().get_run(first[2]).data.metrics["test_ciede2000_low"] == 10.0


def test_a_leaderboard_of_former_scores_is_not_believed(mirrored: Path) -> None:
    """Stage evaluate ran again and stage compare failed: the interval would be of other weights."""
    evaluate("beta", 9.0)
    found, _ = sync()
    metrics = client().get_run(found[list(SCORES).index("beta")]).data.metrics
    assert metrics["test_ciede2000"] == 9.0
    assert "test_ciede2000_low" not in metrics


def test_damaged_results_are_named_and_the_others_mirrored(mirrored: Path) -> None:
    (paths.scores("beta") / "summary.json").write_text('{"model": "be')
    found, said = sync()
    assert len(found) == len(SCORES) - 1
    assert said[0].startswith("beta left out:")
    assert "summary.json cannot be read" in said[0]


def test_nothing_trained_is_said_and_makes_no_database(project: Path) -> None:
    assert sync() == ([], ["nothing to mirror: no colorizer is trained and evaluated yet (make run)"])
    assert not paths.tracking_database().exists()
