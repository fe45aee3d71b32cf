"""The database under var/ must survive what happens to files: moved, killed, locked, damaged, begun twice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from huelab import paths
from huelab.errors import HuelabError
from tests.tracking.own import own_database
from tests.tracking.seen import client, load, names, runs, sync
from tests.tracking.stages import SCORES


@own_database
def test_a_moved_project_still_finds_its_models_and_pictures(mirrored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = sync()
    moved = tmp_path / "elsewhere" / "project"
    moved.parent.mkdir()
    mirrored.rename(moved)
    monkeypatch.setenv("HUELAB_ROOT", str(moved))
    monkeypatch.chdir(moved)

    again, said = sync()
    assert again == found
    assert said[0] == "5 colorizers mirrored, 0 of them new"
    assert load(f"models:/{names().model}@champion").predict(np.zeros((1, 1, 16, 16), np.float32)).shape == (1, 2, 16, 16)
    assert client().list_artifacts(found[0], "gallery")
    old = str(mirrored).encode()
    assert old not in (moved / "var" / "mlflow.db").read_bytes().replace(f"{mirrored}/mlruns".encode(), b"")


@own_database
def test_a_run_whose_process_was_killed_is_marked_and_written_again(mirrored: Path) -> None:
    found, _ = sync()
    with sqlite3.connect(paths.tracking_database()) as database:  # as kill -9 half way through the mirroring of beta leaves it
        database.execute("UPDATE runs SET status = 'RUNNING' WHERE run_uuid = ?", (found[2],))
        database.execute("UPDATE tags SET value = '999999999' WHERE key = 'huelab.pid' AND run_uuid = ?", (found[2],))
    database.close()
    again, said = sync()
    assert said[0].startswith("marked 1 run(s) as killed")
    assert client().get_run(found[2]).info.status == "KILLED"
    assert again[2] != found[2]


@own_database
def test_a_corrupt_database_is_named_with_the_way_out(trained: Path) -> None:
    paths.tracking_database().parent.mkdir(parents=True, exist_ok=True)
    paths.tracking_database().write_bytes(b"this is no database" * 100)
    with pytest.raises(HuelabError, match=r"mlflow\.db cannot be used .*move it away .*huelab track sync"):
        sync()
    paths.tracking_database().rename(paths.tracking_database().with_suffix(".broken"))
    assert len(sync()[0]) == len(SCORES)


@own_database
def test_a_locked_database_is_named(mirrored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huelab.tracking import database

    sync()
    monkeypatch.setattr(database, "_LOCK_SECONDS", 0.2)
    holder = sqlite3.connect(paths.tracking_database(), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(HuelabError, match=r"mlflow\.db is locked by another program"):
            sync()
    finally:
        holder.close()


@own_database
@pytest.mark.slow
def test_processes_that_start_together_make_one_database(trained: Path) -> None:
    """On a new database MLflow's own migrations collide (`duplicate column name`)."""
    paths.tracking_database().unlink()
    code = "from huelab import tracking; print(len(tracking.sync(say=lambda line: None)))"
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=300)[0].strip() for process in processes] == ["5", "5", "5"]
    assert len(runs()) == len(SCORES) + 1
