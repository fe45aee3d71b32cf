"""New photographs arrive: a challenger is trained, meets the champion on the same photographs, and the rule decides, once or on a schedule.

The project here is small and real: generated photographs, DVC, MLflow, and a Prefect server that was there before.
"""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from huelab import paths, tether
from huelab.data import sources
from huelab.run_lock import hold
from pipelines import flow_server, serve
from tests import generated_photographs
from tests.pipelines.test_flows import ROOT, dvc, finish, processes_in, ran, start_run, toy, until

__all__ = ["toy"]

DVC_YAML = """\
stages:
  everything:
    cmd: python everything.py
    deps: [data, everything.py]
    params: [models, colorizers]
    outs: [work]
"""

EVERYTHING = """\
from huelab import params, paths
from huelab.data import table
from huelab.data.augment import Policy
from huelab.data.standardize import standardize
from huelab.data.store import Store
from huelab.evaluation.score import evaluate
from huelab.models.saved import Saved
from huelab.training.run import train

settings = params.load()
inspected = table.inspect(paths.data(), settings.inspect, settings.split, cache=paths.cache(), workers=1)
standardize(inspected, paths.data(), out=paths.store(), standard=settings.standardize, split=settings.split, max_pixels=10**7)
paths.augmentation().mkdir(parents=True)
Policy.from_params(settings.augment).save(paths.augmentation_policy())
for name in settings.models:
    train(name, settings)
    evaluate(Saved.open(paths.model(name)), Store.open(paths.store()), settings.evaluate, out=paths.scores(name), device="cpu")
"""

PARAMS = {
    "models": ["gray", "mean", "plain"],
    "inspect": {"near_duplicate_bits": 0},
    "split": {"by": "photo", "val": 0.2, "test": 0.3},
    "standardize": {"size": 16, "gallery": 1, "gallery_side": 32, "workers": 1},
    "train": {"device": "cpu", "threads": 1},
    "evaluate": {"metrics": ["ciede2000", "ssim", "delta_colorfulness"], "pictures": 2},
    "compare": {"draws": 200},
    "colorizers": {"gray": {}, "mean": {}, "plain": {"width": 0.125, "steps": 2}},
}


