"""Which cell of the square a new person gets: the one fewest people fill. A place is held for somebody under way, but not for ever."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from huelab.survey.schema import Participant

HELD = dt.timedelta(hours=1)
"""Since a person's last request; who comes back later goes on, but their cell may have been given to somebody else as well."""

_UNDER_WAY = ("consented", "screened", "active")


def least_filled(session: Session, version_id: str, cells: int, *, now: dt.datetime) -> int:
    """0..cells-1. Counts who is complete and who is under way; previews count for nothing."""
    taken = select(Participant.cell).where(
        Participant.version_id == version_id,
        ~Participant.preview,
        Participant.consented_at.is_not(None),
        or_(Participant.state == "complete", Participant.state.in_(_UNDER_WAY) & (Participant.seen_at > now - HELD)),
    )
    filled = Counter(session.scalars(taken))
    return min(range(cells), key=lambda cell: (filled[cell], cell))
