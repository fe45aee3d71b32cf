"""What people were promised: to be forgotten, to be given all that is kept, and that nothing outlives its purpose."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading

import pytest
from sqlalchemy import select, update

from huelab import paths
from huelab.errors import SurveyError
from huelab.survey import answering, audit, owners, people, privacy, salts
from huelab.survey.refusal import Refused
from huelab.survey.schema import Answer, Audit, Event, Invite, Participant, Trial, Version
from tests.survey.conftest import CONSENT, Launch, Launched

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def answered(one: Launched, token: str, most: int = 100) -> str:
    """Answers trials; gives the person's deletion code."""
    state = answering.current(one.store, token)
    for _ in range(most):
        if "trial" not in state:
            break
        frames = {"first": 1.5, "last": 1001.5}
        reply = answering.answer(
            one.store, token, state["trial"]["nonce"], "left", rt_ms=900.0, shown_ms=1000.0, frames=frames, flags=["blurred"]
        )
        state = reply["state"]
    return str(state["deletion_code"])


def people_of(one: Launched) -> list[Participant]:
    with one.store.read() as session:
        return list(session.scalars(select(Participant).order_by(Participant.joined_at, Participant.id)))


def test_what_stays_of_a_deleted_person_is_no_trace_of_them(launch: Launch) -> None:
    one = launch()
    token = people.join(one.store, one.link(), language="de", address_hash="a" * 64)
    people.consent(one.store, token, CONSENT)
    people.display(one.store, token, {"viewport": [1280, 800]})
    people.screened(one.store, token, {"class": "typical"})
    people.ready(one.store, token)
    code = answered(one, token)
    people.happened(one.store, token, "problem", {"text": "it flickers"})
    (before,) = people_of(one)
    assert before.state == "complete"
    privacy.delete_me(one.store, code)
    (left,) = people_of(one)
    kept = {column.key: getattr(left, column.key) for column in Participant.__table__.columns if getattr(left, column.key)}
    days = {
        name: getattr(before, name).replace(hour=0, minute=0, second=0, microsecond=0) for name in ("joined_at", "seen_at", "completed_at")
    }
    assert {name: kept.pop(name) for name in days} == days, "the day, not the time"
    kept.pop("cell", None)
    assert kept == {"id": before.id, "version_id": one.version, "state": "deleted"}
    with one.store.read() as session:
        for table in (Trial, Answer, Event):
            assert session.scalars(select(table)).all() == []
        told = json.dumps([[row.who, row.what, row.subject, row.after, row.why] for row in session.scalars(select(Audit))])
        assert "flickers" not in told
        assert code not in told
        assert audit.verify(session) is None
    with pytest.raises(Refused):
        privacy.export_my_data(one.store, code)
    with pytest.raises(Refused):
        answering.current(one.store, token)


def test_a_deletion_moves_no_look_to_another_moment(launch: Launch) -> None:
    """Of five complete people the fourth is deleted: the third is still the third, and the fifth the fifth."""
    one = launch(people=5)
    codes = [answered(one, one.person()) for _ in range(5)]
    with one.store.write() as session:
        for number, person in enumerate(session.scalars(select(Participant).order_by(Participant.completed_at))):
            person.completed_at = NOW + dt.timedelta(hours=number)
    privacy.delete_me(one.store, codes[3])
    privacy.delete_me(one.store, codes[0])
    with one.store.read() as session:
        rows = session.execute(select(Participant.completed_at, Participant.state).order_by(Participant.completed_at)).all()
    hours = [2, 2, 4]  # of the fourth what was known when the third was complete
    assert [at for at, _ in rows] == [NOW.replace(hour=0), *(NOW + dt.timedelta(hours=hour) for hour in [1, *hours])]
    assert [state for at, state in rows if at in (NOW.replace(hour=0), NOW + dt.timedelta(hours=1))] == ["deleted", "complete"]


