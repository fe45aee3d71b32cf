"""A tracking database that another release of MLflow made: an older one is brought up to date, a newer one is named."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from huelab.errors import HuelabError

_opened: set[Path] = set()


def make_again(database: Path) -> None:
    """Makes the tables of a database that is gone although this process used it: MLflow itself looks for them once per process."""
    if database in _opened and not database.exists():
        _upgrade(database)
    _opened.add(database)


def is_other(error: Exception) -> bool:
    """Whether MLflow refused a database because of its schema; it says "out-of-date" of a newer one too."""
    return "database schema" in str(error)


def bring_up_to_date(database: Path, say: Callable[[str], None]) -> None:
    """Migrates `database` by `mlflow db upgrade`, after a copy. Raises HuelabError where a newer MLflow made it, or where that fails."""
    import mlflow
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    revision = _revision(database)
    try:
        ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations")).get_revision(revision)
    except CommandError:
        raise HuelabError(
            f"{database} was made by a newer MLflow (its schema {revision} is unknown to MLflow {mlflow.__version__}, which is installed "
            f"here): upgrade huelab, or move the file away (mv {database} {database}.newer), then run `huelab track sync`, which makes a "
            "new one from work/."
        ) from None
    copy = database.with_name(f"{database.name}.{revision}")
    shutil.copyfile(database, copy)
    if why := _upgrade(database):
        shutil.copyfile(copy, database)
        raise HuelabError(
            f"{database} was made by an older MLflow and cannot be brought up to date ({why}): move it away (mv {database} "
            f"{database}.older), then run `huelab track sync`, which makes a new one from work/."
        )
    say(f"{database.name} was made by an older MLflow: brought up to date; as it was before it lies in {copy.name}")


def _upgrade(database: Path) -> str:
    """Why it failed, in a line; "" where it did not."""
    command = [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{database}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:300] if done.returncode else ""


def _revision(database: Path) -> str:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""
