"""What people may ask of their data: to be given it, and to have it deleted; and what is deleted without being asked."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from huelab import paths
from huelab.survey import audit, tokens
from huelab.survey.frozen import study_of
from huelab.survey.refusal import Refused
from huelab.survey.schema import Answer, Event, Export, Participant, Trial, Version
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
    """All that is kept of the holder of a deletion code, readable by programs. Raises Refused for a code nobody has."""
    with store.read() as session:
        person = _holder(session, code)
        trials = session.execute(
            select(Trial, Answer)
            .outerjoin(Answer, (Answer.participant_id == Trial.participant_id) & (Answer.k == Trial.k))
            .where(Trial.participant_id == person.id)
            .order_by(Trial.k)
        )
        events = session.scalars(select(Event).where(Event.participant_id == person.id).order_by(Event.id))
        return {
            "participant": {
                name: _plain(getattr(person, name))
                for name in (
                    "id",
                    "state",
                    "language",
                    "joined_at",
                    "seen_at",
                    "consented_at",
                    "completed_at",
                    "client",
                    "screening",
                    "questions",
                )
            },
            "answers": [
                {
                    "trial": trial.k,
                    "role": trial.role,
                    "choice": given.choice,
                    "rt_ms": given.rt_ms,
                    "received_at": _plain(given.received_at),
                }
                for trial, given in trials
                if given is not None
            ],
            "events": [{"at": _plain(event.at), "kind": event.kind, "detail": event.detail} for event in events],
        }


def sweep(store: Store, *, now: dt.datetime | None = None) -> int:
    """Deletes what has outlived its purpose: people of versions closed longer than their retention, and old hashes of addresses.

    Gives how many people were deleted. Run by every server when it starts and once a day.
    """
    now = now or dt.datetime.now(dt.UTC)
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
    """SHA-256 of an address with a salt of the day: tells two visits of one day apart or alike, and nothing once that salt is gone."""
    today = today or dt.datetime.now(dt.UTC).date()
    return hashlib.sha256(_salt(today) + address.encode()).hexdigest()


def _salt(today: dt.date) -> bytes:
    folder = paths.survey_salts()
    file = folder / today.isoformat()
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink(missing_ok=True)
        temporary = folder / f".{today}.{os.getpid()}"
        temporary.write_bytes(secrets.token_bytes(32))
        try:
            os.link(temporary, file)  # the first of several processes decides
        except FileExistsError:
            pass
        finally:
            temporary.unlink(missing_ok=True)
    return file.read_bytes()


def _holder(session: Session, code: str) -> Participant:
    found = session.scalar(select(Participant).where(Participant.deletion_hash == tokens.hashed(code.strip().upper())))
    if found is None:
        raise Refused("unknown")
    return found


def _delete(session: Session, person: Participant, *, who: str, why: str) -> None:
    session.execute(delete(Answer).where(Answer.participant_id == person.id))
    session.execute(delete(Trial).where(Trial.participant_id == person.id))
    session.execute(delete(Event).where(Event.participant_id == person.id))
    session.execute(update(Export).where(Export.version_id == person.version_id).values(overtaken=True))
    person.state = "deleted"
    person.token_hash = person.deletion_hash = None
    person.client, person.screening, person.questions = {}, {}, {}
    person.address_hash = person.completion_code = ""
    audit.append(session, who=who, what="delete participant", subject=person.id, why=why)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value
