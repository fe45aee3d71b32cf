"""The stage pretrain: the user's folder names become a classifier that knows its subjects in gray too, or a message says why not."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image

from huelab import params, paths
from huelab.backbones import load, resolve
from huelab.color.lab import rgb_to_lab
from huelab.data.augment import Policy
from huelab.data.standardize import standardize
from huelab.data.store import Store
from huelab.data.table import inspect
from huelab.errors import DataError
from huelab.training.pretrain import pretrain, taught
from pipelines import pretrain as stage
from tests.conftest import ROOT


def photograph(kind: str, seed: int) -> np.ndarray:
    """A disc or stripes, anywhere, in any colours: what it is shows in its shape alone."""
    rng = np.random.default_rng([seed, len(kind)])
    y, x = np.mgrid[0:48, 0:48].astype(np.float32)
    if kind == "discs":
        shape = (x - rng.uniform(16, 32)) ** 2 + (y - rng.uniform(16, 32)) ** 2 < rng.uniform(8, 14) ** 2
    else:
        angle = rng.uniform(0, np.pi)
        shape = np.sin((x * np.cos(angle) + y * np.sin(angle)) / rng.uniform(1.2, 2.0)) > 0
    light, dark = np.array([220, 190, 160]) + rng.integers(-30, 30, 3), np.array([40, 60, 90]) + rng.integers(-30, 30, 3)
    picture = np.where(shape[..., None], light, dark) + rng.normal(0, 6, (48, 48, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def prepare(root: Path, counts: dict[str, int]) -> None:
    """work/store and work/augment of so many photographs per folder ("" for none) in 32 px."""
    for kind, count in counts.items():
        for seed in range(count):
            file = root / "data" / kind / f"{kind or 'loose'}-{seed:03d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(photograph(kind, seed)).save(file)
    settings = params.load(
        root / "params.yaml", {"standardize.size": 32, "split.by": "photo", "inspect.near_duplicate_bits": 0, "standardize.workers": 1}
    )
    table = inspect(root / "data", settings.inspect, settings.split, cache=root / "var" / "cache", workers=1)
    standardize(table, root / "data", out=paths.store(), standard=settings.standardize, split=settings.split, max_pixels=10**8)
    paths.augmentation().mkdir(parents=True)
    Policy.from_params(settings.augment).save(paths.augmentation_policy())


def configured(**pretrain: Any) -> params.Params:
    file = paths.params_file()
    tree = yaml.safe_load(file.read_text())
    tree["pretrain"] = {"batch": 32, "lr": 3e-3, "width": 0.25, **pretrain}
    tree["train"] |= {"threads": 1, "device": "cpu", "precision": "32-true"}
    file.write_text(yaml.safe_dump(tree))
    return params.load()


def contents(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_it_learns_to_tell_subjects_apart_in_colour_and_in_gray(project: Path) -> None:
    """What fusion and koala get from `backbone: self` is only as good as this."""
    prepare(project, {"discs": 60, "stripes": 60})
    settings = configured(steps=40)
    folder = pretrain(settings)
    assert folder == paths.pretrain()
    first = contents(folder)
    assert sorted(first) == ["card.json", "history.csv", "weights.safetensors"]
    card = json.loads((folder / "card.json").read_text())
    assert card["classes"] == ["discs", "stripes"]
    assert card["chance"] < 0.7
    assert card["accuracy"] > 0.85
    assert card["accuracy_gray"] > 0.85
    assert card["data_hash"] == Store.open(paths.store()).meta["data_hash"]
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(4, 41, 4))
    assert float(rows[-1]["cross_entropy"]) < float(rows[0]["cross_entropy"])

    # what a colorizer sees through it is what the stage measured
    source = resolve("self", "auto", "", key="colorizers.fusion")
    assert source.words == "backbone: self (2 classes: discs, stripes)"
    backbone = load(source)
    shown = [(kind, seed) for kind in card["classes"] for seed in range(900, 920)]
    L = torch.from_numpy(np.stack([rgb_to_lab(photograph(kind, seed))[..., 0] for kind, seed in shown]))[:, None]
    named = [card["classes"][place] for place in backbone.logits(L).argmax(1).tolist()]
    assert np.mean([name == kind for name, (kind, _) in zip(named, shown, strict=True)]) > 0.85

    assert pretrain(settings) == folder
    assert contents(folder) == first, "the same run must give the same bytes"


def test_a_classifier_that_only_guesses_is_called_out(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its class vectors would say nothing, and the tables would still name a classifier."""
    prepare(project, {"discs": 30, "stripes": 30})
    configured(steps=1)
    stage.main()
    assert "no better than guessing: raise pretrain.steps" in capsys.readouterr().out
    configured(steps=40)
    stage.main()
    assert "no better than guessing" not in capsys.readouterr().out


def test_without_steps_it_only_says_that_it_is_off(project: Path) -> None:
    """A stage must write its output, and needs no photographs for that."""
    assert pretrain(configured(steps=0)) is None
    assert json.loads((paths.pretrain() / "card.json").read_text()) == {"off": True}
    assert len(contents(paths.pretrain())) == 1


def test_photographs_without_folders_are_refused_saying_what_a_label_is(project: Path) -> None:
    prepare(project, {"": 40})
    with pytest.raises(DataError, match=r"no labels to learn: a photograph's label is the first folder it lies in"):
        pretrain(configured(steps=1))
    assert not paths.pretrain().exists()


def test_a_folder_with_one_photograph_is_named(project: Path) -> None:
    prepare(project, {"discs": 40, "stripes": 1})
    with pytest.raises(DataError, match="The folder stripes holds one photograph: a class needs several"):
        pretrain(configured(steps=1))


def test_a_single_folder_is_refused(project: Path) -> None:
    prepare(project, {"discs": 40})
    with pytest.raises(DataError, match="lie in the folder discs: there is nothing to tell apart"):
        pretrain(configured(steps=1))


def test_photographs_beside_the_folders_are_left_out_not_called_a_class(project: Path) -> None:
    prepare(project, {"discs": 30, "stripes": 30, "": 10})
    names, labels = taught(Store.open(paths.store()))
    assert names == ("discs", "stripes")
    assert int((labels == -1).sum()) == 10
    assert pretrain(configured(steps=2, batch=8)) is not None


def test_validation_without_labels_is_refused(project: Path) -> None:
    prepare(project, {"discs": 30, "stripes": 30})
    store = Store.open(paths.store())
    items: pd.DataFrame = store.items.copy()
    items.loc[items["split"] == "val", "label"] = ""
    with pytest.raises(DataError, match="validation split"):
        taught(Store(store.folder, store.meta, items))


def test_ctrl_c_ends_it_cleanly_and_keeps_what_was_there(project: Path) -> None:
    """Half-trained weights in work/pretrain would be taken for a classifier."""
    prepare(project, {"discs": 30, "stripes": 30})
    assert pretrain(configured(steps=0)) is None
    before = contents(paths.pretrain())
    configured(steps=100000, batch=8)
    environment = {**os.environ, "HUELAB_ROOT": str(project), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-W", "ignore", "-m", "pipelines.pretrain"]
    process = subprocess.Popen(command, env=environment, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "2 classes" in process.stdout.readline()
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "SIGINT: pretrain stopped after step" in errors
    assert "Traceback" not in errors
    assert contents(paths.pretrain()) == before
