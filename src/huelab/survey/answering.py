"""The trials: what a participant is shown next, and their answers. One answer per trial, the first, committed before it is acknowledged.

The browser learns of a trial only its random names and how to show it; which side is fake it learns after a practice answer is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from huelab.survey import people, tokens
from huelab.survey.people import Person
from huelab.survey.refusal import Refused
from huelab.survey.schema import Answer, Trial
from huelab.survey.store import Store
from huelab.survey.study import Study

ALLOWED = {"pair": ("left", "right"), "single": ("real", "fake"), "prefer": ("left", "right", "tie")}
"""Mode -> choices."""
FAILED = ("hidden", "late")
"""Flags of an exposure that was not what the study asks: the trial is put again, once, at the end."""
FLAGS = (*FAILED, "reexposed", "blurred", "slow_load")

State = dict[str, Any]


def current(store: Store, token: str) -> State:
    """The step a participant is at. Raises Refused for nobody, for somebody who withdrew, and while the version is not open."""
    with store.write() as session:  # issuing a trial is a write
        return _state(session, people.acting(session, token), token)


def answer(
    store: Store,
    token: str,
    nonce: str,
    choice: str,
    *,
    rt_ms: float | None = None,
    shown_ms: float | None = None,
    frames: Mapping[str, Any] | None = None,
    flags: Sequence[str] = (),
) -> State:
    """Stores the answer to the trial `nonce` and gives {"feedback", "state"}; sent again it changes nothing and is answered alike.

    Raises Refused for a trial that is not the participant's, or not their present one, and for a choice the mode does not have.
    """
    try:
        with store.write() as session:
            person = people.acting(session, token)
            trial = session.scalar(select(Trial).where(Trial.nonce == nonce, Trial.participant_id == person.participant.id))
            if trial is None:
                raise Refused("unknown")
            if choice not in ALLOWED[person.study.mode]:
                raise Refused("bad_request")
            if session.get(Answer, (trial.participant_id, trial.k)) is None:
                present = _first_open(session, person)
                if person.participant.state != "active" or present is None or present.k != trial.k:
                    raise Refused("not_now")
                session.add(_answer(trial, choice, rt_ms, shown_ms, frames or {}, flags))
                session.flush()
                if trial.role == "main" and trial.repeats is None and set(flags) & set(FAILED):
                    session.add(_again(session, trial))
                    session.flush()
            return _reply(session, person, trial, token)
    except IntegrityError:  # another post of the same trial was first
        with store.write() as session:
            person = people.acting(session, token)
            trial = session.scalar(select(Trial).where(Trial.nonce == nonce, Trial.participant_id == person.participant.id))
            if trial is None:
                raise Refused("unknown") from None
            return _reply(session, person, trial, token)


def questions(store: Store, token: str, said: Mapping[str, Any]) -> State:
    """The answers to the questions after the trials; the first stand. Raises Refused where a required one is missing or no choice fits."""
    with store.write() as session:
        person = people.acting(session, token)
        if _first_open(session, person) is not None or person.participant.state not in ("active", "complete"):
            raise Refused("not_now")
        if person.participant.state == "active" and not person.participant.questions:
            person.participant.questions = _checked(person.study, said)
        return _state(session, person, token)


def withdraw(store: Store, token: str) -> None:
    """They stop: what they answered stays as the consent text says, until they delete it by their code."""
    with store.write() as session:
        person = people.find(session, token)
        if person.participant.state != "complete":
            person.participant.state = "withdrawn"


def _checked(study: Study, said: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"": True}  # also where nothing is asked: the step is done
    for question in study.questions:
        text = str(said.get(question.key, "")).strip()[:2000]
        if (question.required and not text) or (text and question.choices and text not in question.choices):
            raise Refused("bad_request")
        kept[question.key] = text
    return kept


def _answer(
    trial: Trial, choice: str, rt_ms: float | None, shown_ms: float | None, frames: Mapping[str, Any], flags: Sequence[str]
) -> Answer:
    known = [flag for flag in FLAGS if flag in flags or (flag == "reexposed" and trial.exposures > 1)]
    return Answer(
        participant_id=trial.participant_id,
        k=trial.k,
        choice=choice,
        rt_ms=rt_ms,
        shown_ms=shown_ms,
        frames=dict(frames),
        flags=known,
        received_at=dt.datetime.now(dt.UTC),
    )


def _again(session: Session, trial: Trial) -> Trial:
    last = session.scalar(select(func.max(Trial.k)).where(Trial.participant_id == trial.participant_id)) or 0
    return Trial(
        participant_id=trial.participant_id,
        k=last + 1,
        role=trial.role,
        photo_id=trial.photo_id,
        left_id=trial.left_id,
        right_id=trial.right_id,
        fake_side=trial.fake_side,
        nonce=tokens.new_nonce(),
        left_nonce=tokens.new_nonce(),
        right_nonce=None if trial.right_id is None else tokens.new_nonce(),
        repeats=trial.k,
    )


def _open_trials(session: Session, person: Person, most: int) -> list[Trial]:
    unanswered = (
        select(Trial)
        .outerjoin(Answer, (Answer.participant_id == Trial.participant_id) & (Answer.k == Trial.k))
        .where(Trial.participant_id == person.participant.id, Answer.k.is_(None))
        .order_by(Trial.k)
        .limit(most)
    )
    return list(session.scalars(unanswered))


def _first_open(session: Session, person: Person) -> Trial | None:
    return next(iter(_open_trials(session, person, 1)), None)


def _reply(session: Session, person: Person, trial: Trial, token: str) -> State:
    stored = session.get_one(Answer, (trial.participant_id, trial.k))
    feedback = None
    if trial.role == "practice" and person.study.mode != "prefer":
        truth = trial.fake_side if person.study.mode == "pair" else "fake" if trial.fake_side else "real"
        feedback = {"right": stored.choice == truth, "truth": truth}
    return {"stored": True, "feedback": feedback, "state": _state(session, person, token)}


def _state(session: Session, person: Person, token: str) -> State:
    participant, study = person.participant, person.study
    state: State = {
        "mode": study.mode,
        "language": participant.language,
        "preview": participant.preview,
        "simulated": study.simulated,
        "deletion_code": people.deletion_code(token) if participant.consented_at else None,
    }
    if participant.state == "invited":
        return state | {"step": "consent", "consent_sha256": person.version.consent_sha256}
    if participant.state == "consented" and not participant.client:
        return state | {"step": "display"}
    if participant.state == "consented" and study.screening:
        return state | {"step": "screening"}
    if participant.state in ("consented", "screened"):
        return state | {"step": "instructions"} | _asked(study)
    if participant.state == "complete":
        return state | {"step": "debrief", "completion_code": participant.completion_code, "completion_url": study.completion_url}
    ahead = _open_trials(session, person, 2)
    if ahead:
        return state | _trial_state(session, person, ahead)
    if study.questions and not participant.questions:
        asked = [question.model_dump(mode="json") for question in study.questions]
        return state | {"step": "questions", "questions": asked}
    participant.state, participant.completed_at = "complete", dt.datetime.now(dt.UTC)
    participant.completion_code = tokens.new_code()
    return _state(session, person, token)


def _asked(study: Study) -> State:
    """How trials are shown and answered."""
    keys = ("presentation", "exposure_ms", "gap_ms", "mask", "answer_while_shown", "side", "keys", "content_warning")
    return {
        "asked": {**study.model_dump(mode="json", include=set(keys)), "trials": study.trials + study.catches, "practice": study.practice}
    }


def _trial_state(session: Session, person: Person, ahead: list[Trial]) -> State:
    trial, study = ahead[0], person.study
    if trial.issued_at is None:
        trial.issued_at = dt.datetime.now(dt.UTC)
    practice = trial.role == "practice"
    same_part = (Trial.role == "practice") if practice else (Trial.role != "practice")
    mine = (Trial.participant_id == trial.participant_id) & same_part
    of = session.scalar(select(func.count()).select_from(Trial).where(mine)) or 0
    done = session.scalar(select(func.count()).select_from(Trial).where(mine, Trial.k < trial.k)) or 0
    return {
        "step": "practice" if practice else "main",
        "trial": {"nonce": trial.nonce, "left": trial.left_nonce, "right": trial.right_nonce},
        "next": [nonce for one in ahead[1:] for nonce in (one.left_nonce, one.right_nonce) if nonce],
        "done": done,
        "of": of,
        "pause": not practice and done > 0 and done % study.block == 0,
    } | _asked(study)
