"""The command line as a user meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def huelab(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "huelab.cli", *arguments], cwd=cwd, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("data",),
        ("track",),
        ("data", "use"),
        ("colorize",),
        ("params",),
        ("models",),
        ("experiment",),
        ("promote",),
        ("rollback",),
        ("flow", "refresh"),
        ("flow", "close-survey"),
        ("flow", "serve"),
    ],
)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    done = huelab(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_outside_a_project_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUELAB_ROOT", raising=False)
    done = huelab("params", cwd=tmp_path)
    assert done.returncode == 2
    assert "not inside a huelab project" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_params_file_is_one_message(project: Path) -> None:
    (project / "params.yaml").write_text("models: [gray, grey]\n", encoding="utf-8")
    done = huelab("params", cwd=project)
    assert done.returncode == 2
    assert "params.yaml" in done.stderr
    assert "'grey'" in done.stderr
    assert "did you mean 'gray'" in done.stderr
    assert "Traceback" not in done.stderr


def test_models_lists_what_params_can_name() -> None:
    done = huelab("models")
    assert done.returncode == 0
    for name in ("gray", "alpha", "zhang"):
        assert name in done.stdout


def test_experiments_lists_what_can_be_run_and_on_which_photographs() -> None:
    done = huelab("experiments")
    assert done.returncode == 0
    for file in (ROOT / "experiments").glob("*.yaml"):
        assert f"\n{file.stem}\n    " in f"\n{done.stdout}"
    assert "5,000 of CIFAR-10" in done.stdout


def test_an_unknown_command_is_wrong_use() -> None:
    assert huelab("paint").returncode == 2
