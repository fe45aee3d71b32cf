"""A participant's way in and along: link, consent, display notes, colour screening, ready; and who they are on every later request."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from huelab.survey import allocation, plans, tokens
from huelab.survey.plans import Planned, Shown
from huelab.survey.refusal import Refused
from huelab.survey.schema import Event, Invite, Participant, Stimulus, Trial, Version
from huelab.survey.store import Store
from huelab.survey.study import Study

_ALLOCATION = 0x63656C6C  # of PostgreSQL's advisory locks: "cell"


@dataclass(frozen=True)
class Person:
    """Who a request is from."""

    participant: Participant
    version: Version
    study: Study


def join(store: Store, link: str, *, language: str = "en", address_hash: str = "") -> str:
    """The participant's token for a link's token, or for their own: who comes again goes on where they were.

    A single-use link always leads to the same participant, on any device. An open one makes a new participant each time it is used without
    a participant's token. Raises Refused.
    """
    now = dt.datetime.now(dt.UTC)
    with store.write() as session:
        own = session.scalar(select(Participant).where(Participant.token_hash == tokens.hashed(link)))
        if own is not None:
            return link
        invite = session.scalar(select(Invite).where(Invite.token_hash == tokens.hashed(link)))
        if invite is None:
            raise Refused("unknown")
        token = _derived(link) if invite.cap == 1 else tokens.new_token()
        if invite.cap == 1 and session.scalar(select(Participant.id).where(Participant.token_hash == tokens.hashed(token))):
            return token
        require_open(session.get_one(Version, invite.version_id))
        if invite.revoked or (invite.expires_at is not None and invite.expires_at < now):
            raise Refused("link_ended")
        taken = session.execute(update(Invite).where(Invite.id == invite.id, Invite.used < Invite.cap).values(used=Invite.used + 1))
        if not taken.rowcount:  # type: ignore[attr-defined]  # an UPDATE has one
            raise Refused("link_used" if invite.cap == 1 else "full")
        session.add(
            Participant(
                id=tokens.new_id(),
                version_id=invite.version_id,
                invite_id=invite.id,
                token_hash=tokens.hashed(token),
                state="invited",
                language=language,
                joined_at=now,
                seen_at=now,
                address_hash=address_hash,
            )
        )
    return token


def _derived(link: str) -> str:
    """The participant's token of a single-use link: another device with the same link is the same person."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"participant {link}".encode()).digest()[:24]).decode()


def deletion_code(token: str) -> str:
    """The code by which a participant's data are deleted or handed out; derived, so that it need not be stored to be shown again."""
    digest = hashlib.sha256(f"deletion {token}".encode()).hexdigest()[:20].upper()
    return "-".join(digest[place : place + 5] for place in range(0, 20, 5))


def require_open(version: Version) -> None:
    """Raises Refused unless people may take part in `version` now."""
    if version.state != "live":
        raise Refused({"draft": "not_open", "paused": "paused", "closed": "closed"}[version.state])


def find(session: Session, token: str) -> Person:
    """Who holds `token`. Raises Refused for nobody, and for somebody who has withdrawn."""
    participant = session.scalar(select(Participant).where(Participant.token_hash == tokens.hashed(token)))
    if participant is None:
        raise Refused("unknown")
    if participant.state in ("withdrawn", "deleted"):
        raise Refused("withdrawn")
    version = session.get_one(Version, participant.version_id)
    return Person(participant, version, study_of(version))


def acting(session: Session, token: str) -> Person:
    """As `find`, for a request that changes something: the version must be open (a preview's may be a draft)."""
    person = find(session, token)
    if not person.participant.preview:
        require_open(person.version)
    person.participant.seen_at = dt.datetime.now(dt.UTC)
    return person


def study_of(version: Version) -> Study:
    """What a version asks; parsed once per process, for it never changes."""
    found = _STUDIES.get(version.sha256)
    if found is None:
        found = _STUDIES[version.sha256] = Study.model_validate(version.content)
    return found


_STUDIES: dict[str, Study] = {}


def consent(store: Store, token: str, sha256: str) -> None:
    """They agree to the text with that hash; their plan is drawn and stored. A second time changes nothing. Raises Refused."""
    now = dt.datetime.now(dt.UTC)
    with store.write() as session:
        person = acting(session, token)
        participant, version = person.participant, person.version
        if participant.consented_at is not None:
            return
        if not participant.preview and sha256 != version.consent_sha256:
            raise Refused("consent_changed")
        if session.get_bind().dialect.name == "postgresql":  # two who agree at once must not get the same place
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ALLOCATION})
        pictures = list(session.scalars(select(Stimulus).where(Stimulus.version_id == version.id)))
        practice, main = ({one.photo_id for one in pictures if one.role == role} for role in ("practice", "main"))
        participant.cell = allocation.least_filled(session, version.id, plans.cells(person.study, len(main)), now=now)
        rows = plans.plan(person.study, practice=sorted(practice), main=sorted(main), cell=participant.cell, person=participant.id)
        by_picture = {(one.photo_id, one.kind, one.model): one.id for one in pictures}
        session.add_all(_row(participant.id, row, by_picture) for row in rows)
        participant.state, participant.consented_at, participant.consent_sha256 = "consented", now, sha256
        participant.deletion_hash = tokens.hashed(deletion_code(token))


def _row(participant: str, row: Planned, pictures: Mapping[tuple[str, str, str], int]) -> Trial:
    def picture(shown: Shown) -> int:
        return pictures[row.photo_id, shown.kind, shown.model]

    return Trial(
        participant_id=participant,
        k=row.k,
        role=row.role,
        photo_id=row.photo_id,
        left_id=picture(row.left),
        right_id=None if row.right is None else picture(row.right),
        fake_side=row.fake_side,
        nonce=tokens.new_nonce(),
        left_nonce=tokens.new_nonce(),
        right_nonce=None if row.right is None else tokens.new_nonce(),
    )


def display(store: Store, token: str, said: Mapping[str, Any]) -> None:
    """What is known of their screen: viewport, pixel ratio, colour gamut, touch, what they say of brightness and night mode."""
    with store.write() as session:
        person = acting(session, token)
        if person.participant.state == "invited":
            raise Refused("not_now")
        person.participant.client = {**person.participant.client, **said}


def screened(store: Store, token: str, outcome: Mapping[str, Any]) -> None:
    """The answers to the colour-vision plates and the class they give. The first stands."""
    with store.write() as session:
        person = acting(session, token)
        if person.participant.state == "consented":
            person.participant.screening, person.participant.state = dict(outcome), "screened"
        elif person.participant.state == "invited":
            raise Refused("not_now")


def ready(store: Store, token: str) -> None:
    """Instructions are read: the trials begin."""
    with store.write() as session:
        person = acting(session, token)
        state = person.participant.state
        if state == "invited" or (state == "consented" and person.study.screening):
            raise Refused("not_now")
        if state in ("consented", "screened"):
            person.participant.state = "active"


def happened(store: Store, token: str, kind: str, detail: Mapping[str, Any]) -> None:
    """Notes an event: reload, visibility, problem, outage, or that a trial was `shown` (detail: its nonce)."""
    with store.write() as session:
        person = find(session, token)
        if kind == "shown":
            session.execute(
                update(Trial)
                .where(Trial.participant_id == person.participant.id, Trial.nonce == str(detail.get("nonce", "")))
                .values(exposures=Trial.exposures + 1)
            )
            return
        session.add(Event(participant_id=person.participant.id, at=dt.datetime.now(dt.UTC), kind=kind[:32], detail=dict(detail)))
