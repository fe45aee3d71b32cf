"""`make run`: every stage of DVC's graph once, nothing twice, clear failures, and no child that outlives it.

The project here is a small real one of DVC: an import of samples/, a stage, a matrix of two, and a stage that reads both.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from huelab import tether
from huelab.errors import HuelabError, UsageError
from pipelines import flow_server, run, stage_graph, stage_run

ROOT = Path(__file__).resolve().parents[2]

DVC_YAML = """\
stages:
  prepare:
    cmd: python step.py prepare
    deps: [data, step.py]
    outs: [work/prepare]
  train:
    matrix:
      model: [a, b]
    cmd: python step.py train ${item.model}
    deps: [work/prepare]
    outs: ["work/models/${item.model}"]
  compare:
    cmd: python step.py compare
    deps: [work/models]
    outs: [work/reports]
"""

STEP = """\
import os, pathlib, signal, sys, time
stage, names = sys.argv[1], sys.argv[2:]
out = pathlib.Path("work", "models", *names) if names else pathlib.Path("work", {"compare": "reports"}.get(stage, stage))
out.mkdir(parents=True)
pathlib.Path("ran").open("a").write(" ".join(sys.argv[1:]) + "\\n")
print("hello from", *sys.argv[1:])
for name in (stage, *names):
    if pathlib.Path(f"break-{name}").exists():
        sys.exit(f"error: {name} is broken on purpose")
    if pathlib.Path(f"sleep-{name}").exists():
        pathlib.Path(f"pid-{name}").write_text(str(os.getpid()))
        time.sleep(600)
(out / "seen").write_text(str(os.listdir("data")))
(out / "leaderboard.md").write_text("| model | ciede2000 |\\n")
(out / "leaderboard.txt").write_text("model  CIEDE2000\\n")
"""


@pytest.fixture
def toy(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own with the graph data.dvc -> prepare -> train@a, train@b -> compare."""
    (project / "dvc.yaml").write_text(DVC_YAML)
    (project / "step.py").write_text(STEP)
    (project / "params.yaml").write_text("models: [gray]\ncolorizers: {gray: {}}\n")
    (project / "data.dvc").write_text("deps:\n- path: samples\nouts:\n- path: data\n")
    (project / "samples").mkdir()
    (project / "samples" / "one.txt").write_text("a photograph\n")
    for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(project / "site"))
    dvc("init", "--no-scm", "--quiet")
    return project


def dvc(*arguments: str) -> str:
    done = subprocess.run([*stage_graph.DVC, *arguments], env=tether.environment(), capture_output=True, text=True, check=True)
    return done.stdout


