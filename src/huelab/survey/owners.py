"""What the owners of a study do: create, launch, invite, pause, close. Every step is audited; a launched version never changes."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huelab import paths
from huelab.errors import SurveyError
from huelab.survey import audit, manifest, plans, tokens
from huelab.survey.manifest import Manifest
from huelab.survey.schema import Invite, Participant, Stimulus, Survey, Version
from huelab.survey.store import Store
from huelab.survey.study import Study

_AFTER = {"live": ("draft", "paused"), "paused": ("live",), "closed": ("live", "paused")}
"""State -> the states it may follow."""
_ROUND = 1024
"""Every picture of a version is sent padded to the largest one, rounded up to this many bytes."""


def create(store: Store, study: Study, rendered: Path, *, who: str, survey: str | None = None) -> str:
    """A draft of `study` with the pictures of `rendered` (work/stimuli); as a new version of `survey` where one is named. Gives its id.

    Raises SurveyError for models that were not rendered, and for too few photographs.
    """
    found = manifest.read(rendered)
    _check(study, found)
    now = dt.datetime.now(dt.UTC)
    with store.write() as session:
        if survey is None:
            survey = tokens.new_id()
            session.add(Survey(id=survey, title=study.title, created_at=now, created_by=who))
        elif session.get(Survey, survey) is None:
            raise SurveyError(f"There is no survey {survey!r}; there are: {', '.join(session.scalars(select(Survey.id))) or 'none'}.")
        number = (session.scalar(select(func.max(Version.number)).where(Version.survey_id == survey)) or 0) + 1
        version = Version(
            id=tokens.new_id(),
            survey_id=survey,
            number=number,
            state="draft",
            content=study.model_dump(mode="json"),
            sha256=study.sha256(),
            lineage=found.lineage(),
            consent_sha256="",
            simulated=study.simulated,
            results_opened=[],
        )
        session.add(version)
        session.flush()
        session.add_all(_stimuli(version.id, study, found))
        audit.append(
            session, who=who, what="create", subject=version.id, after={"sha256": version.sha256, "survey": survey, "number": number}
        )
    return version.id


def _check(study: Study, found: Manifest) -> None:
    missing = [name for name in study.models if name not in found.models]
    if missing:
        raise SurveyError(
            f"No pictures were rendered of {', '.join(missing)}; there are some of {', '.join(found.models) or 'no model'}: choose among "
            "these, or name the model in survey.models of params.yaml and run `dvc repro`."
        )
    plans.check(study, practice=len(found.photographs("practice")), main=len(found.photographs("main")))


def _stimuli(version: str, study: Study, found: Manifest) -> list[Stimulus]:
    wanted = [picture for picture in found.pictures if picture.kind != "model" or picture.model in study.models]
    return [
        Stimulus(
            version_id=version,
            photo_id=picture.photo_id,
            kind=picture.kind,
            model=picture.model,
            role=picture.role,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            bytes=picture.bytes,
            lightness_error=picture.lightness_error,
            provenance={
                "path": picture.path,
                "label": picture.label,
                "renderer": found.renderer,
                "data_hash": found.data_hash,
                "content": found.models[picture.model].content if picture.kind == "model" else "",
            },
        )
        for picture in wanted
    ]


def launch(store: Store, version_id: str, rendered: Path, *, who: str, consent: str) -> None:
    """Freezes a draft and opens it: its pictures are copied from `rendered` to var/, `consent` (the text participants will read) is hashed.

    Raises SurveyError naming every picture that is missing or is not the one that was rendered; nothing is launched then.
    """
    with store.read() as session:
        pictures = list(session.scalars(select(Stimulus).where(Stimulus.version_id == version_id)))
    kept = paths.survey_stimuli()
    kept.mkdir(parents=True, exist_ok=True)
    missing = sorted({_missing(picture, rendered, kept) for picture in pictures} - {""})
    if missing:
        raise SurveyError(
            f"{len(missing)} pictures of the study are not there: {'; '.join(missing)}. Run `dvc repro stimuli` and create the study again."
        )
    with store.write() as session:
        version = _moved(session, version_id, "live", who=who)
        version.body_bytes = -(-(max(picture.bytes for picture in pictures) + _ROUND // 2) // _ROUND) * _ROUND
        version.launched_at = dt.datetime.now(dt.UTC)
        version.consent_sha256 = hashlib.sha256(consent.encode()).hexdigest()


def _missing(picture: Stimulus, rendered: Path, kept: Path) -> str:
    """Copies a picture; what is wrong with it, "" if nothing."""
    name = f"{picture.sha256}.png"
    whose = f"{picture.provenance['path']} {picture.photo_id} by {picture.model or picture.kind}"
    for file in (kept / name, rendered / "pictures" / name):
        if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == picture.sha256:
            if file.parent != kept:
                temporary = kept / f".{name}"
                shutil.copyfile(file, temporary)
                temporary.replace(kept / name)
            return ""
    return whose


def pause(store: Store, version_id: str, *, who: str, why: str = "") -> None:
    """Nobody joins or answers until `resume`."""
    with store.write() as session:
        _moved(session, version_id, "paused", who=who, why=why)


def resume(store: Store, version_id: str, *, who: str, why: str = "") -> None:
    """Opens a paused version again."""
    with store.write() as session:
        if (state := find(session, version_id).state) != "paused":
            raise SurveyError(f"Version {version_id} is {state}, not paused.")
        _moved(session, version_id, "live", who=who, why=why)


def close(store: Store, version_id: str, *, who: str, why: str = "") -> None:
    """Ends a version for good: results are final."""
    with store.write() as session:
        _moved(session, version_id, "closed", who=who, why=why).closed_at = dt.datetime.now(dt.UTC)


def _moved(session: Session, version_id: str, state: str, *, who: str, why: str = "") -> Version:
    version = find(session, version_id)
    if version.state not in _AFTER[state]:
        raise SurveyError(f"Version {version_id} is {version.state}: only one that is {' or '.join(_AFTER[state])} can become {state}.")
    audit.append(session, who=who, what=state, subject=version_id, before={"state": version.state}, after={"state": state}, why=why)
    version.state = state
    return version


def find(session: Session, version_id: str) -> Version:
    """The version; raises SurveyError with those there are."""
    version = session.get(Version, version_id)
    if version is None:
        known = [f"{one.id} ({one.state})" for one in session.scalars(select(Version))]
        raise SurveyError(f"There is no study version {version_id!r}; there are: {', '.join(known) or 'none'}.")
    return version


def invite(
    store: Store, version_id: str, *, who: str, count: int = 1, cap: int = 1, expires: dt.datetime | None = None, note: str = ""
) -> list[str]:
    """`count` links, each good for `cap` people; gives their tokens, which are shown this once. The version may still be a draft."""
    if count < 1 or cap < 1:
        raise SurveyError(f"{count} links for {cap} people each: both must be at least 1.")
    made = [tokens.new_token() for _ in range(count)]
    now = dt.datetime.now(dt.UTC)
    with store.write() as session:
        version = find(session, version_id)
        if version.state == "closed":
            raise SurveyError(f"Version {version_id} is closed: nobody can join it any more.")
        for token in made:
            session.add(
                Invite(
                    id=tokens.new_id(),
                    version_id=version_id,
                    token_hash=tokens.hashed(token),
                    cap=cap,
                    expires_at=expires,
                    note=note,
                    created_at=now,
                    created_by=who,
                )
            )
        audit.append(session, who=who, what="invite", subject=version_id, after={"links": count, "cap": cap, "note": note})
    return made


def revoke(store: Store, invites: Sequence[str], *, who: str) -> None:
    """Links (by their ids) that let nobody in any more; who is in stays in."""
    with store.write() as session:
        for identity in invites:
            found = session.get(Invite, identity)
            if found is None:
                raise SurveyError(f"There is no link {identity!r}.")
            found.revoked = True
            audit.append(session, who=who, what="revoke", subject=identity)


def preview(store: Store, version_id: str, *, who: str) -> str:
    """The token of a trial participant, who may try a draft too; what they answer is never counted or exported."""
    token = tokens.new_token()
    now = dt.datetime.now(dt.UTC)
    with store.write() as session:
        find(session, version_id)
        session.add(
            Participant(
                id=tokens.new_id(),
                version_id=version_id,
                token_hash=tokens.hashed(token),
                state="invited",
                preview=True,
                joined_at=now,
                seen_at=now,
            )
        )
        audit.append(session, who=who, what="preview", subject=version_id)
    return token


def open_results(store: Store, version_id: str, *, who: str, why: str) -> None:
    """Lets results be seen before the planned number of people is reached; who did so and why stays on record."""
    if not why.strip():
        raise SurveyError("Say why results are to be seen before the planned end: it is printed beside them.")
    with store.write() as session:
        version = find(session, version_id)
        complete = session.scalar(
            select(func.count()).where(Participant.version_id == version_id, Participant.state == "complete", ~Participant.preview)
        )
        looked = {"who": who, "at": dt.datetime.now(dt.UTC).isoformat(), "why": why, "complete": complete}
        version.results_opened = [*version.results_opened, looked]
        audit.append(session, who=who, what="open results", subject=version_id, after=looked, why=why)
