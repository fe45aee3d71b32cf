"""What people may ask of their data: to be given it, and to have it deleted; and what is deleted without being asked."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, aliased

from huelab.survey import audit, salts, tokens
from huelab.survey.frozen import study_of
from huelab.survey.refusal import Refused
from huelab.survey.schema import Answer, Event, Export, Participant, Stimulus, Trial, Version
from huelab.survey.store import Store

ADDRESS_DAYS = 7
"""After so many days not even the hash of an address is kept."""


def delete_me(store: Store, code: str) -> None:
    """Deletes the answers, events and all that is known of the holder of a deletion code. What stays says that somebody was there.

    Exports made before are marked as overtaken. Raises Refused for a code nobody has.
    """
    with store.write() as session:
        _delete(session, _holder(session, code), who="participant", why="asked by code")


def export_my_data(store: Store, code: str) -> dict[str, Any]:
    """All that is kept of the holder of a deletion code, readable by programs. Raises Refused for a code nobody has.

    Which picture was whose, and which side was the fake's, is told with it once they are done: before, it would tell the answers.
    """
    with store.read() as session:
        person = _holder(session, code)
        version = session.get_one(Version, person.version_id)
        done = person.state in ("complete", "withdrawn") or version.state == "closed"
        left, right = aliased(Stimulus), aliased(Stimulus)
        rows = session.execute(
            select(Trial, Answer, left, right)
            .outerjoin(Answer, (Answer.participant_id == Trial.participant_id) & (Answer.k == Trial.k))
            .join(left, left.id == Trial.left_id)
            .outerjoin(right, right.id == Trial.right_id)
            .where(Trial.participant_id == person.id)
            .order_by(Trial.k)
        )
        events = session.scalars(select(Event).where(Event.participant_id == person.id).order_by(Event.id))
        return {
            "participant": {column.key: _plain(getattr(person, column.key)) for column in Participant.__table__.columns},
            "answers": [_trial(*row, done=done) for row in rows if done or row[0].issued_at is not None],
            "events": [{"at": _plain(event.at), "kind": event.kind, "detail": event.detail} for event in events],
        }


def _trial(trial: Trial, given: Answer | None, left: Stimulus, right: Stimulus | None, *, done: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "trial": trial.k,
        "photo_id": trial.photo_id,
        "repeats": trial.repeats,
        "issued_at": _plain(trial.issued_at),
        "exposures": trial.exposures,
    }
    if given is not None:
        told |= {name: _plain(getattr(given, name)) for name in ("choice", "rt_ms", "shown_ms", "frames", "flags", "received_at")}
    if done:
        told |= {"role": trial.role, "fake_side": trial.fake_side}
        told |= {"shown": [one.model or one.kind for one in (left, right) if one is not None]}
    return told


def sweep(store: Store, *, now: dt.datetime | None = None) -> int:
    """Deletes what has outlived its purpose: people of versions closed longer than their retention, old hashes of addresses, and salts.

    Gives how many people were deleted. Run by every server when it starts and once a day.
    """
    now = now or dt.datetime.now(dt.UTC)
    salts.forget(now.date())
    deleted = 0
    with store.write() as session:
        old = Participant.joined_at < now - dt.timedelta(days=ADDRESS_DAYS)
        session.execute(update(Participant).where(old, Participant.address_hash != "").values(address_hash=""))
        for version in session.scalars(select(Version).where(Version.state == "closed")):
            kept = dt.timedelta(days=study_of(version).retention_days)
            if version.closed_at is None or version.closed_at + kept > now:
                continue
            for person in session.scalars(select(Participant).where(Participant.version_id == version.id, Participant.state != "deleted")):
                _delete(session, person, who="retention", why=f"closed {version.closed_at.date()}, kept {kept.days} days")
                deleted += 1
    return deleted


def address_hash(address: str, *, today: dt.date | None = None) -> str:
    """SHA-256 of an address with a salt of the day: tells two visits of one day apart or alike, and nothing once that salt is gone.

    Raises SurveyError where the salt cannot be kept.
    """
    return hashlib.sha256(salts.of(today or dt.datetime.now(dt.UTC).date()) + address.encode()).hexdigest()


def _holder(session: Session, code: str) -> Participant:
    found = session.scalar(select(Participant).where(Participant.deletion_hash == tokens.hashed(code.strip().upper())))
    if found is None:
        raise Refused("unknown")
    return found


def _delete(session: Session, person: Participant, *, who: str, why: str) -> None:
    """What stays: id, version, state, cell, the days of joining and of the last request, and between which others they were complete."""
    session.execute(delete(Answer).where(Answer.participant_id == person.id))
    session.execute(delete(Trial).where(Trial.participant_id == person.id))
    session.execute(delete(Event).where(Event.participant_id == person.id))
    session.execute(update(Export).where(Export.version_id == person.version_id).values(overtaken=True))
    person.state = "deleted"
    person.token_hash = person.deletion_hash = person.invite_id = person.consented_at = None
    person.client, person.screening, person.questions = {}, {}, {}
    person.address_hash = person.completion_code = person.consent_sha256 = person.language = ""
    person.joined_at, person.seen_at = _day(person.joined_at), _day(person.seen_at)
    person.completed_at = _completed_after(session, person)
    audit.append(session, who=who, what="delete participant", subject=person.id, why=why)


def _completed_after(session: Session, person: Participant) -> dt.datetime | None:
    """When whoever was complete before them was: their place in the order, by which looks are counted, without their time. Else the day."""
    if person.completed_at is None:
        return None
    others = (Participant.version_id == person.version_id) & (Participant.id != person.id) & ~Participant.preview
    before = session.scalar(select(func.max(Participant.completed_at)).where(others, Participant.completed_at <= person.completed_at))
    return before or _day(person.completed_at)


def _day(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value
