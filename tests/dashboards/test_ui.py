"""`make ui`: both addresses printed, another port when one is taken, nothing left running afterwards."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards import ui
from huelab.survey import web

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def launched(project: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The launcher as a user starts it, and the lines it printed until it was up (or ended)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboards.ui", *arguments],
        cwd=ROOT,
        env={**os.environ, "HUELAB_ROOT": str(project)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith("Ctrl-C"):
                break
        yield process, lines
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


def address(lines: list[str], name: str) -> str:
    found = re.search(rf"{name}\s+(http://127\.0\.0\.1:\d+)", "\n".join(lines))
    assert found, lines
    return found.group(1)


def listening(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1]))) == 0


def children_of(pid: int) -> list[int]:
    """Processes below `pid`, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [grandchild for child in found for grandchild in children_of(child)]


def alive(pid: int) -> bool:
    """Whether a process still runs (one that ended and waits to be collected does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: list[int], *, within: float = 15) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for leftover processes in /proc")
def test_a_taken_port_is_passed_over_and_ctrl_c_leaves_nothing_running(project: Path) -> None:
    """A second dashboard must come up beside the first, and a stopped one must not hold its port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with launched(project, "--port", str(port)) as (process, lines):
            url = address(lines, "dashboard")
            assert int(url.rsplit(":", 1)[1]) > port
            assert "nothing is tracked yet" in "\n".join(lines)
            assert f"survey     {url}{web.PREFIX}/#" in "\n".join(lines)
            with urllib.request.urlopen(url, timeout=10) as reply:
                assert reply.status == 200
            below = children_of(process.pid)
            assert below
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
            assert gone(below)
            assert not listening(url)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends children with their parent on Linux only")
def test_a_killed_launcher_takes_its_servers_along(project: Path) -> None:
    with launched(project, "--port", "8720") as (process, lines):
        below = children_of(process.pid)
        assert below
        process.kill()
        process.wait()
        assert gone(below)
        assert not listening(address(lines, "dashboard"))


def test_no_free_port_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ui.UsageError, match="Ports 65536"):
        ui.free_port(65536)


def test_outside_a_project_one_sentence_says_so(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HUELAB_ROOT"} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "dashboards.ui"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "not inside a huelab project" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_both_addresses_answer_where_something_is_tracked(project: Path) -> None:
    """MLflow's pages come up over the project's own database and go away with the dashboard."""
    database = project / "var" / "mlflow.db"
    database.parent.mkdir()
    subprocess.run([sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{database}"], check=True, capture_output=True, timeout=120)
    with launched(project, "--port", "8740", "--mlflow-port", "5740") as (process, lines):
        pages = address(lines, "MLflow")
        with urllib.request.urlopen(pages, timeout=20) as reply:
            assert b"MLflow" in reply.read()
        below = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert gone(below)
        assert not listening(pages)
        assert not listening(address(lines, "dashboard"))


def test_a_tracking_server_elsewhere_is_named_and_not_doubled(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9/")
    with launched(project, "--port", "8760") as (_, lines):
        assert "MLflow     http://127.0.0.1:9/ (MLFLOW_TRACKING_URI)" in lines