def words_of(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


# What `huelab flow serve` needs before it begins


def test_without_a_server_it_says_how_to_start_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert serve.main(["--every", "1h"]) == 2
    said = words_of(capsys)
    assert "PREFECT_HOME=" in said
    assert "prefect server start" in said
    assert "PREFECT_API_URL=http://127.0.0.1:4200/api huelab flow serve" in said


@pytest.fixture
def something_else() -> Iterator[str]:
    """A web server that is no Prefect server."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


def test_a_server_that_is_none_is_named(
    project: Path, something_else: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prefect itself retries for a while and ends in a traceback of its client."""
    for name, value in flow_server.settings().items():
        monkeypatch.setenv(name, value)
    for address, said in {
        f"http://127.0.0.1:{flow_server._free_port()}/api": "No Prefect server answers at http://127.0.0.1:",
        something_else: f"What answers at {something_else} is no Prefect server: PREFECT_API_URL should end in /api",
        "localhost:4200": "PREFECT_API_URL is 'localhost:4200': expected a server's address",
    }.items():
        monkeypatch.setenv("PREFECT_API_URL", address)
        assert serve.main([]) == 1
        assert said in words_of(capsys)


@pytest.mark.parametrize("words", [["--every", "soon"], ["--every", "1s"], ["--every", "1h", "--cron", "0 3 * * *"], ["--jobs", "0"]])
def test_a_schedule_that_cannot_be_is_wrong_use(words: list[str], project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        serve.main(words)
    assert left.value.code == 2
    assert words[1] in words_of(capsys) or "not allowed with" in words_of(capsys) or "--cron" in words


def test_a_project_is_served_once(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Two that serve would start two runs at every full hour."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for name, value in flow_server.settings().items():
        monkeypatch.setenv(name, value)
    with hold("serve"):
        assert serve.main([]) == 1
    assert f"Already running: process {os.getpid()} on " in words_of(capsys)


# Runs


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server with its scheduler, as `prefect server start` gives it; its address."""
    folder = tmp_path_factory.mktemp("prefect")
    address = f"http://127.0.0.1:{(port := flow_server._free_port())}/api"
    environment = {
        **os.environ,
        **flow_server.settings(),
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_API_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
    }
    environment.pop("PREFECT_API_URL", None)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "server.log").open("wb") as output:
        process = tether.start(command, cwd=folder, environment=environment, output=output)
    try:
        flow_server.Server(address, folder / "server.log", process).wait()
        yield address
    finally:
        process.communicate()


@pytest.fixture
def scheduled(prefect: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PREFECT_API_URL", prefect)
    return prefect


def ask(address: str, what: str, **filters: Any) -> list[dict[str, Any]]:
    """What the server has of flow_runs, artifacts, deployments …"""
    request = urllib.request.Request(f"{address}/{what}/filter", json.dumps(filters).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = json.load(answer)
    assert isinstance(found, list)
    return found


def refresh(*words: str) -> tuple[int, str, str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pipelines.refresh", *words]
    return finish(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))


@pytest.mark.slow
@pytest.mark.long
def test_what_an_earlier_run_left_undone_is_done_though_no_photograph_is_new(toy: Path, scheduled: str) -> None:
    """A refresh that failed has imported the photographs: the next one must not take that for having used them."""
    (toy / "break-a").touch()
    code, out, err = refresh("--no-promote")
    assert (code, err) == (1, "error: train@a: a is broken on purpose\nnot run, since a stage before them failed: compare\n")
    assert "new photographs" in out
    os.remove(toy / "break-a")
    before = ran(toy)
    code, out, err = refresh("--no-promote")
    assert (code, err) == (0, "")
    assert "no new photographs, but not all is up to date: compare, train@a" in out
    assert ran(toy)[len(before) :] == ["train a", "compare"]
    code, out, err = refresh("--no-promote")
    assert (code, err) == (0, "")
    assert "no new photographs, and everything is up to date" in out
    assert "unchanged" not in out, "an early end asks no stage"
    assert ran(toy)[len(before) :] == ["train a", "compare"]


@pytest.fixture
def gallery(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose photographs came from the folder `album`, which is returned; one stage makes all of work/."""
    (project / "dvc.yaml").write_text(DVC_YAML)
    (project / "everything.py").write_text(EVERYTHING)
    (project / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    shutil.copy(ROOT / ".gitignore", project / ".gitignore")
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    dvc("init", "--no-scm", "--quiet")
    generated_photographs.write(tmp_path / "album", 24)
    sources.use(str(tmp_path / "album"), say=print)
    return tmp_path / "album"


@pytest.fixture
def start_serving(scheduled: str) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def start(*words: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "huelab.cli", "flow", "serve", *words]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.long
def test_a_schedule_turns_new_photographs_into_a_challenger_that_the_rule_judges(
    gallery: Path, scheduled: str, start_serving: Callable[..., subprocess.Popen[str]]
) -> None:
    code, out, err = refresh("--promote")
    assert (code, err) == (0, "")
    assert "champion is now plain (version 1): the first champion" in out
    first = json.loads(paths.champion().read_text())
    known = {run["id"] for run in ask(scheduled, "flow_runs")}

    generated_photographs.write(gallery, 12, first_seed=100)
    serving = start_serving("--every", "20s", "--promote")
    until(lambda: done(scheduled, known), 240)
    serving.terminate()
    code, out, err = finish(serving)
    assert (code, err) == (0, "")
    assert "data/ now holds 36 photographs to work with" in out
    assert "2 of them new" in out or "3 of them new" in out

    artifact = next(one for one in ask(scheduled, "artifacts", sort="CREATED_DESC") if one["key"] == "comparison")
    assert "plain, champion on other photographs, was scored anew on" in artifact["data"]
    assert "champion" in artifact["data"].splitlines()[0]
    lines = [json.loads(line) for line in paths.promotions().read_text().splitlines()]
    now = json.loads(paths.champion().read_text())
    if now["content"] == first["content"]:
        assert "champion stays plain (version 1): " in out
        assert len(lines) == 1
    else:
        assert "champion is now plain (version 2): " in out
        assert [line["to"]["version"] for line in lines] == [1, 2]
    assert processes_in(paths.root()) == []
    assert {one["name"]: one["paused"] for one in ask(scheduled, "deployments")} == {"huelab": True}


def done(address: str, known: set[str]) -> bool:
    """Whether a scheduled run has come to its end; a failed one ends the test with what it said."""
    found = [run for run in ask(address, "flow_runs") if run["id"] not in known and run["state_type"] in ("COMPLETED", "FAILED", "CRASHED")]
    assert all(run["state_type"] == "COMPLETED" for run in found), found
    return bool(found)


@pytest.mark.slow
@pytest.mark.long
def test_a_run_on_schedule_waits_for_no_other_and_ends_with_whoever_serves(
    toy: Path, scheduled: str, start_serving: Callable[..., subprocess.Popen[str]]
) -> None:
    """Even kill -9 leaves neither a training that goes on, nor a run that the server takes for alive."""
    (toy / "sleep-prepare").touch()
    by_hand = start_run("prepare")
    until((toy / "pid-prepare").exists)
    known = {run["id"] for run in ask(scheduled, "flow_runs")}
    serving = start_serving("--every", "10s", "--name", "toy")

    def fresh(state: str) -> list[dict[str, Any]]:
        return [run for run in ask(scheduled, "flow_runs") if run["id"] not in known and run["state_type"] == state]

    until(lambda: fresh("FAILED"), 180)
    assert f"Already running: process {by_hand.pid} on " in fresh("FAILED")[0]["state"]["message"]
    by_hand.terminate()
    finish(by_hand)
    os.remove(toy / "pid-prepare")
    until((toy / "pid-prepare").exists, 180)

    serving.send_signal(signal.SIGKILL)
    serving.communicate(timeout=60)
    until(lambda: processes_in(toy) == [], 60)
    os.remove(toy / "sleep-prepare")
    time.sleep(10)  # a run whose time passes while nobody serves
    again = start_serving("--name", "toy")
    assert again.stdout is not None
    assert again.stdout.readline().startswith("refresh/toy runs when somebody starts it")
    assert fresh("RUNNING") == []
    again.terminate()
    assert finish(again)[0] == 0
