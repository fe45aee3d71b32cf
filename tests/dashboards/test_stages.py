"""The Overview must say truly what is done, missing, running or outdated, whatever state a run has left the files in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from dashboards import stages
from huelab import params, paths, run_lock


def states(wanted: str = "") -> dict[str, str]:
    return {stage.name: stage.state for stage in stages.survey(params.load()) if wanted in stage.name}


def finish(stage: stages.Stage) -> None:
    for proof in stage.proofs:
        proof.parent.mkdir(parents=True, exist_ok=True)
        proof.write_text("x")


def lock_outputs(root: Path, folder: Path, pid: int) -> None:
    file = root / ".dvc" / "tmp" / "rwlock"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"write": {str(folder): {"pid": pid, "cmd": "dvc repro"}}, "read": {}}))


def ended_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_an_empty_project_has_every_stage_missing(project: Path) -> None:
    found = states()
    assert set(found.values()) == {"missing"}
    assert list(found)[:3] == ["inspect", "standardize", "augment"]
    assert list(found)[-2:] == ["compare", "stimuli"]
    assert {f"{stage}@{name}" for stage in ("train", "evaluate") for name in params.load().models} < set(found)


def test_a_stage_with_half_of_its_files_is_not_done(project: Path) -> None:
    """A killed stage must not look finished."""
    inspect = stages.survey(params.load())[0]
    finish(inspect)
    assert states("inspect") == {"inspect": "done"}
    inspect.proofs[-1].unlink()
    assert states("inspect") == {"inspect": "missing"}


def test_a_stage_that_dvc_writes_right_now_is_running(project: Path) -> None:
    lock_outputs(project, paths.model("beta"), os.getpid())
    assert states("@beta") == {"train@beta": "running", "evaluate@beta": "missing"}


def test_a_lock_left_by_a_killed_run_does_not_look_like_a_run(project: Path) -> None:
    lock_outputs(project, paths.model("beta"), ended_process())
    assert states("train@beta") == {"train@beta": "missing"}
    file = paths.lock("run")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"pid": ended_process(), "host": "h", "since": "2026-01-01 00:00:00", "command": "make run"}))
    assert stages.run_in_progress() is None


def test_a_dvc_lock_file_in_the_middle_of_a_write_is_no_error(project: Path) -> None:
    lock_outputs(project, paths.model("beta"), os.getpid())
    (project / ".dvc" / "tmp" / "rwlock").write_text('{"write": {"/some')
    assert states("train@beta") == {"train@beta": "missing"}


def test_a_run_in_progress_is_named(project: Path) -> None:
    assert stages.run_in_progress() is None
    with run_lock.hold("run"):
        run = stages.run_in_progress()
        assert run is not None
        assert run.pid == os.getpid()
    assert stages.run_in_progress() is None


def test_a_changed_key_makes_just_its_stages_outdated(project: Path) -> None:
    """Whoever edits params.yaml must see which results no longer belong to it."""
    for stage in stages.survey(params.load()):
        finish(stage)
    now = params.load().model_dump(mode="json")
    record = {
        "inspect": {"params": {"params.yaml": {"inspect": now["inspect"], "split": now["split"]}}},
        "standardize": {"params": {"params.yaml": {"inspect.max_pixels": now["inspect"]["max_pixels"], "standardize": now["standardize"]}}},
        "train@beta": {"params": {"params.yaml": {"colorizers.beta": now["colorizers"]["beta"], "train": now["train"]}}},
    }
    (project / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": record}))
    assert set(states().values()) == {"done"}
    tree = yaml.safe_load((project / "params.yaml").read_text())
    tree["standardize"]["size"] = 96
    tree["colorizers"]["beta"] = {**(tree["colorizers"]["beta"] or {}), "steps": 7}
    (project / "params.yaml").write_text(yaml.safe_dump(tree))
    found = stages.survey(params.load())
    assert {stage.name: stage.changed for stage in found if stage.state == "outdated"} == {
        "standardize": ("standardize.size",),
        "train@beta": ("colorizers.beta.steps",),
    }
