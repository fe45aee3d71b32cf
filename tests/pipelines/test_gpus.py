"""Two GPUs get two models: each stage that runs beside another sees a GPU of its own, and where there is one GPU or none nothing changes.

The stages are real children of a real DVC; what `nvidia-smi -L` answers comes from a script, since few machines have two GPUs.
"""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from huelab import tether
from pipelines import gpus, stage_graph
from pipelines.stage_run import Stages

TWO = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-11111111-aaaa)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-22222222-bbbb)
"""
DIVIDED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-11111111-aaaa)
  MIG 3g.20gb     Device  0: (UUID: MIG-33333333-cccc)
  MIG 3g.20gb     Device  1: (UUID: MIG-44444444-dddd)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-22222222-bbbb)
"""

DVC_YAML = """\
stages:
  train:
    matrix:
      model: [a, b]
    cmd: python step.py ${item.model}
    outs: ["work/${item.model}"]
"""
# a stage waits until the other has started too, so that both are at work at once
STEP = """\
import os, pathlib, sys, time
pathlib.Path("started", sys.argv[1]).touch()
until = time.monotonic() + 60
while len(os.listdir("started")) < 2 and time.monotonic() < until:
    time.sleep(0.02)
assert len(os.listdir("started")) == 2, "the stages did not run side by side"
pathlib.Path("work").mkdir(exist_ok=True)
pathlib.Path("work", sys.argv[1]).write_text("done")
print("sees", os.environ.get("CUDA_VISIBLE_DEVICES", "all"))
"""


def nvidia_smi(folder: Path, answer: str, monkeypatch: pytest.MonkeyPatch, *, code: int = 0) -> None:
    folder.mkdir()
    script = folder / "nvidia-smi"
    script.write_text(f"#!/bin/sh\n[ \"$1\" = -L ] || exit 9\ncat <<'END'\n{answer}END\nexit {code}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(gpus.VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (TWO, ("GPU-11111111-aaaa", "GPU-22222222-bbbb")),
        (DIVIDED, ("MIG-33333333-cccc", "MIG-44444444-dddd", "GPU-22222222-bbbb")),
        ("No devices found.\n", ()),
    ],
    ids=["two", "divided", "none"],
)
def test_gpus_are_those_the_driver_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, found: tuple[str, ...]) -> None:
    nvidia_smi(tmp_path / "bin", answer, monkeypatch)
    assert gpus.visible() == found


def test_a_driver_that_fails_is_a_machine_without_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvidia_smi(tmp_path / "bin", "NVIDIA-SMI has failed\n", monkeypatch, code=9)
    assert gpus.visible() == ()


@pytest.mark.parametrize(("chosen", "found"), [("3,1", ("3", "1")), ("", ()), ("-1", ()), ("2, -1, 0", ("2",)), ("GPU-x", ("GPU-x",))])
def test_gpus_that_the_user_chose_are_the_only_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str, found: tuple[str, ...]
) -> None:
    """On a shared machine the others belong to somebody else."""
    nvidia_smi(tmp_path / "bin", TWO, monkeypatch)
    monkeypatch.setenv(gpus.VARIABLE, chosen)
    assert gpus.visible() == found


def test_a_third_stage_shares_the_gpu_that_fewest_use() -> None:
    pool = gpus.Pool(["x", "y"])
    with pool.one() as first, pool.one() as second:
        assert {first[gpus.VARIABLE], second[gpus.VARIABLE]} == {"x", "y"}
        with pool.one() as third:
            assert third in (first, second)
    with pool.one() as first, pool.one() as second:
        assert first != second, "a GPU that was given back is lent again"


@pytest.mark.parametrize("listed", [(), ("x",)])
def test_with_one_gpu_or_none_a_stages_environment_stays_as_it_was(listed: tuple[str, ...]) -> None:
    with gpus.Pool(listed).one() as place:
        assert place == {}


@pytest.fixture
def two_trainings(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of DVC with two stages that are done only when they ran side by side."""
    (project / "dvc.yaml").write_text(DVC_YAML)
    (project / "step.py").write_text(STEP)
    (project / "started").mkdir()
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(project / "site"))
    subprocess.run([*stage_graph.DVC, "init", "--no-scm", "--quiet"], env=tether.environment(), check=True)
    return project


def train_both(stages: Stages) -> dict[str, str]:
    """Runs both stages at once, as the flow does; what each said last."""
    said: dict[str, list[str]] = {"train@a": [], "train@b": []}

    def train(name: str) -> None:
        with stages.turn() as place:
            stages.repro(name, say=said[name].append, log=str, place=place)

    threads = [threading.Thread(target=train, args=(name,)) for name in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: lines[-1] for name, lines in said.items()}


@pytest.mark.parametrize(
    ("answer", "chosen", "seen"),
    [
        (TWO, None, {"sees GPU-11111111-aaaa", "sees GPU-22222222-bbbb"}),
        (TWO, "7,5", {"sees 7", "sees 5"}),
        ("No devices found.\n", None, {"sees all"}),
    ],
    ids=["two-gpus", "two-chosen", "none"],
)
def test_stages_side_by_side_see_a_gpu_each(
    two_trainings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, chosen: str | None, seen: set[str]
) -> None:
    """Both trainings on the first GPU, and the second idle, is what happens otherwise."""
    nvidia_smi(tmp_path / "bin", answer, monkeypatch)
    if chosen is not None:
        monkeypatch.setenv(gpus.VARIABLE, chosen)
    assert set(train_both(Stages(2)).values()) == seen