def start_run(*words: str, **popen: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pipelines.run", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def ran(project: Path) -> list[str]:
    file = project / "ran"
    return file.read_text().splitlines() if file.exists() else []


def until(true: Callable[[], object], seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.05)


def processes_in(project: Path) -> list[str]:
    """Command lines of living processes that work in `project`: whoever they are, the run started them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            dead = "\nState:\tZ" in (folder / "status").read_text()
            if not dead and int(folder.name) != os.getpid() and (folder / "cwd").resolve() == project.resolve():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # ended meanwhile
            continue
    return found


# DVC's graph


def test_the_graph_is_the_one_dvc_has(toy: Path) -> None:
    stages = stage_graph.read()
    assert [stage.name for stage in stages] == ["data.dvc", "prepare", "train@a", "train@b", "compare"]
    assert {stage.name: set(stage.after) for stage in stages} == {
        "data.dvc": set(),
        "prepare": {"data.dvc"},
        "train@a": {"prepare"},
        "train@b": {"prepare"},
        "compare": {"train@a", "train@b"},
    }


def test_stages_come_after_what_they_wait_for_however_dvc_lists_them() -> None:
    dot = 'strict digraph {\n"c";\n"b";\n"a";\n"a" -> "b";\n"b" -> "c";\n}\n'
    assert [stage.name for stage in stage_graph.parse(dot)] == ["a", "b", "c"]


def test_a_target_brings_what_it_needs_and_no_more(toy: Path) -> None:
    stages = stage_graph.read()
    assert [stage.name for stage in stage_graph.select(stages, ["train@b"])] == ["data.dvc", "prepare", "train@b"]
    assert [stage.name for stage in stage_graph.select(stages, ["train"])] == ["data.dvc", "prepare", "train@a", "train@b"]
    with pytest.raises(UsageError, match=r"no stage 'trian': choose from data\.dvc, prepare, train@a, train@b, compare"):
        stage_graph.select(stages, ["trian"])


def test_a_folder_without_dvc_is_said_plainly(project: Path) -> None:
    with pytest.raises(HuelabError, match="dvc dag --full --dot` failed: you are not inside of a DVC repository"):
        stage_graph.read()


# One stage


def test_a_stage_is_done_then_unchanged_then_restored_from_the_cache(toy: Path) -> None:
    stages, said, logged = stage_run.Stages(1), [], []

    def repro(name: str) -> str:
        return stages.repro(name, say=said.append, log=logged.append)

    assert repro("data.dvc") == "done"
    assert repro("prepare") == "done"
    assert said == ["hello from prepare"]
    assert "Running stage 'prepare':" in logged
    assert repro("prepare") == "unchanged"
    shutil.rmtree("work/prepare")
    assert repro("prepare") == "restored"
    assert ran(toy) == ["prepare"]


def test_a_failed_stage_says_its_own_last_words(toy: Path) -> None:
    stages = stage_run.Stages(1)
    (toy / "break-prepare").touch()
    stages.repro("data.dvc", say=print, log=print)
    with pytest.raises(HuelabError, match=r"^prepare is broken on purpose$"):
        stages.repro("prepare", say=print, log=print)


def test_a_frozen_import_without_photographs_says_how_to_get_them(toy: Path) -> None:
    dvc("repro", "data.dvc")
    dvc("freeze", "data.dvc")
    shutil.rmtree(toy / "data")
    with pytest.raises(HuelabError, match=r"missing data 'source': data.*dvc update data\.dvc"):
        stage_run.Stages(1).repro("data.dvc", say=print, log=print)


def test_what_is_ended_starts_no_more(toy: Path) -> None:
    stages = stage_run.Stages(1)
    stages.end()
    with pytest.raises(HuelabError, match="stopped before it began"):
        stages.repro("data.dvc", say=print, log=print)


# No child outlives its starter


def test_ctrl_c_reaches_a_child_first_so_that_it_can_save(tmp_path: Path) -> None:
    """A training leaves its checkpoint on an interrupt; SIGTERM or SIGKILL would lose it."""
    code = (
        "import pathlib, time\npathlib.Path('started').touch()\n"
        "try: time.sleep(600)\nexcept KeyboardInterrupt: pathlib.Path('saved').touch()"
    )
    shell = ["sh", "-c", f'{sys.executable} -c "{code}"; true']
    child = tether.start(shell, cwd=tmp_path, environment=dict(os.environ))
    until((tmp_path / "started").exists)
    child.communicate(timeout=60)
    assert (tmp_path / "saved").exists()
    assert processes_in(tmp_path) == []


def test_what_a_command_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    child = tether.start(["sh", "-c", "sleep 600 & exit 3"], cwd=tmp_path, environment=dict(os.environ))
    assert child.wait(timeout=60) == 3
    child.communicate()
    until(lambda: processes_in(tmp_path) == [], 10)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server that was there before the run; starting one for each test would take longer than the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUELAB_ROOT", str(tmp_path_factory.mktemp("server")))
        with flow_server.running() as started:
            started.wait()
            yield started.address


@pytest.fixture
def sleeping(toy: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A run whose stage prepare has begun and would take ten minutes."""
    (toy / "sleep-prepare").touch()
    process = start_run()
    until((toy / "pid-prepare").exists)
    yield toy, process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_a_run_however_it_ends(sleeping: tuple[Path, subprocess.Popen[str]], number: signal.Signals) -> None:
    """A training child that goes on writes into the outputs that the next run rebuilds; a server would stay for ever."""
    project, process = sleeping
    assert any("step.py prepare" in line for line in processes_in(project))
    process.send_signal(number)
    code, _, err = finish(process)
    until(lambda: processes_in(project) == [], 30)
    if number != signal.SIGKILL:
        assert (code, err.splitlines()[-1]) == (130, "stopped; `make run` goes on from here")
    os.remove(project / "sleep-prepare")
    code, out, err = finish(start_run("prepare"))
    assert (code, err) == (0, "")
    assert re.search(r"^prepare +done", out, re.MULTILINE)
    with contextlib.closing(sqlite3.connect(project / "var" / "prefect" / "prefect.db")) as database:
        states = [row[0] for row in database.execute("SELECT state_type FROM flow_run ORDER BY created")]
    assert states == ["CRASHED", "COMPLETED"]


# The whole of `make run`


@pytest.mark.slow
def test_a_second_run_does_no_stage_again_and_a_change_only_its_own(toy: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = finish(start_run("--jobs", "2"))
    assert (code, err) == (0, "")
    assert sorted(ran(toy)) == ["compare", "prepare", "train a", "train b"]
    assert ran(toy)[0] == "prepare"
    assert ran(toy)[-1] == "compare"
    assert "| hello from train b" in out
    assert out.count("model  CIEDE2000") == 1
    for step in ("make ui", "huelab data use FOLDER", "huelab colorize PHOTO"):
        assert step in out

    monkeypatch.setenv("PREFECT_API_URL", server)
    code, out, err = finish(start_run())
    assert (code, err) == (0, "")
    assert len(ran(toy)) == 4
    assert {tuple(line.split()) for line in out.splitlines()[:5]} == {
        (name, "unchanged") for name in ("data.dvc", "prepare", "train@a", "train@b", "compare")
    }
    assert dvc("status").strip() == "Data and pipelines are up to date."

    (toy / "samples" / "two.txt").write_text("another photograph\n")
    (toy / "break-a").touch()
    code, out, err = finish(start_run("--jobs", "2"))
    assert code == 1
    assert err == "error: train@a: a is broken on purpose\nnot run, since a stage before them failed: compare\n"
    assert sorted(ran(toy)[4:]) == ["prepare", "train a", "train b"]


@pytest.mark.slow
def test_a_second_run_is_told_who_is_at_work_and_a_cancelled_one_leaves_nothing(
    toy: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", server)
    (toy / "sleep-prepare").touch()
    first = start_run()
    until((toy / "pid-prepare").exists)

    code, _, err = finish(start_run())
    assert code == 1
    assert err.startswith(f"error: Already running: process {first.pid} on ")
    assert "-m pipelines.run" in err

    first.terminate()  # what Prefect's cancel sends
    code, _, err = finish(first)
    assert (code, err.splitlines()[-1]) == (130, "stopped; `make run` goes on from here")
    assert processes_in(toy) == []


def test_wrong_params_are_told_before_anything_starts(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "params.yaml").write_text("models: [grey]\n")
    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert run.main([]) == 2
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert "there is no colorizer 'grey' (did you mean 'gray'?)" in capsys.readouterr().err
    assert not (toy / "var").exists()
    assert ran(toy) == []


@pytest.mark.slow
def test_photographs_dropped_into_data_are_not_deleted(toy: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC imports samples/ over data/ and deletes what else lies there, without a word."""
    monkeypatch.setenv("PREFECT_API_URL", server)
    assert finish(start_run("data.dvc"))[0] == 0
    (toy / "data" / "mine.jpg").write_text("the only copy\n")
    code, _, err = finish(start_run())
    assert code == 1
    assert "holds files that would be lost (mine.jpg), since it is imported from samples" in err
    assert (toy / "data" / "mine.jpg").read_text() == "the only copy\n"


def test_a_number_of_jobs_must_be_one(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run.main(["--jobs", "0"])
    assert left.value.code == 2
    assert "'0' is not a number of stages (1 or more)" in capsys.readouterr().err
