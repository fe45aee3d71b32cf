"""An MLflow server as a group runs one: PostgreSQL behind it, artifacts through its proxy, on the loopback only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

_SECONDS = 900
"""MLflow makes its tables first, which takes long on a busy machine."""


def free_port() -> int:
    """Of this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A new cluster with a database `mlflow`; gives its URL for SQLAlchemy."""
    if not (shutil.which("initdb") and shutil.which("pg_ctl")):
        pytest.skip("no PostgreSQL here (initdb, pg_ctl); Debian: apt-get install postgresql")
    import psycopg

    as_user: list[str] = []
    # a short path that user postgres may enter: sockets take 107 characters, and pytest's folders are root's alone
    home = Path(tempfile.mkdtemp(prefix="huelab-pg-", dir="/tmp"))
    home.chmod(0o755)
    try:
        if os.geteuid() == 0:
            if not shutil.which("runuser"):
                pytest.skip("PostgreSQL does not run as root, and there is no runuser")
            shutil.chown(home, "postgres")
            as_user = ["runuser", "-u", "postgres", "--"]
        data, port = home / "data", free_port()
        _call([*as_user, "initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"])
        options = f"-p {port} -k {home} -c listen_addresses='' -c fsync=off"
        _call([*as_user, "pg_ctl", "-D", str(data), "-l", str(home / "log"), "-w", "-o", options, "start"])
        try:
            with psycopg.connect(f"postgresql://postgres@/postgres?host={home}&port={port}", autocommit=True) as connection:
                connection.execute("CREATE DATABASE mlflow")
            yield f"postgresql+psycopg://postgres@/mlflow?host={home}&port={port}"
        finally:
            _call([*as_user, "pg_ctl", "-D", str(data), "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def mlflow(database: str, artifacts: Path, port: int, *more: str, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """`mlflow server` with its artifact proxy; gives its address once it answers."""
    artifacts.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", database, "--artifacts-destination", artifacts.as_uri(), "--serve-artifacts", *more]
    log = artifacts.parent / f"server-{port}.log"
    with log.open("wb") as stream:
        settings = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **(environment or {})}
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_SQLALCHEMYSTORE_POOLCLASS"):  # ours, not a server's
            settings.pop(name, None)
        child = subprocess.Popen(command, stdout=stream, stderr=stream, env=settings, start_new_session=True)
    try:
        address, end = f"http://127.0.0.1:{port}", time.monotonic() + _SECONDS
        while not _answers(address):
            if child.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"MLflow's server does not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.3)
        yield address
    finally:
        stop(child)


def stop(child: subprocess.Popen[bytes]) -> None:
    """Ends a server and its workers."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(10)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
