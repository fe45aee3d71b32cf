"""The audit: who did what to a study, when and why. Append-only; each row's hash covers the row before it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from huelab.survey.schema import Audit

FIRST = "0" * 64
"""What the first row follows."""

_LOCK = 0x6175646974  # of PostgreSQL's advisory locks: "audit"


def append(
    session: Session,
    *,
    who: str,
    what: str,
    subject: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    why: str = "",
    at: dt.datetime | None = None,
) -> Audit:
    """Adds a row in the transaction of `session`, which must be a writing one: two rows must not follow the same one."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    previous = session.scalar(select(Audit.hash).order_by(Audit.id.desc()).limit(1)) or FIRST
    row = Audit(
        at=at or dt.datetime.now(dt.UTC),
        who=who,
        what=what,
        subject=subject,
        before=before or {},
        after=after or {},
        why=why,
        previous=previous,
    )
    row.hash = _hash(row)
    session.add(row)
    session.flush()
    return row


def verify(session: Session) -> int | None:
    """The id of the first row that was changed, or follows one that was removed; None where all is as it was written."""
    previous = FIRST
    for row in session.scalars(select(Audit).order_by(Audit.id)):
        if row.previous != previous or row.hash != _hash(row):
            return row.id
        previous = row.hash
    return None


def _hash(row: Audit) -> str:
    told = [row.at.astimezone(dt.UTC).isoformat(), row.who, row.what, row.subject, row.before, row.after, row.why, row.previous]
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
