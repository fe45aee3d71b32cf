"""What many tests share: the starter photographs, an own project folder, and no network."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

import huelab  # noqa: F401  (installs the torchvision finder and the telemetry switches before anything else is imported)

ROOT = Path(__file__).resolve().parents[1]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell's background job (`make test &`) ignores Ctrl-C, and so would every process whose Ctrl-C a test tries
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
