"""MLflow must show what the files say, once, in words and numbers that can be compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huelab import paths
from tests.tracking.seen import artifacts, client, runs, sync
from tests.tracking.stages import DATA, PHOTOGRAPHS, SCORES, compare, evaluate, train


def place(name: str) -> int:
    """Where `sync` names a colorizer."""
    return list(SCORES).index(name)


def test_every_model_is_mirrored_once_with_params_curves_and_scores(trained: Path) -> None:
    found, said = sync()
    again, _ = sync()

    assert again == found
    assert len(set(found)) == len(SCORES)
    assert said[0] == "5 colorizers mirrored, 5 of them new"
    mlflow = client()
    parents = runs(f"tags.`huelab.comparison` = '{DATA}'")
    assert len(runs()) == len(SCORES) + 1
    run = mlflow.get_run(found[place("beta")])
    assert run.info.status == "FINISHED"
    assert run.info.end_time - run.info.start_time == 12_500  # the pages' column Duration is the training's
    assert run.data.params["colorizer.width"] == "0.125"
    assert run.data.params["train.seed"] == "0"
    assert run.data.params["device"] == "cpu"
    assert run.data.metrics["test_ciede2000"] == 12.0
    assert run.data.metrics["test_ciede2000_low"] == 11.5
    assert run.data.metrics["test_ciede2000_high"] == 12.5
    assert run.data.metrics["test_ciede2000_median"] == 11.9
    assert run.data.metrics["test_delta_colorfulness"] == 1.5
    assert run.data.metrics["versus_best/ciede2000"] == 1.0
    assert run.data.metrics["versus_gray/ciede2000_high"] == -7.5
    assert run.data.metrics["seconds"] == 12.5
    assert run.data.metrics["rank"] == 2
    curve = mlflow.get_metric_history(run.info.run_id, "val_mse_ab128")
    assert [(point.step, point.value) for point in curve] == [(step, pytest.approx(2 / step)) for step in range(1, 601)]
    assert len(mlflow.get_metric_history(run.info.run_id, "loss_mse")) == 600
    assert run.data.tags["mlflow.parentRunId"] == parents[0].info.run_id
    assert run.inputs.dataset_inputs[0].dataset.digest == DATA
    assert artifacts(run.info.run_id, "gallery") == {"gallery/00.png"}
    assert "leaderboard.md" in artifacts(parents[0].info.run_id)
    assert not (trained / "mlruns").exists()


def test_all_models_have_the_same_metrics_and_say_what_they_are(mirrored: Path) -> None:
    """A chart of MLflow's shows only the runs that have its metric, and a column sorts only those."""
    by_name = {run.data.tags["model"]: run for run in runs("tags.present = 'true'")}
    assert set(by_name) == set(SCORES)
    compared = {
        name: {metric for metric in run.data.metrics if metric.startswith(("test_", "versus_"))}
        for name, run in by_name.items()
        if name != "alpha"  # its scores are of another picture: nothing to be compared with
    }
    assert len(set(map(frozenset, compared.values()))) == 1
    assert "versus_mean/ciede2000_p_holm" in compared["mean"]
    assert by_name["plain"].data.metrics["versus_best/ciede2000"] == 0.0
    assert compared["beta"] - set(by_name["alpha"].data.metrics) == {m for m in compared["beta"] if m[:7] == "versus_"}

    beta, gray, alpha = (by_name[name].data.tags for name in ("beta", "gray", "alpha"))
    assert [tags["kind"] for tags in (beta, gray, alpha)] == ["learned", "floor", "one picture"]
    assert (beta["family"], beta["floor"], beta["budget"], beta["seeds"]) == ("regression", "false", "its own", "0")
    assert (beta["data_hash"], beta["protocol"], beta["experiment"]) == (DATA, "p", "params.yaml")
    assert beta["tied_with_best"] == "false"
    assert by_name["plain"].data.tags["tied_with_best"] == "true"
    assert by_name["alpha"].info.run_name == "alpha (its own picture)"


def test_the_comparison_can_be_read_without_opening_a_file(mirrored: Path) -> None:
    (comparison,) = runs("tags.kind = 'comparison'")
    assert comparison.info.run_name == f"params.yaml: {DATA[:8]}"
    assert comparison.data.tags["mlflow.note.content"] == "| model | ciede2000 |\n"
    assert (comparison.data.tags["best"], comparison.data.tags["sorted_by"]) == ("plain", "ciede2000")
    assert comparison.data.tags["colorizers"] == ", ".join(SCORES)
    assert comparison.data.metrics["smallest_difference/ciede2000"] == 0.8


def test_the_model_card_is_the_description_and_an_artifact(mirrored: Path) -> None:
    before = {run.data.tags["model"]: run for run in runs("tags.kind != 'comparison'")}
    assert before["beta"].data.tags["mlflow.note.content"].startswith("**Wallner beta**: Emil Wallner")
    card = paths.model_card("beta")
    card.parent.mkdir(parents=True)
    card.write_text("# beta\n" + "It guesses colours.\n" * 1000)
    found, _ = sync()
    assert found[place("beta")] == before["beta"].info.run_id
    note = client().get_run(found[place("beta")]).data.tags["mlflow.note.content"]
    assert note.startswith("# beta\nIt guesses colours.\n")
    assert note.endswith("It guesses colours.\n\n… the whole card is the artifact model_card.md.")
    assert "model_card.md" in artifacts(found[place("beta")])
    assert "model_card.md" not in artifacts(found[place("plain")])


