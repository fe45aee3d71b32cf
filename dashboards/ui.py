"""Starts the dashboard and MLflow's pages on this machine and stops both together: make ui (or python -m dashboards.ui)."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import huelab  # noqa: F401  (the telemetry switches, inherited by both servers)
from huelab import paths
from huelab.errors import HuelabError, UsageError
from huelab.tracking import address

HOST = "127.0.0.1"
PROJECT = Path(__file__).resolve().parents[1]
START_SECONDS = 120  # MLflow alone takes 7 s on an idle machine


def free_port(first: int) -> int:
    """The first port from `first` upwards that nothing listens on; raises UsageError when 100 in a row are taken."""
    for port in range(first, min(first + 100, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise UsageError(f"Ports {first} to {first + 99} are all taken on {HOST}: stop one of their programs, or name another with --port.")


def start(command: Sequence[str], environment: dict[str, str], *, errors: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """A server in a session of its own, so that Ctrl-C reaches us alone and we end it with all its children.

    What it prints to stderr goes to `errors`, by default to ours.
    """
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def dashboard(port: int, mlflow_address: str) -> subprocess.Popen[bytes]:
    """The Streamlit application."""
    command = [sys.executable, "-m", "streamlit", "run", "dashboards/app.py", "--server.port", str(port), "--server.address", HOST]
    command += ["--logger.level", "error", "--server.headless", "true"]
    return start(command, {"HUELAB_ROOT": str(paths.root()), "HUELAB_MLFLOW": mlflow_address})


def mlflow_pages(port: int) -> subprocess.Popen[bytes]:
    """MLflow's own pages over the project's tracking database."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{paths.tracking_database()}"]
    command += ["--artifacts-destination", paths.tracking_artifacts().as_uri(), "--uvicorn-opts", "--log-level warning"]
    # no job runner: it would take 500 MB for features (scheduled judges) that colorizers have no use for
    with mlflow_log().open("wb") as log:
        return start(command, {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}, errors=log)


def mlflow_log() -> Path:
    """Where MLflow's server, which is talkative, writes its notices."""
    return paths.var() / "mlflow-server.log"


def answers(place: str) -> bool:
    """Whether a server at `place` (http://host:port/path) says 200."""
    try:
        with urllib.request.urlopen(place, timeout=2) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until_up(server: subprocess.Popen[bytes], place: str, name: str, *, log: str = "above") -> None:
    """Returns when `place` answers; raises HuelabError when the server ended, or took too long. `log`: where its own words stand."""
    end = time.monotonic() + START_SECONDS
    while not answers(place):
        if server.poll() is not None:
            raise HuelabError(f"{name} ended at once with exit code {server.returncode}; its own message stands {log}.")
        if time.monotonic() > end:
            raise HuelabError(f"{name} did not answer at {place} within {START_SECONDS} s.")
        time.sleep(0.2)


def stop(servers: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ends the servers and everything they started; asks first, then insists."""
    for server in servers:
        _signal_group(server, signal.SIGTERM)
    end = time.monotonic() + 8
    for server in servers:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(max(0.1, end - time.monotonic()))
        _signal_group(server, signal.SIGKILL)
        server.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.ui", description="Dashboard and MLflow on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8501, help="first port tried for the dashboard (default 8501)")
    parser.add_argument("--mlflow-port", type=int, default=5000, help="first port tried for MLflow (default 5000)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    servers: list[subprocess.Popen[bytes]] = []
    try:
        elsewhere = "" if address.is_own() else address.uri()
        tracked = not elsewhere and paths.tracking_database().is_file()
        mlflow_port = free_port(options.mlflow_port) if tracked else 0
        mlflow_address = f"http://{HOST}:{mlflow_port}" if tracked else elsewhere if elsewhere.startswith("http") else ""
        port = free_port(options.port)
        servers.append(dashboard(port, mlflow_address))
        if tracked:
            servers.append(mlflow_pages(mlflow_port))
        wait_until_up(servers[0], f"http://{HOST}:{port}/_stcore/health", "The dashboard")
        print(f"dashboard  http://{HOST}:{port}", flush=True)
        print(f"survey     http://{HOST}:{port}/survey/#...  for participants; page Studies makes their links", flush=True)
        if tracked:
            wait_until_up(servers[1], f"{mlflow_address}/health", "MLflow", log=f"in {mlflow_log()}")
            print(f"MLflow     {mlflow_address}", flush=True)
        elif elsewhere:
            print(f"MLflow     {elsewhere} (MLFLOW_TRACKING_URI)", flush=True)
        else:
            print("MLflow     nothing is tracked yet: `make run` fills it; start this command again afterwards", flush=True)
        print("Ctrl-C stops both.", flush=True)
        while all(server.poll() is None for server in servers):
            time.sleep(0.5)
        print("error: a server ended by itself; its own message stands above.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    except HuelabError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop(servers)


def _leave(*_: object) -> None:
    raise KeyboardInterrupt


def _signal_group(server: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(server.pid, number)


def _die_with_parent() -> None:
    """In the child before it becomes the server: end with the launcher, even when that is killed outright (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    sys.exit(main())
