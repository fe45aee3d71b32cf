"""A small project as the stages leave it, mirrored to its own database or to a server with PostgreSQL behind it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from huelab import paths
from tests.tracking import server, stages
from tests.tracking.seen import sync


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL database for MLflow, one for all tests."""
    with server.postgres() as database:
        yield database


@pytest.fixture(scope="session")
def tracking_server(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an MLflow server with that database, one for all tests."""
    with server.mlflow(postgres, tmp_path_factory.mktemp("server") / "artifacts", server.free_port()) as address:
        yield address


@pytest.fixture(params=["own", pytest.param("server", marks=[pytest.mark.slow, pytest.mark.long])])
def store(request: pytest.FixtureRequest) -> str:
    """Where MLflow keeps what it is told. A test about the project's own database is marked @own_database (tests/tracking/own.py)."""
    if request.param == "server":
        request.getfixturevalue("tracking_server")
    return str(request.param)


@pytest.fixture
def trained(project: Path, store: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as the stages leave it: two floors, two learned colorizers, one of one picture; scored and compared, not mirrored yet."""
    text = (project / "params.yaml").read_text()
    listed = "models: [" + ", ".join(stages.SCORES) + "]\n"
    start, end = text.index("models:"), text.index("inspect:")
    text = text[:start] + listed + text[end:]
    if store == "server":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", request.getfixturevalue("tracking_server"))
        own = uuid.uuid4().hex[:8]
        text = text.replace("experiment: huelab\n", f"experiment: huelab-{own}\n")
        text = text.replace("model: huelab-colorizer\n", f"model: colorizer-{own}\n")
    else:
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (project / "params.yaml").write_text(text)
    for name, score in stages.SCORES.items():
        stages.train(name)
        stages.evaluate(name, score)
    stages.compare(stages.SCORES)
    if store == "own":
        paths.tracking_database().parent.mkdir(exist_ok=True)
        shutil.copyfile(request.getfixturevalue("blank"), paths.tracking_database())
    return project


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables without any content: making them takes seconds."""
    file = tmp_path_factory.mktemp("blank") / "mlflow.db"
    done = subprocess.run(
        [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{file}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return file


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first project mirrored to its own database is kept: making a database and registering models takes seconds."""
    return tmp_path_factory.mktemp("mirrored") / "project"


@pytest.fixture
def mirrored(trained: Path, store: str, template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirrored project; with a database of its own it is a copy, whose database must follow it, like a moved one's."""
    if store == "server":
        sync()
    elif not template.exists():
        sync()
        shutil.copytree(trained, template)
    else:
        shutil.rmtree(trained)
        shutil.copytree(template, trained)
        monkeypatch.chdir(trained)  # the folder that was the current one is gone
        from mlflow.tracking._tracking_service import utils

        utils._artifact_repos_cache.clear()  # a process remembers where a run's artifacts lie, and these runs lay in another project
    return trained
