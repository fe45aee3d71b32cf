"""Real databases for the survey's tests: a SQLite file, and a PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from huelab.survey.store import Store

Cluster = Callable[[], str]


def _program(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(newest[-1]) if newest else None


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else command


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """Gives the URL of a new, empty database of a server of this session, at each call; skips where no server can be started."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if not initdb or not pg_ctl:
        pytest.skip("no PostgreSQL server on this machine (initdb, pg_ctl)")
    if os.getuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    # not below pytest's own folder: it is closed to the user postgres
    folder = Path(tempfile.mkdtemp(prefix="huelab-pg-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(folder / "data")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    subprocess.run(_as_postgres([initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]), **quiet)
    options = f"-p {port} -k {folder} -c listen_addresses='' -c max_connections=200"
    subprocess.run(_as_postgres([pg_ctl, "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start"]), **quiet)
    made = 0

    def database() -> str:
        nonlocal made
        made += 1
        psql = ["psql", "-h", str(folder), "-p", str(port), "-U", "postgres", "-q", "-c", f"CREATE DATABASE lab{made}"]
        subprocess.run(_as_postgres(psql), **quiet)
        return f"postgresql+psycopg://postgres@/lab{made}?host={folder}&port={port}"

    try:
        yield database
    finally:
        subprocess.run(_as_postgres([pg_ctl, "-D", data, "-m", "immediate", "stop"]), check=False, stdout=subprocess.DEVNULL, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'survey.db'}"
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed (pip install 'huelab[postgresql]')")
    made: str = request.getfixturevalue("postgresql")()
    return made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open, empty survey database of either kind."""
    opened = Store.open(url)
    yield opened
    opened.close()
