"""What the owners of a study do: create, launch, invite, pause, close. Every step is audited; a launched version never changes."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huelab import paths
from huelab.errors import SurveyError
from huelab.survey import audit, drafts, keeping, lineage, manifest, texts, tokens
from huelab.survey.consent import in_all_languages
from huelab.survey.frozen import study_of
from huelab.survey.lineage import Tracked
from huelab.survey.schema import Invite, Participant, Stimulus, Survey, Version
from huelab.survey.store import Store
from huelab.survey.study import Study

_AFTER = {"live": ("draft",), "paused": ("live",), "closed": ("live", "paused")}
"""State -> the states it may follow; `resume` alone leads back from paused."""


def create(
    store: Store,
    study: Study,
    rendered: Path,
    *,
    who: str,
    survey: str | None = None,
    tracked: Mapping[str, Tracked] | None = None,
) -> str:
    """A draft of `study` with the pictures of `rendered` (work/stimuli); as a new version of `survey` where one is named. Gives its id.

    `tracked`: SHA-256 of weights -> where MLflow has them, for the record. Raises SurveyError for models that were not rendered, too few
    photographs, trials that fit into no order, and a language there are no texts in.
    """
    found = manifest.read(rendered)
    drafts.require_possible(study, found)
    whole = lineage.of_version(found, tracked or {})
    pictures = drafts.stimuli(study, found, whole)
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
            lineage=whole,
            consent={},
            consent_sha256="",
            body_bytes=keeping.body_bytes(pictures),
            simulated=study.simulated,
            results_opened=[],
        )
        session.add(version)
        session.flush()
        for picture in pictures:
            picture.version_id = version.id
        session.add_all(pictures)
        audit.append(
            session, who=who, what="create", subject=version.id, after={"sha256": version.sha256, "survey": survey, "number": number}
        )
    return version.id


def launch(store: Store, version_id: str, rendered: Path, *, who: str, consent: str = "") -> None:
    """Freezes a draft and opens it: its pictures are copied from `rendered` to var/, and what participants will read is kept with its hash.

    `consent`: a text in place of that of the study. Raises SurveyError for a version that is no draft, for a study of people that does not
    say what it is for and whom to ask, for a picture of another lightness than its photograph, and for pictures that are missing or are not
    those that were rendered, naming all; nothing is launched then.
    """
    with store.read() as session:
        version = find(session, version_id)
        _require_follows(version, "live")
        study = study_of(version)
        pictures = _pictures(session, version_id)
    if consent:
        study = study.model_copy(update={"consent": consent})
    _require_told(study)
    keeping.require_lightness(pictures)
    keeping.keep(pictures, rendered)
    read = in_all_languages(study)
    with store.write() as session:
        version = _moved(session, version_id, "live", who=who)
        version.launched_at = dt.datetime.now(dt.UTC)
        version.consent = read
        version.consent_sha256 = hashlib.sha256(texts.consent(study)["text"].encode()).hexdigest()


def _pictures(session: Session, version_id: str) -> list[Stimulus]:
    return list(session.scalars(select(Stimulus).where(Stimulus.version_id == version_id)))


def _require_told(study: Study) -> None:
    """Nobody can agree to a text that leaves open what their answers are for and whom to ask."""
    lacking = [name for name in ("purpose", "contact") if not getattr(study, name).strip()]
    if lacking and not study.consent and not study.simulated:
        raise SurveyError(
            f"The study has no {' and no '.join(lacking)}, which its participants read before they agree: make it again with --purpose and "
            "--contact (or these keys in its file, or these fields of page Studies), or give it a consent text of its own."
        )


def pause(store: Store, version_id: str, *, who: str, why: str = "") -> None:
    """Nobody joins or answers until `resume`."""
    with store.write() as session:
        _moved(session, version_id, "paused", who=who, why=why)


def resume(store: Store, version_id: str, *, who: str, why: str = "") -> None:
    """Opens a paused version again."""
    with store.write() as session:
        version = find(session, version_id)
        if version.state != "paused":
            raise SurveyError(f"Version {version_id} is {version.state}, not paused.")
        _set(session, version, "live", who=who, why=why)


def close(store: Store, version_id: str, *, who: str, why: str = "") -> None:
    """Ends a version for good: results are final."""
    with store.write() as session:
        _moved(session, version_id, "closed", who=who, why=why).closed_at = dt.datetime.now(dt.UTC)


def _moved(session: Session, version_id: str, state: str, *, who: str, why: str = "") -> Version:
    version = find(session, version_id)
    _require_follows(version, state)
    return _set(session, version, state, who=who, why=why)


def _require_follows(version: Version, state: str) -> None:
    if version.state not in _AFTER[state]:
        resume = f" `huelab survey resume {version.id}` opens it again." if (version.state, state) == ("paused", "live") else ""
        raise SurveyError(
            f"Version {version.id} is {version.state}: only one that is {' or '.join(_AFTER[state])} can become {state}.{resume}"
        )


def _set(session: Session, version: Version, state: str, *, who: str, why: str) -> Version:
    audit.append(session, who=who, what=state, subject=version.id, before={"state": version.state}, after={"state": state}, why=why)
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


def preview(store: Store, version_id: str, *, who: str, rendered: Path | None = None) -> str:
    """The token of a trial participant, who may try a draft too; what they answer is never counted or exported.

    The pictures of a draft are copied from `rendered` (work/stimuli) as for a launch. Raises SurveyError where they are not there.
    """
    token = tokens.new_token()
    now = dt.datetime.now(dt.UTC)
    with store.read() as session:
        draft = find(session, version_id).state == "draft"
        pictures = _pictures(session, version_id) if draft else []
    keeping.keep(pictures, rendered or paths.stimuli())
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


def codes(store: Store, version_id: str) -> list[str]:
    """The completion codes of everybody who is complete, sorted, so that nothing of who and when is in their order. For paying people."""
    with store.read() as session:
        find(session, version_id)
        done = (Participant.version_id == version_id) & (Participant.state == "complete") & ~Participant.preview
        return sorted(code for code in session.scalars(select(Participant.completion_code).where(done)) if code)


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
