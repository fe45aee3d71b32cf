"""Backup and restore while people answer: SQLite's own backup, or pg_dump; the pictures of launched studies go along."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from pathlib import Path

from sqlalchemy import text

from huelab import paths
from huelab.errors import SurveyError
from huelab.run_lock import hold
from huelab.survey import migrations
from huelab.survey.store import Store

DATABASE, DUMP, PICTURES = "survey.db", "survey.dump", "stimuli"


def backup(store: Store, file: Path) -> None:
    """Writes `file` (.tar): the database as it is at one moment, and the pictures. Raises SurveyError where it cannot be written."""
    if file.exists():
        raise SurveyError(f"{file} exists: name a new file, backups are never overwritten.")
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        whole = Path(scratch) / file.name
        with tarfile.open(whole, "w") as archive:
            saved = _copy(store, Path(scratch))
            archive.add(saved, saved.name)
            if paths.survey_stimuli().is_dir():
                archive.add(paths.survey_stimuli(), PICTURES)
        whole.replace(file)


def _copy(store: Store, scratch: Path) -> Path:
    if store.sqlite:
        copy = scratch / DATABASE
        with contextlib.closing(sqlite3.connect(str(store.url.database))) as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            if (found := target.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                raise SurveyError(f"{store.place()} is damaged ({found}): put back an earlier backup with `huelab survey restore FILE`.")
        return copy
    dump = scratch / DUMP
    _run("pg_dump", store, ["--format=custom", f"--file={dump}"])
    return dump


def restore(url: str | None, file: Path) -> None:
    """Puts a backup in place of the database at `url` (as Store.open has it). What was there before is kept beside it, or in its own dump.

    Stop every server first. Raises SurveyError for a file that is no backup, or of the other kind of database; nothing is changed then.
    """
    store = Store.at(url)
    try:
        with hold("survey"), tempfile.TemporaryDirectory() as scratch:
            try:
                with tarfile.open(file) as archive:
                    archive.extractall(scratch, filter="data")
            except (OSError, tarfile.TarError) as error:
                raise SurveyError(f"{file} is no backup of a survey ({error}).") from None
            found = Path(scratch) / (DATABASE if store.sqlite else DUMP)
            if not found.is_file():
                kind = "PostgreSQL" if store.sqlite else "SQLite"
                raise SurveyError(f"{file} is a backup of {kind}, or of nothing: {store.place()} is of the other kind.")
            _put_back(store, found)
            if (pictures := Path(scratch) / PICTURES).is_dir():
                shutil.copytree(pictures, paths.survey_stimuli(), dirs_exist_ok=True)
    finally:
        store.close()


def _put_back(store: Store, found: Path) -> None:
    if not store.sqlite:
        _run("pg_restore", store, ["--clean", "--if-exists", "--no-owner", "--single-transaction", str(found)])
        return
    with contextlib.closing(sqlite3.connect(found)) as connection:
        try:
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise SurveyError(f"the database in the backup is damaged ({error}).") from None
    if revision is None or revision[0] > migrations.HEAD:
        raise SurveyError(f"the backup is of a newer huelab (schema {revision[0] if revision else None}): upgrade huelab first.")
    place = Path(str(store.url.database))
    place.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        old = place.with_name(place.name + suffix)
        if old.exists():
            old.replace(place.with_name(f"{place.name}.before-restore{suffix}"))
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    shutil.copyfile(found, temporary)
    temporary.replace(place)


def _run(program: str, store: Store, words: list[str]) -> None:
    if shutil.which(program) is None:
        raise SurveyError(f"{program} is not installed on this machine: install PostgreSQL's client programs, or back up on the server.")
    url = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run([program, f"--dbname={url}", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SurveyError(f"{program}: {' '.join(done.stderr.split())[:500]}")


def check(store: Store) -> str:
    """The word ok, or what the database says is wrong with it."""
    with store.read() as session:
        if store.sqlite:
            return str(session.execute(text("PRAGMA integrity_check")).scalar())
        session.execute(text("SELECT count(*) FROM answer"))
        return "ok"
