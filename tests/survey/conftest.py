"""Real databases for the survey's tests: a SQLite file, and a PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from huelab.survey import owners, people
from huelab.survey.store import Store
from huelab.survey.study import Study
from tests.survey.walked import browser, site  # noqa: F401  # fixtures

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


@dataclass(frozen=True)
class Launched:
    """A study that people can take."""

    store: Store
    study: Study
    version: str
    rendered: Path

    def link(self, **settings: Any) -> str:
        """A fresh link."""
        return owners.invite(self.store, self.version, who="owner", **settings)[0]

    def person(self) -> str:
        """The token of somebody who has just begun the trials."""
        token = people.join(self.store, self.link())
        people.consent(self.store, token, CONSENT)
        people.display(self.store, token, {"viewport": [1280, 800]})
        people.screened(self.store, token, {"class": "normal"})
        people.ready(self.store, token)
        return token


CONSENT = hashlib.sha256(b"I agree.").hexdigest()
Launch = Callable[..., Launched]


def rendered(folder: Path, models: tuple[str, ...] = ("beta", "zhang"), *, practice: int = 6, main: int = 24) -> Path:
    """What stage stimuli leaves, with small flat pictures: their looks are not at stake."""
    (folder / "pictures").mkdir(parents=True)
    pictures = []
    for number in range(practice + main):
        for place, (kind, model) in enumerate([("real", ""), ("catch", ""), *(("model", name) for name in models)]):
            png = io.BytesIO()
            Image.new("RGB", (16, 16), (number * 5, 40 * place, 90)).save(png, "PNG")
            sha256 = hashlib.sha256(png.getvalue()).hexdigest()
            (folder / "pictures" / f"{sha256}.png").write_bytes(png.getvalue())
            facts = {"photo_id": f"photo{number:02d}", "path": f"{number}.jpg", "label": "", "kind": kind, "model": model}
            facts |= {"role": "practice" if number < practice else "main", "file": f"pictures/{sha256}.png", "sha256": sha256}
            pictures.append({**facts, "width": 16, "height": 16, "bytes": len(png.getvalue()), "lightness_error": 0.4})
    whole = {"renderer": "test", "data_hash": "0123456789ab", "split_by": "photo", "protocol": "p", "side": 16, "real_roundtrip": True}
    whole |= {"catch": "hue", "models": {name: {"title": name, "content": f"of-{name}"} for name in models}, "pictures": pictures}
    (folder / "manifest.json").write_text(json.dumps(whole))
    return folder


@pytest.fixture
def launch(store: Store, project: Path, tmp_path: Path) -> Launch:
    """Launches a small study with the settings given, on either database."""

    def make(**settings: Any) -> Launched:
        study = Study(**{"title": "Which is real?", "models": ("beta", "zhang"), "trials": 8, "catches": 2, "block": 5, **settings})
        folder = tmp_path / f"stimuli-{study.sha256()[:8]}"
        if not folder.exists():
            rendered(folder, study.models)
        version = owners.create(store, study, folder, who="owner")
        owners.launch(store, version, folder, who="owner", consent="I agree.")
        return Launched(store, study, version, folder)

    return make
