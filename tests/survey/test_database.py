"""Votes must survive: what was acknowledged is on disk, what cannot be stored is said, and a newer database is left alone."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from huelab.errors import SurveyError
from huelab.survey import audit, migrations
from huelab.survey.schema import Audit, Base, Survey
from huelab.survey.store import Store

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))


def survey(name: str) -> Survey:
    return Survey(id=name, title="Gräser & <b>", created_at=NOON, created_by="me")


def test_what_was_written_is_read_again_with_its_time_zone(store: Store, url: str) -> None:
    with store.write() as session:
        session.add(survey("a"))
    store.close()
    again = Store.open(url)
    with again.read() as session:
        found = session.get_one(Survey, "a")
        assert (found.title, found.created_at) == ("Gräser & <b>", NOON)
        assert found.created_at.utcoffset() == dt.timedelta(0)
    again.close()


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.write() as session:
            session.add(survey("a"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Survey)) == 0


def test_many_writers_at_once_lose_nothing(store: Store) -> None:
    def write(worker: int) -> None:
        for number in range(10):
            with store.write() as session:
                session.add(survey(f"{worker}-{number}"))
                audit.append(session, who="me", what="create", subject=f"{worker}-{number}")

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Survey)) == 80
        assert audit.verify(session) is None, "each row of the audit follows exactly one other"


def test_a_number_that_is_none_and_a_time_without_zone_are_refused(store: Store) -> None:
    with pytest.raises((StatementError, ValueError)), store.write() as session:
        audit.append(session, who="me", what="x", subject="y", after={"rate": float("nan")})
    with pytest.raises((StatementError, ValueError)), store.write() as session:
        session.add(Survey(id="a", title="t", created_at=dt.datetime(2026, 3, 1), created_by="me"))


def test_keys_hold_on_both_databases(store: Store) -> None:
    with store.write() as session:
        session.add(survey("a"))
    with pytest.raises(IntegrityError), store.write() as session:
        session.execute(text("INSERT INTO survey (id, title, created_at, created_by) VALUES ('a', 't', '2026-01-01', 'me')"))


def test_a_changed_or_removed_row_of_the_audit_shows(store: Store) -> None:
    with store.write() as session:
        rows = [audit.append(session, who="me", what="pause", subject=str(number), after={"n": number}, why="ü") for number in range(4)]
        ids = [row.id for row in rows]
    with store.read() as session:
        assert audit.verify(session) is None
    with store.write() as session:
        session.execute(update(Audit).where(Audit.id == ids[1]).values(who="nobody"))
    with store.read() as session:
        assert audit.verify(session) == ids[1]
    with store.write() as session:
        session.execute(text("DELETE FROM audit WHERE id = :id"), {"id": ids[1]})
    with store.read() as session:
        assert audit.verify(session) == ids[2]


def test_the_migrations_make_what_the_code_expects(url: str) -> None:
    from alembic import command
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    store = Store.open(url)
    with store._writer.begin() as connection:
        config = migrations.configured(connection)
        assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata) == []
        command.downgrade(config, "base")
    with store._writer.begin() as connection:
        assert migrations.revision(connection) is None or not connection.dialect.has_table(connection, "answer")
    store.close()
    Store.open(url).close()


def test_processes_that_start_together_make_one_database(url: str) -> None:
    problems: list[Exception] = []

    def start() -> None:
        try:
            Store.open(url).close()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_database_of_a_newer_huelab_is_left_alone(url: str) -> None:
    store = Store.open(url)
    with store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(SurveyError, match=r"schema '9999'.*Upgrade huelab"):
        Store.open(url)


def test_a_locked_database_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huelab.survey.store.BUSY_MS", 100)
    file = tmp_path / "survey.db"
    store = Store.open(f"sqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(SurveyError, match=r"survey\.db is locked by another program"), store.write() as session:
        session.add(survey("a"))
    other.execute("ROLLBACK")
    other.close()
    with store.write() as session:
        session.add(survey("a"))
    store.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "survey.db"
    file.write_bytes(b"no database, " * 100)
    with pytest.raises(SurveyError, match=r"survey\.db is damaged.*huelab survey restore"):
        Store.open(f"sqlite:///{file}")


def test_a_full_disk_is_said_and_what_stood_is_kept(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'survey.db'}")
    with store.write() as session:
        session.add(survey("a"))
    with store._writer.connect() as connection:  # the file may not grow: what a full disk looks like to SQLite
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SurveyError, match="make room on that disk"), store.write() as session:
        session.add_all(Survey(id=f"{number:016d}", title="x" * 200, created_at=NOON, created_by="me") for number in range(2000))
    with store.read() as session:
        assert session.scalars(select(Survey.id)).all() == ["a"]
    store.close()


def test_an_answer_is_on_disk_before_it_is_acknowledged(store: Store) -> None:
    """A power cut would take what is only in the system's memory: nothing else tells when somebody loosens these."""
    if not store.sqlite:
        for engine in (store._writer, store._readers):
            with engine.connect() as connection:
                assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        return
    settings = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    for engine in (store._writer, store._readers):
        with engine.connect() as connection:
            assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in settings} == settings


def test_a_server_that_does_not_wait_for_its_disk_is_made_to(postgresql: Callable[[], str]) -> None:
    pytest.importorskip("psycopg")
    url = postgresql()
    store = Store.open(url)
    with store.write() as session:
        session.execute(text(f"ALTER DATABASE {store.url.database} SET synchronous_commit = off"))
    store.close()
    store = Store.open(url)
    with store.write() as session:
        assert session.scalar(text("SHOW synchronous_commit")) == "on"
    store.close()


def test_what_is_read_together_is_of_one_moment(store: Store) -> None:
    """An export counts people first and reads their answers then."""
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Survey)) == 0
        with store.write() as other:
            other.add(survey("a"))
        assert session.scalar(select(func.count()).select_from(Survey)) == 0
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Survey)) == 1


def test_a_server_that_is_too_old_is_named(postgresql: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setattr("huelab.survey.store.OLDEST_SERVER", 1000)
    with pytest.raises(SurveyError, match=r"is PostgreSQL \d\d: 1000 or later is needed"):
        Store.open(postgresql())


def test_a_file_that_may_only_be_read_is_named(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'survey.db'}")
    with store._writer.connect() as connection:  # what a file of somebody else looks like to SQLite; root may write any
        connection.exec_driver_sql("PRAGMA query_only = 1")
    with pytest.raises(SurveyError, match=r"survey\.db may not be written .*mend the permissions"), store.write() as session:
        session.add(survey("a"))
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Survey)) == 0
    store.close()


@pytest.mark.parametrize("place", ["folder", "file/survey.db"])
def test_a_place_where_no_database_can_be_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SurveyError, match=r"cannot be (used|made)"):
        Store.open(f"sqlite:///{tmp_path / place}")


@pytest.mark.parametrize("url", ["mysql://lab", "postgresql:/nonsense"])
def test_a_url_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(SurveyError, match="HUELAB_SURVEY_URL"):
        Store.open(url)


def test_a_server_that_is_not_there_is_named() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(SurveyError, match=r"127\.0\.0\.1:1/lab.*does not answer"):
        Store.open("postgresql+psycopg://lab:secret@127.0.0.1:1/lab")
