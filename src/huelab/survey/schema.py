"""The tables of the survey, one schema for SQLite and PostgreSQL. What a launched study says and what people answered is never updated.

Times are UTC. Tokens stand hashed; what the browser is given (trial and picture ids) is random and says nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VERSION_STATES = ("draft", "live", "paused", "closed")
PARTICIPANT_STATES = ("invited", "consented", "screened", "active", "complete", "withdrawn", "expired", "deleted")
ROLES = ("practice", "main", "catch")
SIDES = ("left", "right", "only")
CHOICES = ("left", "right", "tie", "real", "fake")
KINDS = ("real", "model", "catch")


class Utc(TypeDecorator[dt.datetime]):
    """Aware datetimes only, kept as UTC: SQLite drops the zone without converting."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Refuses a naive datetime with ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Gives it back as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def _one_of(column: str, allowed: tuple[str, ...], name: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in allowed)})", name=name)


class Base(DeclarativeBase):
    """Names of constraints are fixed, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dt.datetime: Utc, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012  # SQLAlchemy reads it


class Survey(Base):
    """What its owner calls one study, over all its versions."""

    __tablename__ = "survey"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[dt.datetime]
    created_by: Mapped[str] = mapped_column(String(200))


class Version(Base):
    """A study as it was launched: `content` is the Study, `lineage` where its pictures come from. A change is a new version."""

    __tablename__ = "version"
    __table_args__ = (_one_of("state", VERSION_STATES, "state"), Index(None, "survey_id", "number", unique=True))
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    survey_id: Mapped[str] = mapped_column(ForeignKey("survey.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    content: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    lineage: Mapped[dict[str, Any]]
    """data_hash, split and protocol, renderer, git commit, per model: SHA-256 of its weights, MLflow run, registry version."""
    consent: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Language -> what participants read when they agreed, and its SHA-256: kept when the version was launched."""
    consent_sha256: Mapped[str] = mapped_column(String(64))
    """Of the text in the study's own language; "" for a draft."""
    body_bytes: Mapped[int] = mapped_column(default=0)
    """Every picture is padded to this length when it is sent."""
    simulated: Mapped[bool] = mapped_column(default=False)
    launched_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    results_opened: Mapped[list[Any]] = mapped_column(default=list)
    """Who looked at results before the planned number, when and why."""


class Stimulus(Base):
    """One rendered picture of a version. The file is stimuli_folder/SHA256.png."""

    __tablename__ = "stimulus"
    __table_args__ = (_one_of("kind", KINDS, "kind"), Index(None, "version_id", "photo_id", "kind", "model", unique=True))
    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("version.id"))
    photo_id: Mapped[str] = mapped_column(String(80))
    """Of the picture: a photograph's id, or that of one of its regions."""
    kind: Mapped[str] = mapped_column(String(8))
    model: Mapped[str] = mapped_column(String(80), default="")
    role: Mapped[str] = mapped_column(String(8))
    """practice photographs are never main ones."""
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]
    lightness_error: Mapped[float]
    """Largest |ΔL| from the photograph."""
    provenance: Mapped[dict[str, Any]]


