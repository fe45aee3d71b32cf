"""Who a request is from: the holder of a token, the state of their version, and the study it asks."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update
from sqlalchemy.orm import Session

from huelab.survey import tokens
from huelab.survey.frozen import known, study_of
from huelab.survey.refusal import Refused
from huelab.survey.schema import Base, Version
from huelab.survey.study import Study

# Plain columns, not mapped objects: these two statements stand before every request, and mapping costs ten times what the database does.
_PARTICIPANT, _VERSION = Base.metadata.tables["participant"], Base.metadata.tables["version"]
_WHO = (
    select(
        _PARTICIPANT.c.id,
        _PARTICIPANT.c.state,
        _PARTICIPANT.c.preview,
        _PARTICIPANT.c.language,
        _PARTICIPANT.c.seen_at,
        _PARTICIPANT.c.consented_at,
        _PARTICIPANT.c.client,
        _PARTICIPANT.c.questions,
        _PARTICIPANT.c.completion_code,
        _VERSION.c.id.label("version_id"),
        _VERSION.c.state.label("version_state"),
        _VERSION.c.sha256.label("version_sha256"),
    )
    .join(_VERSION, _VERSION.c.id == _PARTICIPANT.c.version_id)
    .where(_PARTICIPANT.c.token_hash == bindparam("token_hash"))
)
_WHO_ALONE = _WHO.with_for_update(of=_PARTICIPANT)
_SEEN = dt.timedelta(seconds=10)
"""A place in the plan is held for an hour: `seen_at` need not be written with every answer."""


@dataclass(frozen=True)
class Person:
    """Who a request is from: what is kept of them, as it stands when the request begins, and the version they take part in."""

    id: str
    state: str
    preview: bool
    language: str
    seen_at: dt.datetime
    consented_at: dt.datetime | None
    client: dict[str, Any]
    questions: dict[str, Any]
    completion_code: str
    version_id: str
    version_state: str
    version_sha256: str
    study: Study


def deletion_code(token: str) -> str:
    """The code by which a participant's data are deleted or handed out; derived, so that it need not be stored to be shown again."""
    digest = hashlib.sha256(f"deletion {token}".encode()).hexdigest()[:20].upper()
    return "-".join(digest[place : place + 5] for place in range(0, 20, 5))


def require_open(state: str) -> None:
    """Raises Refused unless people may take part in a version of that state."""
    if state != "live":
        raise Refused({"draft": "not_open", "paused": "paused", "closed": "closed"}[state])


def find(connection: Connection, token: str) -> Person:
    """Who holds `token`. Raises Refused for nobody, and for somebody who has withdrawn."""
    return _found(connection, token, _WHO)


def acting(connection: Connection, token: str) -> Person:
    """As `find`, for a request that changes something: the version must be open (a preview's may be a draft, and who is complete
    sees their codes at any time).

    Their row is theirs alone until the transaction ends, so that of two requests at once the second sees what the first did.
    """
    person = _found(connection, token, _WHO_ALONE)
    if not person.preview and person.state != "complete":
        require_open(person.version_state)
    now = dt.datetime.now(dt.UTC)
    if abs(now - person.seen_at) > _SEEN:
        change(connection, person, seen_at=now)
    return person


def change(connection: Connection, person: Person, **values: Any) -> None:
    """Writes columns of their row. `person` itself stays as it was read."""
    connection.execute(update(_PARTICIPANT).where(_PARTICIPANT.c.id == person.id).values(values))


def _found(connection: Connection, token: str, who: Select[Any]) -> Person:
    row = connection.execute(who, {"token_hash": tokens.hashed(token)}).first()
    if row is None:
        raise Refused("unknown")
    if row.state in ("withdrawn", "deleted"):
        raise Refused("withdrawn")
    study = known(row.version_sha256)
    if study is None:
        with Session(connection) as session:
            study = study_of(session.get_one(Version, row.version_id))
    return Person(**row._mapping, study=study)
