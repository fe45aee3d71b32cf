"""What many tests share: the starter photographs, an own project folder, and no network."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import huelab  # noqa: F401  (installs the torchvision finder and the telemetry switches before anything else is imported)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def samples() -> Path:
    """The starter photographs that ship with the project."""
    return ROOT / "samples"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project of its own: params.yaml and dvc.yaml of the real one, no data, HUELAB_ROOT and the current folder set to it."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root / name)
    monkeypatch.setenv("HUELAB_ROOT", str(root))
    monkeypatch.chdir(root)
    return root
