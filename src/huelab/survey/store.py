"""The survey's database: SQLite under var/ (one guarded writer), or PostgreSQL by URL. A write is on disk before its block ends.

SQLite runs in WAL mode with synchronous=FULL: an acknowledged answer outlives a killed process and a power cut. All writers of this process
share one connection behind a lock; other processes wait for theirs (busy_timeout).
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from huelab import paths
from huelab.errors import SurveyError
from huelab.survey import migrations

VARIABLE = "HUELAB_SURVEY_URL"
BUSY_MS = 30_000
"""How long a writer waits for another process on SQLite."""
OLDEST_SERVER = 15
"""Of PostgreSQL, the major version."""
_READERS = 16
_POOL = 20

_to_json = functools.partial(json.dumps, allow_nan=False, ensure_ascii=False, sort_keys=True)


class Store:
    """An open database. `read` and `write` give sessions; the tables are `huelab.survey.schema`."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.sqlite = url.get_backend_name() == "sqlite"
        self._lock = threading.Lock()
        if self.sqlite:
            self._readers = _sqlite(url, "BEGIN", _READERS)
            self._writer = _sqlite(url, "BEGIN IMMEDIATE", 1)
            self._lookups = self._readers
        else:
            self._writer = _postgresql(url)
            self._readers = self._writer.execution_options(isolation_level="REPEATABLE READ")  # a snapshot: see `read`
            self._lookups = self._writer.execution_options(isolation_level="AUTOCOMMIT")  # saves two ways to the server and back

    @classmethod
    def open(cls, url: str | None = None) -> Store:
        """The database at `url` ($HUELAB_SURVEY_URL, else SQLite under var/), made or brought up to date first. Raises SurveyError."""
        store = cls.at(url)
        try:
            with store.explained():
                _require_place(store)
                migrations.upgrade(store._writer)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def at(cls, url: str | None = None) -> Store:
        """The same without touching it: to put a backup in its place."""
        return cls(_checked(url or os.environ.get(VARIABLE) or f"sqlite:///{paths.survey_database()}"))

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database, that of its first query, to the end; it changes nothing."""
        with self.explained(), Session(self._readers, expire_on_commit=False) as session:
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction: committed, to disk, when the block ends, or undone when it raises."""
        with self._guard(), self.explained(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """As `write`, of plain rows without mapped objects, which cost more than the database itself: every answer goes through it."""
        with self._guard(), self.explained(), self._writer.begin() as connection:
            yield connection

    def first(self, query: Select[Any], values: dict[str, Any]) -> Row[Any] | None:
        """The first row of a query that needs no transaction around it."""
        with self.explained(), self._lookups.connect() as connection:
            return connection.execute(query, values).first()

    def close(self) -> None:
        """Lets go of every connection."""
        self._writer.dispose()
        if self.sqlite:
            self._readers.dispose()

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turns what the database refuses into a SurveyError that says what to do."""
        try:
            yield
        except (IntegrityError, DataError, ProgrammingError):  # of what was written, not of the database
            raise
        except DBAPIError as error:
            raise SurveyError(_words(self, error)) from error

    def place(self) -> str:
        """Where it is, without a password."""
        return str(self.url.database) if self.sqlite else self.url.render_as_string(hide_password=True)

    def _guard(self) -> contextlib.AbstractContextManager[Any]:
        return self._lock if self.sqlite else contextlib.nullcontext()


def _checked(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise SurveyError(f"${VARIABLE} is {text!r}: expected postgresql+psycopg://USER@HOST/NAME or sqlite:////PATH/survey.db.") from None
    if url.get_backend_name() == "postgresql" and url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername == "postgresql+psycopg" and importlib.util.find_spec("psycopg") is None:
        raise SurveyError(f"${VARIABLE} names PostgreSQL, whose driver is not installed: pip install 'huelab[postgresql]'.")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise SurveyError(f"${VARIABLE} names {url.drivername!r}; allowed: sqlite, postgresql+psycopg.")
    return url


def _require_place(store: Store) -> None:
    """The folder of SQLite's file is made; a server must be new enough. Raises SurveyError."""
    if store.sqlite:
        folder = Path(str(store.url.database)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SurveyError(
                f"{folder} cannot be made for the survey's database ({error.strerror or error}): move away what is in its place, or mend "
                "the permissions of the folder above it."
            ) from None
        return
    with store._writer.connect() as connection:
        major = (connection.dialect.server_version_info or (0,))[0]
    if major < OLDEST_SERVER:
        raise SurveyError(f"The server at {store.place()} is PostgreSQL {major}: {OLDEST_SERVER} or later is needed.")


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=_POOL,
        max_overflow=_POOL,
        pool_pre_ping=True,
        json_serializer=_to_json,
        connect_args={"application_name": "huelab survey"},
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:  # whatever the server's own setting: an acknowledged answer is on disk
            cursor.execute("SET synchronous_commit = on")
        connection.commit()

    return engine


def _sqlite(url: URL, begin: str, connections: int) -> Engine:
    # the default pool of a file opens and closes a connection per session
    engine = create_engine(
        url,
        json_serializer=_to_json,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0 if connections == 1 else connections,
        connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver would begin transactions of its own kind, and late
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _words(store: Store, error: DBAPIError) -> str:
    text = " ".join(str(error.orig).split())
    where, low = store.place(), text.lower()
    if "locked" in low:
        return f"{where} is locked by another program ({text}): end that program and try again; nothing was changed."
    if "readonly" in low or "read-only" in low:
        return f"{where} may not be written ({text}): mend the permissions of the file and of its folder."
    if "full" in low:
        return f"{where} cannot grow ({text}): make room on that disk. What was answered before is kept."
    if "not a database" in low or "malformed" in low:
        return f"{where} is damaged ({text}): put back a backup with `huelab survey restore FILE`."
    if store.sqlite:
        return f"{where} cannot be used ({text})."
    return f"The database server at {where} does not answer as it should ({text}): start it, or mend ${VARIABLE}."
