"""A backup is worth what it restores: everything that was acknowledged before it began, and never over the heads of those who answer."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from huelab import paths
from huelab.errors import HuelabError, SurveyError
from huelab.run_lock import hold, share
from huelab.survey import answering, audit, auditing, backup, export, owners, restoring
from huelab.survey.schema import Answer, Audit
from huelab.survey.store import Store
from tests.survey.conftest import Launch, Launched

WRITERS = 10


def written_out(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


def test_what_was_acknowledged_before_a_backup_is_in_it_while_ten_go_on_answering(launch: Launch, tmp_path: Path) -> None:
    one = launch(trials=20, catches=2)
    acknowledged: set[tuple[int, str]] = set()
    tokens = [one.person() for _ in range(WRITERS)]
    before, over = threading.Event(), threading.Event()
    problems: list[BaseException] = []

    def answer(number: int) -> None:
        try:
            state = answering.current(one.store, tokens[number])
            while "trial" in state and not over.is_set():
                nonce = state["trial"]["nonce"]
                state = answering.answer(one.store, tokens[number], nonce, "left", rt_ms=900.0)["state"]
                acknowledged.add((number, nonce))
                if len(acknowledged) >= 3 * WRITERS:
                    before.set()
        except BaseException as error:
            problems.append(error)
            before.set()

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    before.wait()
    known = {nonce for _, nonce in tuple(acknowledged)}
    backup.backup(one.store, tmp_path / "kept.tar")
    over.set()
    for thread in threads:
        thread.join()
    assert problems == []
    pictures = {file.name for file in paths.survey_stimuli().iterdir()}
    url = written_out(one.store)
    with one.store.write() as session:
        session.execute(text("DELETE FROM answer"))
    one.store.close()
    shutil.rmtree(paths.survey_stimuli())
    before_it = restoring.restore(url, tmp_path / "kept.tar")
    again = Store.open(url)
    with again.read() as session:
        nonces = set(session.scalars(text("SELECT trial.nonce FROM answer JOIN trial USING (participant_id, k)")))
        assert audit.verify(session) is None
    again.close()
    assert len(known) >= 3 * WRITERS
    assert known <= nonces
    assert {file.name for file in paths.survey_stimuli().iterdir()} == pictures
    assert Path(before_it).exists(), "what was there before is kept"


@pytest.fixture
def served(project: Path) -> Iterator[subprocess.Popen[str]]:
    """`huelab survey serve` as it is really run."""
    environment = {**os.environ, "HUELAB_ROOT": str(project)}
    environment.pop("HUELAB_SURVEY_URL", None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "huelab.cli", "survey", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert "participants' page" in server.stdout.readline()
            yield server
        finally:
            server.kill()


def test_a_restore_under_a_running_server_is_refused_and_names_it(served: subprocess.Popen[str], project: Path, tmp_path: Path) -> None:
    """It went on writing acknowledged answers to the file that had been moved away."""
    store = Store.open()
    backup.backup(store, tmp_path / "kept.tar")
    store.close()
    with pytest.raises(SurveyError, match=rf"stop it first.*process {served.pid} on .*survey serve"):
        restoring.restore(None, tmp_path / "kept.tar")
    served.kill()
    served.wait()
    assert restoring.restore(None, tmp_path / "kept.tar").endswith("survey.db.before-restore")


def test_no_server_starts_during_a_restore(project: Path) -> None:
    with hold(restoring.LOCK), pytest.raises(HuelabError, match=f"Already running: process {os.getpid()}"), share(restoring.LOCK):
        pass
    with share(restoring.LOCK), share(restoring.LOCK):
        pass
    with hold(restoring.LOCK):
        assert [file.name for file in paths.lock("x").parent.glob("survey.*")] == ["survey.lock"]


def test_postgresql_names_a_server_on_another_machine(launch: Launch, tmp_path: Path) -> None:
    one = launch()
    if one.store.sqlite:
        pytest.skip("SQLite's file is on one machine")
    backup.backup(one.store, tmp_path / "kept.tar")
    with pytest.raises(SurveyError, match=r"is in use: huelab survey from local since"):
        restoring.restore(written_out(one.store), tmp_path / "kept.tar")


def test_a_backup_of_a_newer_huelab_changes_nothing(launch: Launch, tmp_path: Path) -> None:
    one = launch()
    url = written_out(one.store)
    with one.store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    backup.backup(one.store, tmp_path / "kept.tar")
    with one.store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        session.execute(text("DELETE FROM audit"))
    one.store.close()
    with pytest.raises(SurveyError, match=r"newer huelab \(schema 9999; the newest known here is 0001\)"):
        restoring.restore(url, tmp_path / "kept.tar")
    again = Store.open(url)
    with again.read() as session:
        assert session.scalar(select(func.count()).select_from(Audit)) == 0, "as it was before"
    again.close()


def test_a_backup_is_its_owners_alone_and_says_how_the_audit_stood(launch: Launch, tmp_path: Path) -> None:
    one = launch()
    state = backup.backup(one.store, tmp_path / "kept.tar")
    assert (tmp_path / "kept.tar").stat().st_mode & 0o077 == 0
    assert auditing.kept_in(tmp_path / "kept.tar") == state.tree()
    assert state.rows == 2
    with tarfile.open(tmp_path / "kept.tar") as archive:
        assert len([name for name in archive.getnames() if name.startswith("stimuli/")]) > 100


def test_a_cut_off_end_of_the_audit_shows_against_an_export_and_a_backup(launch: Launch, tmp_path: Path) -> None:
    """Within the database nothing tells it: what is left is a whole chain."""
    one = launch()
    owners.pause(one.store, one.version, who="ann", why="regret")
    export.write(one.store, one.version, tmp_path / "out", who="owner")
    backup.backup(one.store, tmp_path / "kept.tar")
    places = (tmp_path / "out" / "study.json", tmp_path / "kept.tar")
    with one.store.read() as session:
        assert all(audit.continues(session, auditing.kept_in(place)) for place in places)
    with one.store.write() as session:
        session.execute(text("DELETE FROM audit WHERE what IN ('paused', 'export')"))
    with one.store.read() as session:
        assert audit.state(session).broken is None, "which is why it is kept elsewhere"
        assert not any(audit.continues(session, auditing.kept_in(place)) for place in places)
    with one.store.write() as session:
        audit.append(session, who="ann", what="something else", subject="x")
    with one.store.read() as session:
        assert not any(audit.continues(session, auditing.kept_in(place)) for place in places)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(SurveyError, match="says nothing of the audit"):
        auditing.kept_in(tmp_path / "other.json")


def test_a_broken_audit_stops_no_backup_and_no_export_and_is_said_in_both(launch: Launch, tmp_path: Path) -> None:
    one = launch()
    with one.store.write() as session:
        session.execute(text("UPDATE audit SET who = 'nobody' WHERE what = 'create'"))
    state = backup.backup(one.store, tmp_path / "kept.tar")
    assert state.broken is not None
    assert state.words().startswith(f"THE AUDIT IS BROKEN: row {state.broken}")
    export.write(one.store, one.version, tmp_path / "out", who="owner")
    assert json.loads((tmp_path / "out" / "study.json").read_text())["audit"]["broken"] == state.broken


@pytest.mark.parametrize("place", ["/proc/nope/k.tar", "study.json/k.tar"])
def test_a_place_that_cannot_be_written_is_said(launch: Launch, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(SurveyError, match=r"k\.tar cannot be written"):
        backup.backup(launch().store, Path(place))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB; skips where none can be made."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("no small disk can be mounted here (needs root)")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=False)


def filled(disk: Path) -> None:
    with (disk / "full").open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError:
            pass


def test_a_full_disk_stops_a_backup_and_leaves_nothing_half(launch: Launch, small_disk: Path) -> None:
    one = launch()
    with pytest.raises(SurveyError, match=r"kept\.tar cannot be written .*make room"):
        backup.backup(one.store, small_disk / "kept.tar")
    assert list(small_disk.iterdir()) == []
    assert backup.check(one.store) == "ok"


def test_a_full_disk_stops_a_launch_and_the_draft_can_be_launched_later(launch: Launch, small_disk: Path, project: Path) -> None:
    one = launch()
    draft = owners.create(one.store, one.study, one.rendered, who="owner")
    shutil.rmtree(paths.survey_stimuli())
    (small_disk / "stimuli").mkdir()
    filled(small_disk)
    paths.survey_stimuli().symlink_to(small_disk / "stimuli")
    with pytest.raises(SurveyError, match=r"pictures cannot be kept in .*stimuli.*make room on that disk.*The study is as it was"):
        owners.launch(one.store, draft, one.rendered, who="owner", consent="I agree.")
    paths.survey_stimuli().unlink()
    owners.launch(one.store, draft, one.rendered, who="owner", consent="I agree.")


def test_a_full_disk_stops_a_restore_and_what_is_there_stays(launch: Launch, small_disk: Path, tmp_path: Path) -> None:
    one = launch()
    if not one.store.sqlite:
        pytest.skip("PostgreSQL's disk is not ours to fill")
    backup.backup(one.store, tmp_path / "kept.tar")
    one.store.close()
    place = small_disk / "survey.db"
    place.write_bytes(b"what is there")
    filled(small_disk)
    with pytest.raises(SurveyError, match=r"kept\.tar cannot be put in place .*make room"):
        restoring.restore(f"sqlite:///{place}", tmp_path / "kept.tar")
    assert place.read_bytes() == b"what is there"
    assert sorted(file.name for file in small_disk.iterdir()) == ["full", "survey.db"]


def test_an_answer_that_cannot_be_stored_is_not_acknowledged(launch: Launch) -> None:
    one = launch()
    if not one.store.sqlite:
        pytest.skip("PostgreSQL has no such pragma")
    token = one.person()
    nonce = answering.current(one.store, token)["trial"]["nonce"]
    with one.store._writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = 1")
    with pytest.raises(SurveyError, match=r"may not be written .*mend the permissions"):
        answering.answer(one.store, token, nonce, "left", rt_ms=900.0)
    one.store._writer.dispose()  # opened anew it may write
    assert answering.answer(one.store, token, nonce, "left", rt_ms=900.0)["stored"] is True
    assert taken(one) == 1


def taken(one: Launched) -> int:
    with one.store.read() as session:
        return session.scalar(select(func.count()).select_from(Answer)) or 0
