"""Backup while people answer: SQLite's own backup, or pg_dump; the pictures of launched studies go along. And back again: restoring.py."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import text

from huelab import paths
from huelab.errors import SurveyError
from huelab.survey import audit, migrations
from huelab.survey.store import Store

DATABASE, DUMP, PICTURES, NOTE = "survey.db", "survey.dump", "stimuli", "backup.json"
"""What stands in the archive: one of the first two, the pictures, and when it was made, of which schema, and how the audit stood."""


def backup(store: Store, file: Path) -> audit.State:
    """Writes `file` (.tar), which only its owner may read: the database as it is at one moment, and the pictures. Gives the audit's state.

    A broken audit is backed up all the same. Raises SurveyError where the file exists, cannot be written, or the database is damaged.
    """
    if file.exists():
        raise SurveyError(f"{file} exists: name a new file, backups are never overwritten.")
    with store.read() as session:
        chain = audit.state(session)
    made = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    note = {"made": made, "schema": migrations.HEAD, "audit": chain.tree()}
    with _written(file), tempfile.TemporaryDirectory(dir=_made(file.parent)) as scratch:
        whole = Path(scratch) / file.name
        (Path(scratch) / NOTE).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
        saved = _copy(store, Path(scratch))
        with tarfile.open(whole, "w") as archive:
            archive.add(Path(scratch) / NOTE, NOTE)
            archive.add(saved, saved.name)
            if paths.survey_stimuli().is_dir():
                archive.add(paths.survey_stimuli(), PICTURES)
        whole.chmod(0o600)
        whole.replace(file)
    return chain


def note_of(file: Path) -> dict[str, Any]:
    """What a backup says of itself. Raises SurveyError for a file that is none."""
    try:
        with tarfile.open(file) as archive:
            inside = archive.extractfile(NOTE)
            found: dict[str, Any] = json.loads(inside.read()) if inside is not None else {}
            return found
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError) as error:
        raise SurveyError(f"{file} is no backup of a survey ({error}).") from None


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _written(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, tarfile.TarError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise SurveyError(
            f"{file} cannot be written ({why}): make room on that disk, or name another place. No part of it is left."
        ) from None


def _copy(store: Store, scratch: Path) -> Path:
    if store.sqlite:
        copy = scratch / DATABASE
        with contextlib.closing(sqlite3.connect(str(store.url.database))) as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            if (found := target.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                raise SurveyError(f"{store.place()} is damaged ({found}): put back an earlier backup with `huelab survey restore FILE`.")
        return copy
    dump = scratch / DUMP
    run("pg_dump", store, ["--format=custom", f"--file={dump}"])
    return dump


def run(program: str, store: Store | None, words: list[str]) -> str:
    """Runs one of PostgreSQL's programs, on the database of `store` if one is given; gives what it printed. Raises SurveyError."""
    if shutil.which(program) is None:
        raise SurveyError(f"{program} is not installed on this machine: install PostgreSQL's client programs, or back up on the server.")
    environment = dict(os.environ)
    if store is not None:
        url = store.url.set(drivername="postgresql")
        if url.password is not None:  # not on the command line, which everybody on this machine can read
            environment["PGPASSWORD"], url = str(url.password), url.set(password=None)
        words = [f"--dbname={url.render_as_string(hide_password=False)}", *words]
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SurveyError(f"{program}: {' '.join(done.stderr.split())[:500]}")
    return done.stdout


def check(store: Store) -> str:
    """The word ok, or what the database says is wrong with it."""
    with store.read() as session:
        if store.sqlite:
            return str(session.execute(text("PRAGMA integrity_check")).scalar())
        session.execute(text("SELECT count(*) FROM answer"))
        return "ok"
