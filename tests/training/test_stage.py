"""Stage train as DVC starts it: what it leaves, and what a kill, a Ctrl-C or a mistake costs."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from huelab import params, paths
from huelab.data.store import Store
from huelab.errors import DataError
from huelab.models.saved import Saved
from huelab.training import floor, run
from huelab.training.source import OnePicture
from tests.conftest import ROOT

SMALL: dict[str, dict[str, Any]] = {
    **{floor: {} for floor in ("gray", "mean", "shuffled")},
    "alpha": {"steps": 30},
    "beta": {"width": 0.1, "steps": 160, "batch": 8},
    "plain": {"width": 0.1, "steps": 12, "batch": 8},
    "pix2pix": {"width": 0.05, "steps": 8, "batch": 8},
    "zhang": {"width": 0.1, "steps": 8, "batch": 8, "lr": 1e-3},
}


def configure(root: Path, **train: object) -> None:
    """Small networks, one thread, and checkpoints as often as can be."""
    tree = yaml.safe_load((root / "params.yaml").read_text())
    tree["colorizers"] = SMALL
    tree["train"] = {**tree["train"], "threads": 1, "checkpoint_seconds": 0.2, **train}
    (root / "params.yaml").write_text(yaml.safe_dump(tree))


@pytest.fixture
def small(home: Path) -> Path:
    configure(home)
    return home


def command(name: str) -> list[str]:
    return [sys.executable, "-m", "pipelines.train", name]


def environment(root: Path) -> dict[str, str]:
    return {**os.environ, "HUELAB_ROOT": str(root), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def train(root: Path, name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(name), env=environment(root), cwd=root, capture_output=True, text=True)


def contents(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.mark.parametrize("name", ["alpha", "plain", "pix2pix", "zhang"])
def test_a_stage_leaves_weights_card_and_history(name: str, small: Path) -> None:
    settings = params.load()
    saved = run.train(name, settings)
    store = Store.open(paths.store())
    assert sorted(contents(paths.model(name))) == ["card.json", "history.csv", "weights.safetensors"]
    card = saved.card
    assert card["steps"] == SMALL[name]["steps"]
    assert card["data_hash"] == store.meta["data_hash"]
    assert (card["split_by"], card["protocol"], card["size"]) == ("region", store.meta["protocol"], 32)
    assert card["params"]["steps"] == SMALL[name]["steps"]
    assert card["one_picture"] == (store.gallery()[0].name if name == "alpha" else "")
    with (paths.model(name) / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert min(float(row["val_mse_ab128"]) for row in rows) == card["val_mse_ab128"]
    assert card["best_step"] in {int(row["step"]) for row in rows}
    timing = json.loads(paths.timing(name).read_text())
    assert {"seconds", "images_per_second", "device", "precision", "threads", "peak_memory"} <= timing.keys()
    assert not paths.checkpoints(name).exists(), "a finished run needs no checkpoint"
    colours = Saved.open(paths.model(name)).colorizer()(torch.rand(1, 1, 37, 61) * 100)
    assert colours.shape == (1, 2, 37, 61)


def test_nothing_below_work_tells_when_or_where_it_was_made(small: Path) -> None:
    """Such a file would differ at every repro, and the stages after it would run again."""
    run.train("plain", params.load())
    before = contents(paths.model("plain"))
    shutil.rmtree(paths.model("plain"))
    run.train("plain", params.load())
    assert contents(paths.model("plain")) == before
    text = (paths.model("plain") / "card.json").read_text()
    assert str(small) not in text
    assert not re.search(r"20\d\d-\d\d-\d\d", text)


def test_alpha_memorises_its_picture(small: Path) -> None:
    """The sanity check of the whole machine: one picture, learned until its colours stand."""
    settings = params.load(overrides={"colorizers.alpha.steps": 400})
    saved = run.train("alpha", settings)
    (batch,) = OnePicture(Store.open(paths.store()).gallery()[0].rgb()).validation()
    with torch.no_grad():
        error = (saved.colorizer()(batch.L) - batch.ab).square().mean().item()
    spread = (batch.ab - batch.ab.mean((0, 2, 3), keepdim=True)).square().mean().item()
    assert error < 0.15 * spread, "it should explain most of the picture's colours"
    assert saved.card["val_mse_ab128"] == pytest.approx(error / 128**2, rel=1e-2)


def test_alpha_without_that_picture_says_which_there_are(small: Path) -> None:
    with pytest.raises(DataError, match=r"colorizers\.alpha\.picture is 60, but the gallery holds 3"):
        run.train("alpha", params.load(overrides={"colorizers.alpha.picture": 60}))


@pytest.mark.parametrize("name", ["gray", "mean", "shuffled"])
def test_a_floor_writes_its_card_without_torch(name: str, small: Path) -> None:
    """Three of eight train stages: each would wait seconds for nothing."""
    code = (
        "import sys; from huelab import params; from huelab.training.run import train\n"
        f"train({name!r}, params.load())\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment(small), cwd=small)
    saved = Saved.open(paths.model(name))
    assert saved.floor
    assert list(contents(paths.model(name))) == ["card.json"]
    assert (saved.card["mean_ab"] is not None) == (name == "mean")


def test_the_mean_floor_is_the_mean_of_the_training_pictures_alone(small: Path) -> None:
    from skimage.color import rgb2lab

    store = Store.open(paths.store())
    expected = rgb2lab(store.read(store.indices("train")))[..., 1:].mean((0, 1, 2))
    assert floor.mean_ab(store) == pytest.approx(tuple(expected), abs=2e-3)


@pytest.mark.slow
def test_kill_9_in_the_middle_costs_nothing_but_the_time_since_the_checkpoint(small: Path, tmp_path: Path) -> None:
    """The same weights, history and card as the run nobody disturbed."""
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(small, undisturbed)
    assert train(undisturbed, "beta").returncode == 0

    checkpoint = small / "var" / "checkpoints" / "beta" / "seed-0" / "checkpoint.safetensors"
    running = subprocess.Popen(command("beta"), env=environment(small), cwd=small, stdout=subprocess.DEVNULL)
    for _ in range(3000):
        if checkpoint.exists() or running.poll() is not None:
            break
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL, "it finished before it could be killed: the test proves nothing"
    assert not (small / "work" / "models" / "beta" / "card.json").exists()

    again = train(small, "beta")
    assert again.returncode == 0, again.stderr
    assert "going on after step" in again.stdout
    assert contents(small / "work" / "models" / "beta") == contents(undisturbed / "work" / "models" / "beta")


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_and_says_how_to_go_on(small: Path) -> None:
    configure(small, checkpoint_seconds=1e6)
    running = subprocess.Popen(
        command("beta"), env=environment(small), cwd=small, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "validation" in line:  # it is under way
            running.send_signal(signal.SIGINT)
            break
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "SIGINT: beta stopped after step" in errors
    assert "python -m pipelines.train beta" in errors
    assert "Traceback" not in errors
    assert (small / "var" / "checkpoints" / "beta" / "seed-0" / "checkpoint.safetensors").exists()


def test_an_unknown_colorizer_is_a_wrong_use(small: Path) -> None:
    done = train(small, "gamma")
    assert done.returncode == 2
    assert "choose from gray, mean" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_store_names_the_stage_that_makes_one(small: Path) -> None:
    shutil.rmtree(paths.store())
    done = train(small, "beta")
    assert done.returncode == 1
    assert "dvc repro standardize" in done.stderr
    assert "Traceback" not in done.stderr
