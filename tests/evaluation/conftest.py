"""A small project, evaluated for real: starter photographs cut into regions, the floors, and two learned colorizers of a few steps."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from huelab import params, paths
from huelab.data import table
from huelab.data.augment import Policy
from huelab.data.standardize import standardize
from huelab.data.store import Store

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("gray", "mean", "shuffled", "alpha", "beta")
SETTINGS = {
    "models": list(MODELS),
    "split.region_side": 128,
    "standardize.size": 32,
    "standardize.gallery": 3,
    "standardize.gallery_side": 64,
    "standardize.workers": 1,
    "evaluate.pictures": 10,
    "compare.draws": 200,
    "compare.rows": 4,
    "train.threads": 1,
    "colorizers.alpha.steps": 20,
    "colorizers.beta.steps": 12,
    "colorizers.beta.width": 0.125,
}


@pytest.fixture(scope="session")
def settings() -> params.Params:
    """The real params.yaml, made small."""
    return params.load(ROOT / "params.yaml", SETTINGS)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, settings: params.Params) -> Path:
    """A project whose colorizers are trained, not evaluated. Do not write into it."""
    from huelab.training.run import train

    root = tmp_path_factory.mktemp("evaluation") / "project"
    shutil.copytree(ROOT / "samples", root / "data", ignore=shutil.ignore_patterns("*.md"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUELAB_ROOT", str(root))
        inspected = table.inspect(paths.data(), settings.inspect, settings.split, cache=paths.cache(), workers=1)
        sizes = settings.standardize
        standardize(
            inspected, paths.data(), out=paths.store(), standard=sizes, split=settings.split, max_pixels=settings.inspect.max_pixels
        )
        paths.augmentation().mkdir(parents=True)
        Policy.from_params(settings.augment).save(paths.augmentation_policy())
        for name in MODELS:
            train(name, settings)
    return root


@pytest.fixture(scope="session")
def scored(trained: Path, settings: params.Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project with every colorizer evaluated. Do not write into it."""
    from huelab.evaluation.score import evaluate
    from huelab.models.saved import Saved

    root = tmp_path_factory.mktemp("scored") / "project"
    shutil.copytree(trained, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUELAB_ROOT", str(root))
        store = Store.open(paths.store())
        for name in MODELS:
            evaluate(Saved.open(paths.model(name)), store, settings.evaluate, out=paths.scores(name), device="cpu")
    return root


@pytest.fixture
def evaluated_project(scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the evaluated project to do anything with; HUELAB_ROOT points there."""
    root = tmp_path / "project"
    shutil.copytree(scored, root)
    monkeypatch.setenv("HUELAB_ROOT", str(root))
    return root
