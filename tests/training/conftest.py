"""A small project of its own, from photographs to the store, and a source of generated pictures for the loop alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from huelab import params
from huelab.data.augment import Policy
from huelab.data.standardize import standardize
from huelab.data.table import inspect
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with the store of three starter photographs in 32 px tiles and their augmentation policy."""
    root = tmp_path_factory.mktemp("prepared")
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root / name)
    (root / "data").mkdir()
    for photograph in sorted((ROOT / "samples").glob("*.jpg"))[:3]:
        shutil.copy(photograph, root / "data")
    settings = params.load(root / "params.yaml", {"standardize.size": 32, "split.region_side": 128, "standardize.gallery_side": 64})
    work = root / "work"
    work.mkdir()
    table = inspect(root / "data", settings.inspect, settings.split, cache=root / "var" / "cache", workers=1)
    standardize(table, root / "data", out=work / "store", standard=settings.standardize, split=settings.split, max_pixels=10**8)
    (work / "augment").mkdir()
    Policy.from_params(settings.augment).save(work / "augment" / "policy.json")
    return root


@pytest.fixture
def home(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own copy of the prepared project: HUELAB_ROOT and the current folder."""
    root = tmp_path / "home"
    shutil.copytree(prepared, root)
    monkeypatch.setenv("HUELAB_ROOT", str(root))
    monkeypatch.chdir(root)
    return root


@pytest.fixture(autouse=True)
def _torch_as_before() -> Iterator[None]:
    """Training makes torch deterministic and sets its threads, for the whole process."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(deterministic)
