"""A participant's way in and along: link, consent, display notes, colour screening, ready."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, insert, select, text, update

from huelab.survey import allocation, plans, tokens
from huelab.survey.consent import consent_of
from huelab.survey.person import acting, change, deletion_code, find, require_open
from huelab.survey.plans import Planned, Shown
from huelab.survey.refusal import Refused
from huelab.survey.schema import Base, Invite, Participant, Stimulus, Version
from huelab.survey.store import Store

_TRIAL, _EVENT = Base.metadata.tables["trial"], Base.metadata.tables["event"]
_PICTURES = select(Stimulus.id, Stimulus.photo_id, Stimulus.kind, Stimulus.model, Stimulus.role).where(
    Stimulus.version_id == bindparam("version_id")
)
_ALLOCATION = 0x63656C6C  # of PostgreSQL's advisory locks: "cell"


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
        invite = session.scalar(select(Invite).where(Invite.token_hash == tokens.hashed(link)).with_for_update())
        if invite is None:
            raise Refused("unknown")
        token = _derived(link) if invite.cap == 1 else tokens.new_token()
        if invite.cap == 1 and session.scalar(select(Participant.id).where(Participant.token_hash == tokens.hashed(token))):
            return token
        require_open(session.get_one(Version, invite.version_id).state)
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


def consent(store: Store, token: str, sha256: str) -> None:
    """They agree to the text with that hash; their plan is drawn and stored. A second time changes nothing. Raises Refused."""
    now = dt.datetime.now(dt.UTC)
    with store.write() as session:
        person = acting(session.connection(), token)
        if person.consented_at is not None:
            return
        if sha256 != consent_of(session.get_one(Version, person.version_id), person.language)["sha256"]:
            raise Refused("consent_changed")
        if session.get_bind().dialect.name == "postgresql":  # two who agree at once must not get the same place
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ALLOCATION})
        pictures = session.execute(_PICTURES, {"version_id": person.version_id}).all()
        practice, main = ({one.photo_id for one in pictures if one.role == role} for role in ("practice", "main"))
        cell = allocation.least_filled(session, person.version_id, plans.cells(person.study, len(main)), now=now)
        rows = plans.plan(person.study, practice=sorted(practice), main=sorted(main), cell=cell, person=person.id)
        by_picture = {(one.photo_id, one.kind, one.model): one.id for one in pictures}
        session.execute(insert(_TRIAL), [_row(person.id, row, by_picture) for row in rows])
        change(
            session.connection(),
            person,
            state="consented",
            cell=cell,
            consented_at=now,
            consent_sha256=sha256,
            deletion_hash=tokens.hashed(deletion_code(token)),
        )


def _row(participant: str, row: Planned, pictures: Mapping[tuple[str, str, str], int]) -> dict[str, Any]:
    def picture(shown: Shown) -> int:
        return pictures[row.photo_id, shown.kind, shown.model]

    return {
        "participant_id": participant,
        "k": row.k,
        "role": row.role,
        "photo_id": row.photo_id,
        "left_id": picture(row.left),
        "right_id": None if row.right is None else picture(row.right),
        "fake_side": row.fake_side,
        "nonce": tokens.new_nonce(),
        "left_nonce": tokens.new_nonce(),
        "right_nonce": None if row.right is None else tokens.new_nonce(),
    }


def display(store: Store, token: str, said: Mapping[str, Any]) -> None:
    """What is known of their screen: viewport, pixel ratio, colour gamut, touch, what they say of brightness and night mode."""
    with store.transaction() as connection:
        person = acting(connection, token)
        if person.state == "invited":
            raise Refused("not_now")
        change(connection, person, client={**person.client, **said})


def screened(store: Store, token: str, outcome: Mapping[str, Any]) -> None:
    """The answers to the colour-vision plates and the class they give. The first stands."""
    with store.transaction() as connection:
        person = acting(connection, token)
        if person.state == "consented":
            change(connection, person, screening=dict(outcome), state="screened")
        elif person.state == "invited":
            raise Refused("not_now")


def ready(store: Store, token: str) -> None:
    """Instructions are read: the trials begin."""
    with store.transaction() as connection:
        person = acting(connection, token)
        if person.state == "invited" or (person.state == "consented" and person.study.screening):
            raise Refused("not_now")
        if person.state in ("consented", "screened"):
            change(connection, person, state="active")


def happened(store: Store, token: str, kind: str, detail: Mapping[str, Any]) -> None:
    """Notes an event: reload, visibility, problem, outage, or that a trial was `shown` (detail: its nonce)."""
    with store.transaction() as connection:
        person = find(connection, token)
        if kind == "shown":
            mine = (_TRIAL.c.participant_id == person.id) & (_TRIAL.c.nonce == str(detail.get("nonce", "")))
            connection.execute(update(_TRIAL).where(mine).values(exposures=_TRIAL.c.exposures + 1))
            return
        connection.execute(
            insert(_EVENT), {"participant_id": person.id, "at": dt.datetime.now(dt.UTC), "kind": kind[:32], "detail": dict(detail)}
        )
