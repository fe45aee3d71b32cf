"""The audit: who did what to a study, when and why. Append-only; each row's hash covers the row before it.

A changed row, or one removed from the middle, breaks the chain. A removed end breaks nothing: it shows only against what was kept elsewhere
(an export's study.json, a backup). Who can write the database and recompute all hashes shows only against that, too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select, text
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


@dataclass(frozen=True)
class State:
    """How the audit stands: to be kept outside the database."""

    rows: int
    last: str
    """Hash of the last row."""
    broken: int | None
    """`verify`."""

    def tree(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def words(self) -> str:
        """In a sentence."""
        rows = f"{self.rows} {'row' if self.rows == 1 else 'rows'}, the last {self.last[:16]}"
        if self.broken is None:
            return f"The audit is whole: {rows}."
        return f"THE AUDIT IS BROKEN: row {self.broken} was changed, or follows one that was removed ({rows})."


def state(session: Session) -> State:
    """As it is now."""
    rows = session.scalar(select(func.count()).select_from(Audit)) or 0
    last = session.scalar(select(Audit.hash).order_by(Audit.id.desc()).limit(1)) or FIRST
    return State(rows, last, verify(session))


def continues(session: Session, kept: Mapping[str, Any]) -> bool:
    """Whether the audit still begins with what `kept` (State.tree of an earlier day) ended with. False: its end was cut off or remade."""
    rows, last = int(kept["rows"]), str(kept["last"])
    if rows == 0:
        return True
    return session.scalar(select(Audit.hash).order_by(Audit.id).offset(rows - 1).limit(1)) == last


def _hash(row: Audit) -> str:
    told = [row.at.astimezone(dt.UTC).isoformat(), row.who, row.what, row.subject, row.before, row.after, row.why, row.previous]
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
