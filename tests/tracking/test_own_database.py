"""The database under var/ must survive what happens to files: moved, killed, locked, damaged, begun twice."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
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
from tests.tracking.stages import SCORES, train


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


def revision(database: Path, to: str | None = None) -> str:
    """Of its schema; changed to `to`."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        if to:
            connection.execute("UPDATE alembic_version SET version_num = ?", (to,))
            connection.commit()
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


@own_database
def test_a_database_of_a_newer_mlflow_is_named_and_left_as_it_is(mirrored: Path) -> None:
    """MLflow itself says that it is out of date, and to run `mlflow db upgrade`, which fails."""
    revision(paths.tracking_database(), "ffff00000000")
    with pytest.raises(HuelabError, match=r"mlflow\.db was made by a newer MLflow .*ffff00000000.*upgrade huelab, or move the file away"):
        sync()
    assert revision(paths.tracking_database()) == "ffff00000000"
    paths.tracking_database().rename(paths.tracking_database().with_suffix(".newer"))
    assert len(sync()[0]) == len(SCORES)


@pytest.mark.slow
@own_database
def test_a_database_of_an_older_mlflow_is_brought_up_to_date(trained: Path) -> None:
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config  # to go back there is no command of MLflow's

    database = paths.tracking_database()
    newest = revision(database)
    command.downgrade(_get_alembic_config(f"sqlite:///{database}"), "-1")
    assert revision(database) != newest

    assert len(sync()[0]) == len(SCORES)
    assert revision(database) == newest


@pytest.mark.slow
@own_database
def test_an_older_database_that_cannot_be_brought_up_to_date_stays_as_it_was(mirrored: Path) -> None:
    """Here since it holds what the missing migration would make."""
    database = paths.tracking_database()
    revision(database, "75868b020152")
    with pytest.raises(HuelabError, match=r"was made by an older MLflow and cannot be brought up to date \(.+\): move it away"):
        sync()
    assert revision(database) == "75868b020152"
    database.rename(database.with_suffix(".older"))
    assert len(sync()[0]) == len(SCORES)


SYNC = "import sys\nfrom huelab import cli\nsys.argv = ['huelab', 'track', 'sync']\ncli.main()\n"


@pytest.mark.slow
@own_database
@pytest.mark.parametrize("what", ["var", "mlflow.db"])
def test_without_the_right_to_write_it_says_where(mirrored: Path, what: str) -> None:
    sync()
    train("beta", seed=1)
    place = paths.var() if what == "var" else paths.tracking_database()
    for folder in (place, paths.lock("any").parent) if what == "var" else (place,):
        folder.chmod(0o555 if folder.is_dir() else 0o444)
    as_user = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []  # root may write anywhere
    done = subprocess.run([*as_user, sys.executable, "-c", SYNC], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    assert str(paths.var()) in done.stderr
    assert "make it writable" in done.stderr or "make its folder writable" in done.stderr
    place.chmod(0o755 if place.is_dir() else 0o644)
    paths.lock("any").parent.chmod(0o755)
    assert sync()[1][0] == "5 colorizers mirrored, 1 of them new"


@pytest.mark.slow
@own_database
def test_a_full_disk_is_named_and_nothing_half_written_counts(trained: Path, tmp_path: Path) -> None:
    """var/ lies on a disk of 3 MB here: MLflow's tables fit, the registered models do not."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], check=False).returncode:
        pytest.skip("no right to mount a small disk")
    try:
        shutil.copytree(paths.var(), disk, dirs_exist_ok=True)
        shutil.rmtree(paths.var())
        paths.var().symlink_to(disk)
        with pytest.raises(HuelabError, match=r"(No space is left|no space|disk is full).*then run `huelab track sync`"):
            sync()
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        found, _ = sync()
        assert {client().get_run(run).info.status for run in found} == {"FINISHED"}
        assert json.loads(paths.champion().read_text())["model"] == "plain"
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