def test_somebody_is_given_all_that_is_kept_of_them(launch: Launch) -> None:
    one = launch(screening=False)
    token = people.join(one.store, one.link(), language="de", address_hash="a" * 64)
    people.consent(one.store, token, CONSENT)
    people.display(one.store, token, {"viewport": [1280, 800]})
    people.ready(one.store, token)
    people.happened(one.store, token, "shown", {"nonce": answering.current(one.store, token)["trial"]["nonce"]})
    people.happened(one.store, token, "problem", {"text": "it flickers"})
    code = answered(one, token)
    given = privacy.export_my_data(one.store, code)
    json.dumps(given, allow_nan=False)
    (person,) = people_of(one)
    assert set(given["participant"]) == set(Participant.__table__.columns.keys())
    for name, value in {"address_hash": "a" * 64, "consent_sha256": CONSENT, "language": "de", "invite_id": person.invite_id}.items():
        assert given["participant"][name] == value
    assert given["participant"]["completion_code"] == person.completion_code != ""
    assert len(given["answers"]) == 16
    with one.store.read() as session:
        rows = dict(session.execute(select(Trial.k, Trial.photo_id)).all())
    for number, row in enumerate(given["answers"]):
        assert (row["choice"], row["rt_ms"], row["shown_ms"], row["flags"]) == ("left", 900.0, 1000.0, ["blurred"])
        assert row["frames"] == {"first": 1.5, "last": 1001.5}
        assert row["photo_id"] == rows[number]
        assert row["issued_at"] is not None
    assert given["answers"][0]["exposures"] == 1
    assert len(given["answers"][0]["shown"]) == 2
    assert [event["detail"] for event in given["events"] if event["kind"] == "problem"] == [{"text": "it flickers"}]


def test_who_asks_half_way_is_not_told_the_answers(launch: Launch) -> None:
    """The code is shown from the consent on: what it gives must not say which side is fake."""
    one = launch()
    token = one.person()
    code = answered(one, token, most=8)
    text = json.dumps(privacy.export_my_data(one.store, code)["answers"])
    for word in ("fake_side", "role", "catch", "practice", "beta", "zhang", "real"):
        assert word not in text
    shown = len(privacy.export_my_data(one.store, code)["answers"])
    assert 8 <= shown <= 10, "trials that were not shown yet say nothing of the person"
    owners.close(one.store, one.version, who="owner")
    assert "fake_side" in json.dumps(privacy.export_my_data(one.store, code)["answers"])


def test_retention_deletes_people_of_closed_studies_when_it_is_over_and_no_others(launch: Launch) -> None:
    one, open_one = launch(retention_days=30), launch(retention_days=30, seed=1)
    tokens = [one.person(), one.person()]
    code = answered(one, tokens[0])
    open_one.person()
    owners.close(one.store, one.version, who="owner")
    with one.store.read() as session:
        closed = session.get_one(Version, one.version).closed_at
    assert closed is not None
    assert privacy.sweep(one.store, now=closed + dt.timedelta(days=29)) == 0
    assert len(privacy.export_my_data(one.store, code)["answers"]) == 16
    assert privacy.sweep(one.store, now=closed + dt.timedelta(days=31)) == 2
    assert privacy.sweep(one.store, now=closed + dt.timedelta(days=32)) == 0, "once is enough"
    assert sorted(person.state for person in people_of(one)) == ["active", "deleted", "deleted"]
    with one.store.read() as session:
        assert session.scalars(select(Answer)).all() == []
        rows = list(session.scalars(select(Audit).where(Audit.what == "delete participant")))
        assert {(row.who, row.why) for row in rows} == {("retention", f"closed {closed.date()}, kept 30 days")}


def test_hashes_of_addresses_go_after_seven_days_and_answers_stay(launch: Launch) -> None:
    one = launch()
    tokens = [people.join(one.store, one.link(), address_hash=str(number) * 64) for number in (1, 2)]
    with one.store.write() as session:
        old = people_of(one)[0].id
        session.execute(update(Participant).where(Participant.id == old).values(joined_at=NOW - dt.timedelta(days=8)))
        session.execute(update(Participant).where(Participant.id != old).values(joined_at=NOW - dt.timedelta(days=6)))
    assert privacy.sweep(one.store, now=NOW) == 0
    hashes = {person.id == old: person.address_hash for person in people_of(one)}
    assert hashes[True] == ""
    assert len(hashes[False]) == 64
    assert [answering.current(one.store, token)["step"] for token in tokens] == ["consent", "consent"]


