"""The MLflow mirror must show what the files say, once, and its champion must colour any picture wherever the project lies."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from huelab import models, paths
from huelab.errors import HuelabError, ParamsError
from huelab.models.saved import save
from huelab.params import Registry
from huelab.tracking.registry import Standing, decide

DATA = "0123456789ab"
SCORES = {"gray": 20.0, "mean": 18.0, "beta": 12.0, "plain": 11.0, "alpha": 5.0}


@pytest.fixture
def trained(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as the stages leave it: two floors, two learned colorizers, one of one picture; scored and compared."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    text = (project / "params.yaml").read_text()
    listed = "models: [" + ", ".join(SCORES) + "]\n"
    start, end = text.index("models:"), text.index("inspect:")
    (project / "params.yaml").write_text(text[:start] + listed + text[end:])
    for name, score in SCORES.items():
        train(name)
        evaluate(name, score)
    compare(SCORES)
    return project


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first mirrored project is kept: making a database and registering models takes seconds."""
    return tmp_path_factory.mktemp("mirrored") / "project"


@pytest.fixture
def mirrored(trained: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project mirrored before, here as a copy: a copied project's database must follow it, like a moved one's."""
    if not template.exists():
        sync()
        shutil.copytree(trained, template)
    else:
        shutil.rmtree(trained)
        shutil.copytree(template, trained)
        monkeypatch.chdir(trained)  # the folder that was the current one is gone
    return trained


def train(name: str, *, seed: int = 0) -> None:
    """What stage train@NAME leaves: here untrained weights, for what they are worth is not at stake."""
    folder = paths.model(name)
    shutil.rmtree(folder, ignore_errors=True)
    state = None
    params: dict[str, Any] = {}
    if name not in models.FLOORS:
        import torch

        torch.manual_seed(seed)
        module = models.module(name)
        section = module.Params(width=0.125)
        params = section.model_dump(mode="json")
        state = module.build(section, size=64).state_dict()
    card = {
        "name": name,
        "params": params,
        "train": {"seed": seed, "clip_norm": 1.0},
        "data_hash": DATA,
        "split_by": "region",
        "protocol": "disjoint regions of 8 photographs",
        "size": 64,
        "parameters": 123,
        "steps": 40,
        "best_step": 30,
        "one_picture": "00" if name == "alpha" else "",
    }
    save(folder, card, state)
    if state:
        with (folder / "history.csv").open("w", newline="") as stream:
            rows = csv.writer(stream, lineterminator="\n")
            rows.writerow(["step", "epoch", "mse", "val_mse_ab128"])
            rows.writerows([[step, step // 10, 1 / step, 2 / step] for step in range(1, 601)])
    paths.timing(name).parent.mkdir(parents=True, exist_ok=True)
    paths.timing(name).write_text(json.dumps({"seconds": 12.5, "images_per_second": 99.0, "device": "cpu", "threads": 2}))


def evaluate(name: str, score: float, *, data: str = DATA) -> None:
    """What stage evaluate@NAME leaves."""
    folder = paths.scores(name)
    (folder / "pictures" / "gallery").mkdir(parents=True, exist_ok=True)
    card = json.loads((paths.model(name) / "card.json").read_text())
    card["data_hash"] = data
    (paths.model(name) / "card.json").write_text(json.dumps(card, indent=2, sort_keys=True) + "\n")
    values = [score - 1, score + 1]
    pd.DataFrame({"model": name, "item_id": ["x", "y"], "ciede2000": values}).to_parquet(folder / "scores.parquet")
    summary = {"model": name, "n_items": 2, "n_photos": 2, "split_by": "region", "protocol": "p", "data_hash": data}
    (folder / "summary.json").write_text(json.dumps({**summary, "means": {"ciede2000": score}, "set_level": {"delta_colorfulness": 1.5}}))
    import cv2

    cv2.imwrite(str(folder / "pictures" / "gallery" / "00.png"), np.zeros((8, 8, 3), np.uint8))


def compare(scores: dict[str, float], *, spread: float = 0.5, data: str = DATA) -> None:
    """What stage compare leaves."""
    paths.reports().mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "model": name,
            "one_picture": "00" if name == "alpha" else "",
            "scores": {"ciede2000": {"mean": value, "low": value - spread, "high": value + spread}},
        }
        for name, value in sorted(scores.items(), key=lambda item: item[1])
    ]
    (paths.reports() / "leaderboard.json").write_text(json.dumps({"rows": rows, "sort": "ciede2000", "data_hash": data}))
    (paths.reports() / "leaderboard.md").write_text("| model | ciede2000 |\n")


def sync() -> tuple[list[str], list[str]]:
    from huelab import tracking

    said: list[str] = []
    return tracking.sync(say=said.append), said


def client() -> Any:
    import mlflow

    from huelab import tracking

    return mlflow.MlflowClient(tracking.uri())


def load(uri: str) -> Any:
    import mlflow

    path = list(sys.path)
    try:
        return mlflow.pyfunc.load_model(uri)
    finally:
        sys.path[:] = path  # the stored copy of the package goes first there


def test_every_model_is_mirrored_once_with_params_curves_and_scores(trained: Path) -> None:
    runs, said = sync()
    again, _ = sync()

    assert again == runs
    assert len(set(runs)) == len(SCORES)
    assert said[0] == "5 colorizers mirrored, 5 of them new"
    mlflow = client()
    experiment = mlflow.get_experiment_by_name("huelab")
    parents = mlflow.search_runs([experiment.experiment_id], f"tags.`huelab.comparison` = '{DATA}'")
    assert len(mlflow.search_runs([experiment.experiment_id])) == len(SCORES) + 1
    run = mlflow.get_run(runs[list(SCORES).index("beta")])
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
    runs, _ = sync()
    metrics = client().get_run(runs[list(SCORES).index("beta")]).data.metrics
    assert metrics["test_ciede2000"] == 9.0
    assert "test_ciede2000_low" not in metrics


def test_the_champion_colours_any_size_and_number_of_pictures(mirrored: Path) -> None:
    record = json.loads(paths.champion().read_text())
    assert (record["model"], record["why"]) == ("plain", "the first champion: ciede2000 11, best of 2")
    sync()
    aliases = client().get_registered_model("huelab-colorizer").aliases
    assert {key: str(value) for key, value in aliases.items()} == {"champion": "2", "challenger": "1"}
    served = load("models:/huelab-colorizer@champion")
    from huelab.models.saved import Saved

    colorizer = Saved.open(paths.model("plain")).colorizer()
    import torch

    for shape in ((1, 1, 64, 64), (3, 1, 37, 90)):
        L = np.random.default_rng(0).uniform(0, 100, shape).astype(np.float32)
        ab = served.predict(L)
        with torch.inference_mode():
            expected = colorizer(torch.from_numpy(L)).numpy()
        assert ab.dtype == np.float32
        np.testing.assert_allclose(ab, expected, atol=1e-4)


def test_floors_and_models_of_one_picture_are_never_registered(mirrored: Path) -> None:
    """alpha scores best of all here, on the one picture it memorised."""
    sync()
    versions = client().search_model_versions("name = 'huelab-colorizer'")
    assert {version.tags["huelab.model"] for version in versions} == {"beta", "plain"}


def test_the_champion_outlives_the_model_it_was_copied_from(mirrored: Path) -> None:
    from huelab.colorize import choose
    from huelab.models.saved import Saved

    sync()
    shutil.rmtree(paths.model("plain"))
    folder = choose.resolve("champion")
    assert folder.is_relative_to(paths.var())
    Saved.open(folder).colorizer()
    record = json.loads(paths.champion().read_text())
    assert not Path(record["folder"]).is_absolute()
    assert record["model"] == "plain"


def test_a_better_challenger_takes_over_and_the_record_says_why(mirrored: Path) -> None:
    sync()
    train("beta", seed=1)
    evaluate("beta", 10.0)
    compare({**SCORES, "beta": 10.0})
    _, said = sync()

    record = json.loads(paths.champion().read_text())
    assert (record["model"], record["version"]) == ("beta", 3)
    assert record["why"] == "beta's ciede2000 10 against plain's 11 is a gain of 1, more than 0"
    assert said[-1].startswith("champion is now beta (version 3)")


def test_a_lost_champion_copy_is_fetched_from_the_registry(mirrored: Path) -> None:
    sync()
    shutil.rmtree(paths.var() / "champion")
    paths.champion().write_text("{ half written")
    sync()
    record = json.loads(paths.champion().read_text())
    assert (paths.root() / record["folder"] / "weights.safetensors").is_file()


RULE = Registry()
STANDING = Standing(1, "zhang", DATA, 10.0)


@pytest.mark.parametrize(
    ("gain", "least", "champion"),
    [(1.0, 0.0, 2), (1.0, 1.0, 1), (1.0, 0.5, 2), (0.0, 0.0, 1), (-1.0, 0.0, 1)],
)
def test_a_champion_falls_only_to_more_than_the_least_improvement(gain: float, least: float, champion: int) -> None:
    for metric, sign in (("ciede2000", -1), ("ssim", 1)):
        rule = RULE.model_copy(update={"metric": metric, "min_improvement": least})
        challenger = Standing(2, "plain", DATA, 10.0 + sign * gain)
        assert decide(STANDING, [challenger], rule).champion == champion
        assert decide(STANDING, [challenger], rule).challenger == (2 if champion == 1 else None)


def test_scores_on_other_photographs_are_not_compared() -> None:
    challenger = Standing(2, "plain", "another", 99.0)
    assert decide(STANDING, [challenger], RULE).champion == 2
    assert "photographs changed" in decide(STANDING, [challenger], RULE).why
    kept = decide(STANDING, [challenger], RULE.model_copy(update={"new_data": "keep"}))
    assert (kept.champion, kept.challenger) == (1, 2)


def test_a_metric_without_a_better_end_cannot_choose_a_champion() -> None:
    with pytest.raises(ParamsError, match=r"registry\.metric is 'colorfulness'"):
        decide(None, [STANDING], RULE.model_copy(update={"metric": "colorfulness"}))


def test_a_moved_project_still_finds_its_models_and_pictures(mirrored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, _ = sync()
    moved = tmp_path / "elsewhere" / "project"
    moved.parent.mkdir()
    mirrored.rename(moved)
    monkeypatch.setenv("HUELAB_ROOT", str(moved))
    monkeypatch.chdir(moved)

    again, said = sync()
    assert again == runs
    assert said[0] == "5 colorizers mirrored, 0 of them new"
    assert load("models:/huelab-colorizer@champion").predict(np.zeros((1, 1, 16, 16), np.float32)).shape == (1, 2, 16, 16)
    assert client().list_artifacts(runs[0], "gallery")
    old = str(mirrored).encode()
    assert old not in (moved / "var" / "mlflow.db").read_bytes().replace(f"{mirrored}/mlruns".encode(), b"")


def test_a_run_whose_process_was_killed_is_marked_and_written_again(mirrored: Path) -> None:
    runs, _ = sync()
    with sqlite3.connect(paths.tracking_database()) as database:  # as kill -9 half way through the mirroring of beta leaves it
        database.execute("UPDATE runs SET status = 'RUNNING' WHERE run_uuid = ?", (runs[2],))
        database.execute("UPDATE tags SET value = '999999999' WHERE key = 'huelab.pid' AND run_uuid = ?", (runs[2],))
    database.close()
    again, said = sync()
    assert said[0].startswith("marked 1 run(s) as killed")
    assert client().get_run(runs[2]).info.status == "KILLED"
    assert again[2] != runs[2]


def test_a_corrupt_database_is_named_with_the_way_out(trained: Path) -> None:
    paths.tracking_database().parent.mkdir(parents=True, exist_ok=True)
    paths.tracking_database().write_bytes(b"this is no database" * 100)
    with pytest.raises(HuelabError, match=r"mlflow\.db cannot be used .*move it away .*huelab track sync"):
        sync()
    paths.tracking_database().rename(paths.tracking_database().with_suffix(".broken"))
    assert len(sync()[0]) == len(SCORES)


def test_a_locked_database_is_named(mirrored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huelab.tracking import database

    sync()
    monkeypatch.setattr(database, "_LOCK_SECONDS", 0.2)
    holder = sqlite3.connect(paths.tracking_database(), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(HuelabError, match=r"mlflow\.db is locked by another program"):
            sync()
    finally:
        holder.close()


def test_damaged_results_are_named_and_the_others_mirrored(mirrored: Path) -> None:
    (paths.scores("beta") / "summary.json").write_text('{"model": "be')
    runs, said = sync()
    assert len(runs) == len(SCORES) - 1
    assert said[0].startswith("beta left out:")
    assert "summary.json cannot be read" in said[0]


def test_nothing_trained_is_said_and_makes_no_database(project: Path) -> None:
    assert sync() == ([], ["nothing to mirror: no colorizer is trained and evaluated yet (make run)"])
    assert not paths.tracking_database().exists()


@pytest.mark.slow
def test_processes_that_start_together_make_one_database(trained: Path) -> None:
    """On a new database MLflow's own migrations collide (`duplicate column name`)."""
    code = "from huelab import tracking; print(len(tracking.sync(say=lambda line: None)))"
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=300)[0].strip() for process in processes] == ["5", "5", "5"]
    experiment = client().get_experiment_by_name("huelab")
    assert len(client().search_runs([experiment.experiment_id])) == len(SCORES) + 1


@pytest.mark.slow
def test_the_stored_model_works_where_huelab_is_not_installed(mirrored: Path, tmp_path: Path) -> None:
    """An archive that serves the champion has the packages of requirements.txt, not this project."""
    sync()
    import mlflow

    stored = Path(mlflow.artifacts.download_artifacts("models:/huelab-colorizer@champion", dst_path=str(tmp_path / "stored")))
    shutil.rmtree(mirrored)
    code = (
        "import sys; sys.meta_path = [finder for finder in sys.meta_path if 'editable' not in str(finder)]\n"
        "sys.path = [entry for entry in sys.path if entry and not entry.endswith('/src')]\n"
        "import numpy, mlflow\n"
        f"model = mlflow.pyfunc.load_model({str(stored)!r})\n"
        "print(model.predict(numpy.zeros((2, 1, 20, 30), numpy.float32)).shape, sys.modules['huelab'].__file__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "(2, 2, 20, 30)" in done.stdout
    assert str(stored) in done.stdout
