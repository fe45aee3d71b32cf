"""A backup put in place of the database, where no server runs: a running one would go on writing answers to the old file."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from huelab import paths
from huelab.errors import HuelabError, SurveyError
from huelab.run_lock import hold
from huelab.survey import migrations
from huelab.survey.backup import DATABASE, DUMP, PICTURES, backup, run
from huelab.survey.store import Store

LOCK = "survey"
"""Every server shares it (run_lock.share); a restore holds it alone."""


def restore(url: str | None, file: Path) -> str:
    """Puts a backup in place of the database at `url` (as Store.open has it). Gives where the former one is kept, "" for nothing.

    Raises SurveyError, before anything is changed, while a server or anybody else uses the database (naming them), for a file that is no
    backup, or of the other kind of database, or of a newer huelab.
    """
    store = Store.at(url)
    try:
        with _alone(), _unpacked(file) as scratch:
            found = scratch / (DATABASE if store.sqlite else DUMP)
            if not found.is_file():
                kind = "PostgreSQL" if store.sqlite else "SQLite"
                raise SurveyError(f"{file} is a backup of {kind}, or of nothing: {store.place()} is of the other kind.")
            _require_known(_schema(found))
            if not store.sqlite:
                _require_unused(store)
            try:
                if (pictures := scratch / PICTURES).is_dir():  # first: they are named by content, and take no other's place
                    shutil.copytree(pictures, paths.survey_stimuli(), dirs_exist_ok=True)
                before = _put_file(store, found) if store.sqlite else _put_dump(store, found)
            except OSError as error:
                raise SurveyError(f"{file} cannot be put in place ({error.strerror or error}): make room, or mend permissions.") from None
    finally:
        store.close()
    return before


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(hold(LOCK))
        except HuelabError as error:
            raise SurveyError(f"A server uses the survey: stop it first (answers given meanwhile would be lost). {error}") from None
        yield


@contextlib.contextmanager
def _unpacked(file: Path) -> Iterator[Path]:
    with contextlib.ExitStack() as held:
        try:
            paths.var().mkdir(parents=True, exist_ok=True)
            scratch = held.enter_context(tempfile.TemporaryDirectory(dir=paths.var()))
            with tarfile.open(file) as archive:
                archive.extractall(scratch, filter="data")
        except (OSError, EOFError, tarfile.TarError) as error:
            raise SurveyError(f"{file} is no backup of a survey, or cannot be unpacked under {paths.var()} ({error}).") from None
        yield Path(scratch)


def _schema(found: Path) -> str | None:
    """The schema of the database in a backup."""
    if found.name == DUMP:
        lines = iter(run("pg_restore", None, ["--data-only", "--table=alembic_version", "--file=-", str(found)]).splitlines())
        return next((next(lines, None) for line in lines if line.startswith("COPY ")), None)
    with contextlib.closing(sqlite3.connect(found)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise SurveyError(f"The database in the backup is damaged ({error}).") from None
    return None if row is None else str(row[0])


def _require_known(schema: str | None) -> None:
    if schema is None or schema > migrations.HEAD:
        newest = f"the newest known here is {migrations.HEAD}"
        raise SurveyError(f"The backup is of a newer huelab (schema {schema}; {newest}): upgrade huelab first.")


def _require_unused(store: Store) -> None:
    """A server on another machine does not see our lock file, but PostgreSQL sees the server."""
    others = text(
        "SELECT pid, application_name, coalesce(host(client_addr), 'local'), backend_start FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    with store.read() as session:
        found = [
            f"{name or 'a program'} from {place} since {since:%Y-%m-%d %H:%M}, process {pid}"
            for pid, name, place, since in session.execute(others)
        ]
    if found:
        raise SurveyError(f"{store.place()} is in use: {'; '.join(found)}. Stop the servers first: answers given meanwhile would be lost.")


def _put_dump(store: Store, found: Path) -> str:
    before = ""
    with store._writer.connect() as connection:
        there = migrations.revision(connection) is not None
    if there:
        kept = paths.survey_backups() / f"before-restore-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.tar"
        backup(store, kept)
        before = str(kept)
    run("pg_restore", store, ["--clean", "--if-exists", "--no-owner", "--single-transaction", str(found)])
    return before


def _put_file(store: Store, found: Path) -> str:
    place = Path(str(store.url.database))
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        shutil.copyfile(found, temporary)  # whole on that disk before the old one goes
        aside = place.with_name(f"{place.name}.before-restore")
        there = place.exists()
        for suffix in ("-wal", "-shm", ""):
            old = place.with_name(place.name + suffix)
            kept = aside.with_name(aside.name + suffix)
            kept.unlink(missing_ok=True)
            if old.exists():
                old.replace(kept)
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)
    return str(aside) if there else ""