def test_a_revoked_link_lets_nobody_new_in_and_keeps_who_is_in(launch: Launch) -> None:
    one = launch()
    link = one.link(cap=5)
    inside = people.join(one.store, link)
    with one.store.read() as session:
        invites = list(session.scalars(select(Invite.id)))
    owners.revoke(one.store, invites, who="ann")
    with pytest.raises(Refused, match="link_ended"):
        people.join(one.store, link)
    people.consent(one.store, inside, CONSENT)
    assert answering.current(one.store, inside)["step"] == "display"
    with pytest.raises(SurveyError, match="There is no link 'nothing'"):
        owners.revoke(one.store, ["nothing"], who="ann")
    with one.store.read() as session:
        assert session.scalars(select(Audit.who).where(Audit.what == "revoke")).all() == ["ann"]


def test_who_withdraws_is_asked_nothing_more_and_can_still_be_deleted(launch: Launch) -> None:
    one = launch()
    token = one.person()
    code = answered(one, token, most=3)
    answering.withdraw(one.store, token)
    with pytest.raises(Refused, match="withdrawn"):
        answering.current(one.store, token)
    assert [person.state for person in people_of(one)] == ["withdrawn"]
    assert sum("choice" in row for row in privacy.export_my_data(one.store, code)["answers"]) == 3
    privacy.delete_me(one.store, code)
    assert [person.state for person in people_of(one)] == ["deleted"]


@pytest.fixture
def today(project: object) -> dt.date:
    return dt.date(2026, 3, 1)


def test_an_address_is_one_hash_a_day_and_another_tomorrow(today: dt.date) -> None:
    first = privacy.address_hash("192.0.2.7", today=today)
    assert privacy.address_hash("192.0.2.7", today=today) == first != privacy.address_hash("192.0.2.8", today=today)
    assert privacy.address_hash("192.0.2.7", today=today + dt.timedelta(days=1)) != first
    assert [file.name for file in paths.survey_salts().iterdir()] == ["2026-03-02"], "yesterday's is gone"


def test_yesterdays_salt_goes_also_where_nobody_joins_today(launch: Launch, today: dt.date) -> None:
    one = launch()
    salts.of(today)
    (paths.survey_salts() / ".new-dead").write_bytes(b"")
    privacy.sweep(one.store, now=dt.datetime(2026, 3, 1, 23, 59, tzinfo=dt.UTC))
    assert (paths.survey_salts() / "2026-03-01").is_file()
    privacy.sweep(one.store, now=dt.datetime(2026, 3, 2, 0, 1, tzinfo=dt.UTC))
    assert not (paths.survey_salts() / "2026-03-01").exists()


def test_many_who_come_first_at_once_agree_on_the_salt(today: dt.date) -> None:
    """Threads unlinked each other's files: FileNotFoundError under load, and two salts on one day."""
    for day in range(20):
        found: list[bytes] = []
        start = threading.Barrier(8)

        def join(on: dt.date = today + dt.timedelta(days=day), into: list[bytes] = found, start: threading.Barrier = start) -> None:
            start.wait()
            into.append(salts.of(on))

        threads = [threading.Thread(target=join) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert len(set(found)) == 1
        assert len(found[0]) == 32


def test_several_processes_agree_on_the_salt(today: dt.date) -> None:
    code = "import datetime as dt; from huelab.survey import salts; print(*(salts.of(dt.date(2026, 3, day)).hex() for day in range(1, 29)))"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [one.communicate()[0].split() for one in running]
    assert [one.returncode for one in running] == [0, 0, 0]
    assert len(said[0]) == 28
    assert len({words[-1] for words in said}) == 1, "of the last day, which nobody deletes"


def test_a_salt_that_cannot_be_kept_is_said(today: dt.date) -> None:
    paths.survey_salts().parent.mkdir(parents=True)
    paths.survey_salts().write_text("a file")
    with pytest.raises(SurveyError, match=r"salts cannot be written"):
        salts.of(today)
