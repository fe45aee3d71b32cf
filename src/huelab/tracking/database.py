"""Opens the tracking database: made once, mended after the project's folder was moved, with a clear word where it cannot be used."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huelab import paths
from huelab.errors import HuelabError
from huelab.tracking import address

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOCK_SECONDS = 30.0

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
def tracking(experiment: str) -> Iterator[Tracking]:
    """MLflow, ready to write to `experiment`. What fails while it is open becomes a HuelabError that says what to do."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # its own 7 take minutes to find out that a server is down
    with _clear_errors():
        if address.is_own():
            mend(paths.tracking_database(), paths.tracking_artifacts())
        import mlflow

        logging.getLogger("mlflow").setLevel(logging.WARNING)  # its own level shows every table it makes
        uri, given = address.uri(), os.environ.get("MLFLOW_TRACKING_URI")
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        if given is None:  # MLflow has set it: a project that lies elsewhere would then be taken for a server
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        client = mlflow.MlflowClient()
        found = client.get_experiment_by_name(experiment)
        if found is None:
            location = paths.tracking_artifacts().as_uri() if address.is_own() else None
            # the tag opens MLflow's pages for training runs, not those for language models
            tags = {"mlflow.experimentKind": "custom_model_development"}
            number = client.create_experiment(experiment, artifact_location=location, tags=tags)
        elif found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
            number = found.experiment_id
        else:
            number = found.experiment_id
        yield Tracking(client, str(number))


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
    """Marks runs as killed whose mirroring process on this machine is gone (kill -9 leaves them RUNNING for ever); gives their number."""
    runs = tracking.client.search_runs([tracking.experiment], "attributes.status = 'RUNNING'", max_results=1000)
    ended = 0
    for run in runs:
        pid, host = run.data.tags.get("huelab.pid", ""), run.data.tags.get("huelab.host", "")
        if host == socket.gethostname() and pid.isdecimal() and not _lives(int(pid)):
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


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        try:
            yield
        except sqlite3.Error as error:
            raise _explained(error) from error
        except SQLAlchemyError as error:
            raise _explained(error) from error
        except RequestException as error:
            raise HuelabError(
                f"The MLflow server at {address.uri()} does not answer ({type(error).__name__}). The results stand in work/; "
                "start the server, or unset MLFLOW_TRACKING_URI, then run `huelab track sync`."
            ) from error
        except OSError as error:
            raise HuelabError(
                f"MLflow's files cannot be used ({error}). The results stand in work/; mend that, then run `huelab track sync`."
            ) from error
    except Exception as error:
        if isinstance(error, HuelabError) or not _of_mlflow(error):
            raise
        raise _explained(error) from error


def _of_mlflow(error: Exception) -> bool:
    return any(kind.__module__ == "mlflow.exceptions" for kind in type(error).__mro__)


def _explained(error: Any) -> HuelabError:
    text = " ".join(str(getattr(error, "orig", None) or error).split())
    where = str(paths.tracking_database()) if address.is_own() else address.uri()
    if "locked" in text:
        return HuelabError(
            f"{where} is locked by another program ({text}). The results stand in work/; end that program, then run `huelab track sync`."
        )
    if not address.is_own():
        return HuelabError(f"MLflow at {where} refuses ({text}). The results stand in work/; mend it, then run `huelab track sync`.")
    return HuelabError(
        f"{where} cannot be used ({text}). Nothing is lost, for all of it can be rebuilt from work/: move it away "
        f"(mv {where} {where}.broken), then run `huelab track sync`."
    )
