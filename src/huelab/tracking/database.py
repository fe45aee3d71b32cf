"""Opens the tracking database: made once, mended after the project's folder was moved, with a clear word where it cannot be used."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from huelab import paths
from huelab.tracking import address, schema
from huelab.tracking.refusals import clear_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOCK_SECONDS = 30.0

_EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",  # opens MLflow's pages for training runs, not those for language models
    "mlflow.note.content": "Colorizers of huelab; written by `huelab track sync` from the files of the pipeline's stages. How to read it: "
    "docs/mlflow.md of the project.",
}

_LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
"""Columns in which MLflow writes absolute paths of artifacts."""


@dataclass(frozen=True)
class Tracking:
    """An open MLflow and the experiment everything goes to."""

    client: MlflowClient
    experiment: str
    """Its id."""


@contextlib.contextmanager
def tracking(experiment: str, *, say: Callable[[str], None] = lambda line: None) -> Iterator[Tracking]:
    """MLflow, ready to write to `experiment`. What fails while it is open becomes a HuelabError that says what to do."""
    with clear_errors():
        if address.is_own():
            schema.make_again(paths.tracking_database())
            mend(paths.tracking_database(), paths.tracking_artifacts())
        import mlflow
        from mlflow.exceptions import MlflowException

        logging.getLogger("mlflow").setLevel(logging.WARNING)  # its own level shows every table it makes
        uri, given = address.uri(), os.environ.get("MLFLOW_TRACKING_URI")
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        if given is None:  # MLflow has set it: a project that lies elsewhere would then be taken for a server
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        try:
            client = mlflow.MlflowClient()
            number = _experiment(client, experiment)
        except MlflowException as error:
            if not address.is_own() or not schema.is_other(error):
                raise
            schema.bring_up_to_date(paths.tracking_database(), say)
            client = mlflow.MlflowClient()
            number = _experiment(client, experiment)
        yield Tracking(client, number)


def _experiment(client: MlflowClient, name: str) -> str:
    """Its id; made where there is none, restored where it was deleted."""
    found = client.get_experiment_by_name(name)
    if found is None:
        location = None if address.is_server() else paths.tracking_artifacts().as_uri()
        return str(client.create_experiment(name, artifact_location=location, tags=_EXPERIMENT_TAGS))
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def mend(database: Path, artifacts: Path) -> None:
    """Checks that `database` can be read and written, and points it at `artifacts` if it was moved or copied here from another folder.

    MLflow stores absolute paths. The old place is known from the experiments: they all lie in a folder of the same name under var/.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    if not database.exists():
        return
    tail = f"/{artifacts.parent.name}/{artifacts.name}"
    with contextlib.closing(sqlite3.connect(database, timeout=_LOCK_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        columns = [(table, column) for table, column in _LOCATIONS if column in _columns(connection, table)]
        places = [row[0] for row in connection.execute("SELECT artifact_location FROM experiments")] if columns else []
        for old in {place for place in places if place and place.endswith(tail) and place != artifacts.as_uri()}:
            for table, column in columns:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                    (artifacts.as_uri(), len(old) + 1, len(old), old),
                )
        connection.execute("COMMIT")


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def end_abandoned(tracking: Tracking) -> int:
    """Marks runs as killed whose mirroring broke off: its process on this machine is gone (kill -9 leaves them RUNNING for ever), or is
    this one, which lost the server half way and now tries again. Gives their number. The caller holds the lock `tracking`.
    """
    runs = tracking.client.search_runs([tracking.experiment], "attributes.status = 'RUNNING'", max_results=1000)
    ended = 0
    for run in runs:
        pid, host = run.data.tags.get("huelab.pid", ""), run.data.tags.get("huelab.host", "")
        if host == socket.gethostname() and pid.isdecimal() and (int(pid) == os.getpid() or not _lives(int(pid))):
            tracking.client.set_terminated(run.info.run_id, status="KILLED")
            ended += 1
    return ended


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