class Invite(Base):
    """A link: single-use (cap 1) or open with a cap."""

    __tablename__ = "invite"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("version.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    cap: Mapped[int]
    used: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[dt.datetime | None]
    revoked: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[dt.datetime]
    created_by: Mapped[str] = mapped_column(String(200))


class Participant(Base):
    """One person, or what is left of them: a deleted one keeps id, state, cell, and the days of joining and of the last
    request, and between which others they were complete."""

    __tablename__ = "participant"
    __table_args__ = (_one_of("state", PARTICIPANT_STATES, "state"), Index(None, "version_id", "state"))
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("version.id"))
    invite_id: Mapped[str | None] = mapped_column(ForeignKey("invite.id"))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    preview: Mapped[bool] = mapped_column(default=False)
    """An owner trying it: never counted, never exported."""
    cell: Mapped[int] = mapped_column(default=0)
    """Row of the photograph x model square."""
    language: Mapped[str] = mapped_column(String(8), default="en")
    joined_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    """Last request: a reservation expires some time after it."""
    consented_at: Mapped[dt.datetime | None]
    consent_sha256: Mapped[str] = mapped_column(String(64), default="")
    completed_at: Mapped[dt.datetime | None]
    client: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Viewport, pixel ratio, colour gamut, touch, browser family, what was said of the display."""
    screening: Mapped[dict[str, Any]] = mapped_column(default=dict)
    questions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    address_hash: Mapped[str] = mapped_column(String(64), default="")
    """Salted anew every day; emptied after some days."""
    completion_code: Mapped[str] = mapped_column(String(32), default="")
    deletion_hash: Mapped[str | None] = mapped_column(String(64), unique=True)


class Trial(Base):
    """A row of a person's plan, made when they consent: k counts from 0 in the order shown. A repetition is a new row at the end."""

    __tablename__ = "trial"
    __table_args__ = (_one_of("role", ROLES, "role"), _one_of("fake_side", (*SIDES, ""), "fake_side"))
    participant_id: Mapped[str] = mapped_column(ForeignKey("participant.id", ondelete="CASCADE"), primary_key=True)
    k: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(8))
    photo_id: Mapped[str] = mapped_column(String(80))
    left_id: Mapped[int] = mapped_column(ForeignKey("stimulus.id"))
    """In mode single the only picture."""
    right_id: Mapped[int | None] = mapped_column(ForeignKey("stimulus.id"))
    fake_side: Mapped[str] = mapped_column(String(8))
    """pair: left or right; single: only if fake, else ""; prefer: ""."""
    nonce: Mapped[str] = mapped_column(String(32), unique=True)
    """Random: all that the browser knows of the trial."""
    left_nonce: Mapped[str] = mapped_column(String(32), unique=True)
    right_nonce: Mapped[str | None] = mapped_column(String(32), unique=True)
    repeats: Mapped[int | None]
    """The k of the trial this one repeats, whose exposure failed."""
    issued_at: Mapped[dt.datetime | None]
    exposures: Mapped[int] = mapped_column(default=0)


class Answer(Base):
    """One per trial, the first that came; committed before it is acknowledged."""

    __tablename__ = "answer"
    __table_args__ = (
        _one_of("choice", CHOICES, "choice"),
        ForeignKeyConstraint(["participant_id", "k"], ["trial.participant_id", "trial.k"], ondelete="CASCADE"),
    )
    participant_id: Mapped[str] = mapped_column(primary_key=True)
    k: Mapped[int] = mapped_column(primary_key=True)
    choice: Mapped[str] = mapped_column(String(8))
    """pair: the side that is said to be fake; single: real or fake; prefer: the side preferred, or tie."""
    rt_ms: Mapped[float | None]
    """From the pictures' vanishing (their showing, where unlimited) to key or pointer down; negative before they vanished."""
    shown_ms: Mapped[float | None]
    """How long they were on the screen, by frames."""
    frames: Mapped[dict[str, Any]] = mapped_column(default=dict)
    flags: Mapped[list[Any]] = mapped_column(default=list)
    """hidden (tab was not visible), late (exposure off by more than a frame), reexposed, blurred …"""
    received_at: Mapped[dt.datetime]


class Event(Base):
    """What happened to a participant: reload, visibility, problem reported, outage."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participant.id", ondelete="CASCADE"), index=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Audit(Base):
    """Append-only; each row's hash covers the one before, so that a removed or changed row shows."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    who: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    why: Mapped[str] = mapped_column(Text, default="")
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class Export(Base):
    """An export that was made, and whether a later deletion has overtaken it."""

    __tablename__ = "export"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("version.id"))
    at: Mapped[dt.datetime]
    by: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]
    overtaken: Mapped[bool] = mapped_column(default=False)
