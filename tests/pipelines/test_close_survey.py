"""`huelab flow close-survey`: one command from the last answer to the leaderboard, to MLflow and to the rule; and nothing half done.

The project here is what the stages leave, with a study that was taken; its only stage copies what was published to the leaderboard.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from huelab import paths
from huelab.errors import SurveyError
from huelab.survey import owners, publishing
from huelab.survey.store import Store
from tests.pipelines.test_flows import ROOT, dvc
from tests.survey.asked import asked
from tests.tracking.conftest import blank, store, trained
from tests.tracking.own import own_database
from tests.tracking.stages import SCORES

__all__ = ["blank", "store", "trained"]

DVC_YAML = """\
stages:
  compare:
    cmd: mkdir -p work/reports && cp registry/human.json work/reports/leaderboard.md && echo compared
    deps: [registry/human.json]
    outs: [work/reports]
"""


def weights(name: str) -> str:
    return str(json.loads((paths.model(name) / "card.json").read_text())["weights_sha256"])


def state(version: str) -> str:
    opened = Store.open()
    with opened.read() as session:
        found = owners.find(session, version).state
    opened.close()
    return found


def close_survey(*words: str) -> tuple[int, str, str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "huelab.cli", "flow", "close-survey", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_an_open_study_is_closed_and_published_and_a_second_time_only_published(project: Path, tmp_path: Path) -> None:
    version = asked(tmp_path / "stimuli", {"beta": "b" * 64, "plain": "c" * 64}, fooled_by="plain", count=2)
    opened = Store.open()
    first = publishing.close_and_publish(opened, version, who="owner")
    assert first[0] == f"{version} is closed"
    before = paths.human_results().read_bytes()
    assert publishing.close_and_publish(opened, version, who="owner") == first[1:]
    assert paths.human_results().read_bytes() == before
    opened.close()
    assert state(version) == "closed"


def test_a_simulated_study_is_not_even_closed(project: Path, tmp_path: Path) -> None:
    version = asked(tmp_path / "stimuli", {"beta": "b" * 64, "plain": "c" * 64}, fooled_by="plain", simulated=True, count=1)
    opened = Store.open()
    with pytest.raises(SurveyError, match="programs' answers are never set beside people's"):
        publishing.close_and_publish(opened, version, who="owner")
    opened.close()
    assert state(version) == "live"
    assert not paths.human_results().exists()


@pytest.mark.slow
@pytest.mark.long
@own_database
def test_one_command_takes_a_study_to_leaderboard_mlflow_and_rule(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the temporary server of a run that names none."""
    (trained / "dvc.yaml").write_text(DVC_YAML)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    dvc("init", "--no-scm", "--quiet")
    version = asked(tmp_path / "stimuli", {name: weights(name) for name in ("beta", "plain")}, fooled_by="beta")

    code, out, err = close_survey("nothing")
    assert (code, out) == (1, "")
    assert err == f"error: There is no study version 'nothing'; there are: {version} (live).\n"

    code, out, err = close_survey(version, "--promote")
    assert (code, err) == (0, "")
    assert f"{version} is closed" in out
    assert "beta: 100.0% [" in out
    assert "| compared" in out
    assert f"{len(SCORES)} colorizers mirrored" in out
    assert "champion is now plain" in out
    assert version in (paths.reports() / "leaderboard.md").read_text()
    with contextlib.closing(sqlite3.connect(trained / "var" / "prefect" / "prefect.db")) as database:
        flows = database.execute("SELECT state_type FROM flow_run ORDER BY created").fetchall()
        published = dict(database.execute("SELECT key, data FROM artifact").fetchall())
    assert flows == [("COMPLETED",)]
    assert version in published["leaderboard"]
    assert "plain" in published["comparison"]

    code, out, err = close_survey(version, "--no-promote")
    assert (code, err) == (0, "")
    assert "is closed" not in out
    assert "compare              unchanged" in out
