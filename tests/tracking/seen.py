"""What a user sees in MLflow after `huelab track sync`, wherever it keeps its things."""

from __future__ import annotations

import sys
from typing import Any

from huelab import params


def sync() -> tuple[list[str], list[str]]:
    from huelab import tracking

    said: list[str] = []
    return tracking.sync(say=said.append), said


def names() -> params.Registry:
    """Of the experiment and the registered model: on a server every test has its own."""
    return params.load().registry


def client() -> Any:
    import mlflow

    from huelab import tracking

    return mlflow.MlflowClient(tracking.uri(), registry_uri=tracking.uri())  # else that of the test before


def runs(query: str = "") -> list[Any]:
    """All runs of the experiment that fit `query`, the comparisons among them."""
    found = client().get_experiment_by_name(names().experiment)
    return list(client().search_runs([found.experiment_id], query, max_results=1000))


def artifacts(run: str, folder: str | None = None) -> set[str]:
    """What a run, or a folder of it, holds."""
    return {file.path for file in client().list_artifacts(run, folder)}


def load(uri: str) -> Any:
    import mlflow

    path = list(sys.path)
    try:
        return mlflow.pyfunc.load_model(uri)
    finally:
        sys.path[:] = path  # the stored copy of the package goes first there
