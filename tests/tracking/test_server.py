"""A group's MLflow server may be down, die, refuse, hang or change; the work goes on, and later everything is there once."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from huelab import paths
from huelab.errors import HuelabError
from tests.tracking import server
from tests.tracking.between import passing_on
from tests.tracking.own import on_server, own_database
from tests.tracking.seen import artifacts, client, load, names, runs, sync
from tests.tracking.stages import SCORES, train

pytestmark = [pytest.mark.slow, pytest.mark.long]


def nobody() -> str:
    """An address at which nothing listens, with a password in it."""
    return f"http://me:secret@127.0.0.1:{server.free_port()}"


@own_database
def test_with_the_server_down_the_flow_ends_well_and_sync_mirrors_later(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines import flows

    monkeypatch.setenv("MLFLOW_TRACKING_URI", nobody())
    start = time.monotonic()
    said = "\n".join(flows.mirror.fn())
    assert time.monotonic() - start < 90
    assert "not mirrored: The MLflow server at http://me:***@127.0.0.1" in said
    assert "does not answer" in said
    assert "then run `huelab track sync`" in said
    assert "secret" not in said
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert len(sync()[0]) == len(SCORES)


@on_server
@pytest.mark.parametrize("requests", [12, 40])
def test_a_server_that_dies_half_way_leaves_nothing_that_counts(
    trained: Path, requests: int, tracking_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with passing_on(tracking_server, most=requests) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(HuelabError, match=r"does not answer .*then run `huelab track sync`"):
            sync()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_server)
    found, _ = sync()
    assert len(found) == len(SCORES)
    finished = runs("attributes.status = 'FINISHED'")
    assert {run.info.run_id for run in finished if run.data.tags["kind"] != "comparison"} == set(found)
    assert len(finished) == len(SCORES) + 1
    assert not runs("attributes.status = 'RUNNING'")
    again, said = sync()
    assert again == found
    assert said[0] == "5 colorizers mirrored, 0 of them new"


@on_server
def test_a_server_that_wants_a_token_says_how_and_gets_it(trained: Path, tracking_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with passing_on(tracking_server, token="let-me-in") as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(HuelabError, match=r"does not let you in \(401: .*MLFLOW_TRACKING_TOKEN"):
            sync()
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "let-me-in")
        found, _ = sync()
        assert len(found) == len(SCORES)
        assert artifacts(found[0], "gallery") == {"gallery/00.png"}
    with passing_on(tracking_server, token="another", refusal=403) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(HuelabError, match=r"does not let you in \(403: .*MLFLOW_TRACKING_TOKEN"):
            sync()


@own_database
def test_a_server_that_hangs_is_given_up(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with passing_on("http://127.0.0.1:9", hangs=5.0) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        start = time.monotonic()
        with pytest.raises(HuelabError, match="does not answer"):
            sync()
        assert time.monotonic() - start < 60


@own_database
def test_a_server_restarted_with_another_artifact_store_gets_everything_again(
    trained: Path, blank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "server.db"
    shutil.copyfile(blank, database)
    port = server.free_port()
    with server.mlflow(f"sqlite:///{database}", tmp_path / "store", port) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        found, _ = sync()
        before = {run: artifacts(run) for run in found}
    with server.mlflow(f"sqlite:///{database}", tmp_path / "another", port):
        assert artifacts(found[0]) == set()
        again, said = sync()
        assert again == found
        assert said[0] == "5 colorizers mirrored, 0 of them new"
        assert {run: artifacts(run) for run in found} == before
        assert load(f"models:/{names().model}@champion").predict(np.zeros((1, 1, 16, 16), np.float32)).shape == (1, 2, 16, 16)


@on_server
def test_two_people_with_one_server_do_not_call_each_others_results_former(
    mirrored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both mirror `beta` of the same photographs, from checkouts of their own."""
    mine, _ = sync()
    colleague = tmp_path / "colleague's" / "project"
    colleague.parent.mkdir()
    shutil.copytree(mirrored, colleague)
    monkeypatch.setenv("HUELAB_ROOT", str(colleague))
    monkeypatch.chdir(colleague)
    train("beta", seed=1)
    theirs, said = sync()
    assert said[0] == "5 colorizers mirrored, 1 of them new"
    train("beta", seed=2)
    sync()
    present = {run.info.run_id: run.data.tags["present"] for run in runs("tags.model = 'beta'")}
    assert present[mine[2]] == "true"
    assert present[theirs[2]] == "false"
    assert len(present) == 3


@own_database
def test_a_database_whose_driver_is_missing_is_named_without_its_password(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:secret@127.0.0.1:1/mlflow")  # SQLAlchemy 2.0 takes psycopg2 for that
    with pytest.raises(HuelabError, match=r"me:\*\*\*@127.0.0.1.*driver is not installed \(psycopg2\).*pip install 'psycopg\[binary\]'"):
        sync()


@on_server
def test_a_database_without_a_server_before_it_will_do(trained: Path, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its artifacts then lie with the project, not in whatever folder the command was called from."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", postgres)
    found, _ = sync()
    assert client().get_run(found[0]).info.artifact_uri.startswith(paths.tracking_artifacts().as_uri())
    assert not (trained / "mlruns").exists()