def test_scores_by_photograph_open_as_a_table(mirrored: Path, tmp_path: Path) -> None:
    import mlflow

    run = runs("tags.model = 'beta'")[0]
    assert json.loads(run.data.tags["mlflow.loggedArtifacts"]) == [{"path": "scores.json", "type": "table"}]
    file = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/scores.json", dst_path=str(tmp_path))
    table = json.loads(Path(file).read_text())
    assert table["columns"] == ["model", "item_id", "photo_id", "path", "ciede2000", "ssim"]
    assert [row[:2] for row in table["data"]] == [["beta", f"photo-{number}"] for number in range(PHOTOGRAPHS)]
    assert {"scores.parquet", "summary.json", "history.csv"} <= artifacts(run.info.run_id)


def test_only_changed_results_make_a_new_run(mirrored: Path) -> None:
    first, _ = sync()
    train("beta", seed=1)
    second, said = sync()

    assert said[0] == "5 colorizers mirrored, 1 of them new"
    assert [one == other for one, other in zip(first, second, strict=True)] == [name != "beta" for name in SCORES]
    both = {run.info.run_id: run.data.tags["present"] for run in runs("tags.model = 'beta'")}
    assert both == {first[place("beta")]: "false", second[place("beta")]: "true"}  # two results of one name are told apart

    train("beta", seed=0)  # DVC restored the former weights: the former run stands for them again
    third, _ = sync()
    assert third == first
    assert [run.info.run_id for run in runs("tags.model = 'beta' and tags.present = 'true'")] == [first[place("beta")]]


def test_an_experiment_has_a_comparison_of_its_own(mirrored: Path) -> None:
    """`huelab experiment losses` leaves floors that params.yaml has too: both comparisons need theirs."""
    import hashlib

    first, _ = sync()
    file = paths.params_file()
    file.write_text(file.read_text() + "# as an experiment leaves it\n")
    note = paths.experiment_note(hashlib.sha256(file.read_bytes()).hexdigest()[:16])
    note.parent.mkdir(parents=True)
    note.write_text(json.dumps({"experiment": "losses", "before": ""}))
    second, said = sync()

    assert said[0] == "5 colorizers mirrored, 5 of them new"
    assert not set(first) & set(second)
    parents = {run.info.run_name: run.info.run_id for run in runs("tags.kind = 'comparison'")}
    assert set(parents) == {f"params.yaml: {DATA[:8]}", f"losses: {DATA[:8]}"}
    losses = runs("tags.experiment = 'losses' and tags.present = 'true' and tags.kind != 'comparison'")
    assert {run.info.run_id for run in losses} == set(second)
    assert {run.data.tags["mlflow.parentRunId"] for run in losses} == {parents[f"losses: {DATA[:8]}"]}
    assert len(runs("tags.experiment = 'params.yaml' and tags.present = 'true'")) == len(SCORES)


def test_results_of_other_photographs_do_not_get_this_leaderboard(mirrored: Path) -> None:
    """params.yaml lists a colorizer whose stages failed on the new photographs: what is there of it is of the former ones."""
    evaluate("beta", 9.0, data="fedcba987654")
    sync()
    found = {run.data.tags["data_hash"]: run for run in runs("tags.kind = 'comparison'")}
    assert found["fedcba987654"].data.tags["colorizers"] == "beta"
    assert "best" not in found["fedcba987654"].data.tags
    assert artifacts(found["fedcba987654"].info.run_id) == set()
    assert "leaderboard.md" in artifacts(found[DATA].info.run_id)


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
    metrics = client().get_run(found[place("beta")]).data.metrics
    assert metrics["test_ciede2000"] == 9.0
    assert "test_ciede2000_low" not in metrics
    assert "versus_best/ciede2000" not in metrics


def test_damaged_results_are_named_and_the_others_mirrored(mirrored: Path) -> None:
    (paths.scores("beta") / "summary.json").write_text('{"model": "be')
    found, said = sync()
    assert len(found) == len(SCORES) - 1
    assert said[0].startswith("beta left out:")
    assert "summary.json cannot be read" in said[0]


def test_numbers_that_are_not_finite_are_said_and_not_mirrored(trained: Path) -> None:
    """PostgreSQL and SQLite store NaN differently, and MLflow's pages sort it among the best."""
    file = paths.scores("beta") / "summary.json"
    summary = json.loads(file.read_text())
    file.write_text(json.dumps({**summary, "set_level": {"delta_colorfulness": None}, "excluded": {"delta_colorfulness": 2}}))
    history = paths.model("beta") / "history.csv"
    history.write_text(history.read_text() + "601,60,nan,inf\n")
    found, said = sync()
    assert said[0] == "beta: no finite number, so not in MLflow: test_delta_colorfulness, 2 points of its curves"
    run = client().get_run(found[place("beta")])
    assert "test_delta_colorfulness" not in run.data.metrics
    assert run.data.metrics["excluded_scores"] == 2
    assert max(point.step for point in client().get_metric_history(run.info.run_id, "loss_mse")) == 600


def test_nothing_trained_is_said_and_makes_no_database(project: Path) -> None:
    assert sync() == ([], ["nothing to mirror: no colorizer is trained and evaluated yet (make run)"])
    assert not paths.tracking_database().exists()
