"""Brings a survey database to the present schema, by Alembic; `versions/` holds one file per change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from huelab.errors import SurveyError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0001"
"""The newest file under versions/."""

_LOCK = 0x6875656C6162  # of PostgreSQL's advisory locks: "huelab"


def upgrade(engine: Engine) -> None:
    """Makes the tables, or brings older ones up to date; two processes take turns. Raises SurveyError for a schema of a newer huelab."""
    with engine.connect() as connection:
        if revision(connection) == HEAD:
            return
    from alembic import command
    from alembic.script import ScriptDirectory

    with engine.begin() as connection:  # of SQLite's writer: begins IMMEDIATE, so the second waits here
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = revision(connection)
        if found == HEAD:
            return
        config = configured(connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            place = engine.url.render_as_string(hide_password=True)
            raise SurveyError(
                f"{place} has schema {found!r}, which this version of huelab does not know (its newest is {HEAD!r}): "
                "it was written by a newer huelab. Upgrade huelab, or name another database."
            )
        command.upgrade(config, HEAD)


def configured(connection: Connection) -> Config:
    """Alembic's settings for this connection; no alembic.ini is needed."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def revision(connection: Connection) -> str | None:
    """The schema a database has; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
