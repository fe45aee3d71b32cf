"""The trials: what a participant is shown next, and their answers. One answer per trial, the first, committed before it is acknowledged.

The browser learns of a trial only its random names and how to show it; which side is fake it learns after a practice answer is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, func, insert, select, update

from huelab.survey import person as persons
from huelab.survey import tokens
from huelab.survey.person import Person, acting, change
from huelab.survey.refusal import Refused
from huelab.survey.schema import Base
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
    with store.transaction() as connection:  # issuing a trial is a write
        person = acting(connection, token)
        return _state(connection, person, token, _ahead(connection, person))


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
    given: dict[str, Any] = {"choice": choice, "rt_ms": rt_ms, "shown_ms": shown_ms, "frames": dict(frames or {}), "flags": list(flags)}
    with store.transaction() as connection:
        person = acting(connection, token)
        ahead = _ahead(connection, person)
        if ahead and ahead[0].nonce == nonce:
            if given["choice"] not in ALLOWED[person.study.mode]:
                raise Refused("bad_request")
            if person.state != "active":
                raise Refused("not_now")
            trial, choice = ahead[0], given["choice"]
            ahead = _keep(connection, person, ahead, given)
        else:
            trial, choice = _earlier(connection, person, nonce, given["choice"])
        feedback = None
        if trial.role == "practice" and person.study.mode != "prefer":
            truth = trial.fake_side if person.study.mode == "pair" else "fake" if trial.fake_side else "real"
            feedback = {"right": choice == truth, "truth": truth}
        return {"stored": True, "feedback": feedback, "state": _state(connection, person, token, ahead)}


def _keep(connection: Connection, person: Person, ahead: Sequence[Row[Any]], given: dict[str, Any]) -> Sequence[Row[Any]]:
    """Stores the answer to the first of the open trials, and gives those that are open then."""
    trial, flags = ahead[0], given["flags"]
    known = [flag for flag in FLAGS if flag in flags or (flag == "reexposed" and trial.exposures > 1)]
    now = dt.datetime.now(dt.UTC)
    connection.execute(insert(_ANSWER), {**given, "participant_id": person.id, "k": trial.k, "flags": known, "received_at": now})
    if trial.role == "practice" or trial.repeats is not None or not set(flags) & set(FAILED):
        return ahead[1:]
    again = {
        "participant_id": person.id,
        "k": trial.last + 1,
        **{name: getattr(trial, name) for name in ("role", "photo_id", "left_id", "right_id", "fake_side")},
        "nonce": tokens.new_nonce(),
        "left_nonce": tokens.new_nonce(),
        "right_nonce": None if trial.right_id is None else tokens.new_nonce(),
        "repeats": trial.k,
    }
    connection.execute(insert(_TRIAL), again)
    return _ahead(connection, person)


def _earlier(connection: Connection, person: Person, nonce: str, choice: str) -> tuple[Row[Any], str]:
    """A trial of theirs that is not the present one, and how it was answered."""
    trial = connection.execute(_BY_NONCE, {"participant_id": person.id, "nonce": nonce}).first()
    if trial is None:
        raise Refused("unknown")
    if choice not in ALLOWED[person.study.mode]:
        raise Refused("bad_request")
    if trial.choice is None:
        raise Refused("not_now")
    return trial, trial.choice


def questions(store: Store, token: str, said: Mapping[str, Any]) -> State:
    """The answers to the questions after the trials; the first stand. Raises Refused where a required one is missing or no choice fits."""
    with store.transaction() as connection:
        person = acting(connection, token)
        ahead = _ahead(connection, person)
        if ahead or person.state not in ("active", "complete"):
            raise Refused("not_now")
        if person.state == "active" and not person.questions:
            person = replace(person, questions=_checked(person.study, said))
            change(connection, person, questions=person.questions)
        return _state(connection, person, token, ahead)


def withdraw(store: Store, token: str) -> None:
    """They stop: what they answered stays as the consent text says, until they delete it by their code."""
    with store.transaction() as connection:
        person = persons.find(connection, token)
        if person.state != "complete":
            change(connection, person, state="withdrawn")


def _checked(study: Study, said: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"": True}  # also where nothing is asked: the step is done
    for question in study.questions:
        text = str(said.get(question.key, "")).strip()[:2000]
        if (question.required and not text) or (text and question.choices and text not in question.choices):
            raise Refused("bad_request")
        kept[question.key] = text
    return kept


def _ahead(connection: Connection, person: Person) -> Sequence[Row[Any]]:
    """The next open trials, three at most: the present one, the one after it (loaded ahead), and one to take its place."""
    return connection.execute(_AHEAD, {"participant_id": person.id}).all()


def _state(connection: Connection, person: Person, token: str, ahead: Sequence[Row[Any]]) -> State:
    study = person.study
    state: State = {
        "mode": study.mode,
        "language": person.language,
        "preview": person.preview,
        "simulated": study.simulated,
        "deletion_code": persons.deletion_code(token) if person.consented_at else None,
    }
    if person.state == "invited":
        return state | {"step": "consent"}
    if person.state == "consented" and not person.client:
        return state | {"step": "display"}
    if person.state == "consented" and study.screening:
        return state | {"step": "screening"}
    if person.state in ("consented", "screened"):
        return state | {"step": "instructions"} | _asked(study)
    if person.state == "complete":
        return state | {
            "step": "debrief",
            "completion_code": person.completion_code,
            "completion_url": study.completion_address(person.completion_code),
        }
    if ahead:
        return state | _trial_state(connection, person, ahead)
    if study.questions and not person.questions:
        asked = [question.model_dump(mode="json") for question in study.questions]
        return state | {"step": "questions", "questions": asked}
    done = replace(person, state="complete", completion_code=tokens.new_code())
    change(connection, person, state=done.state, completion_code=done.completion_code, completed_at=dt.datetime.now(dt.UTC))
    return _state(connection, done, token, ahead)


@lru_cache(maxsize=64)
def _asked(study: Study) -> State:
    """How trials are shown and answered."""
    keys = ("presentation", "exposure_ms", "gap_ms", "mask", "answer_while_shown", "side", "keys", "content_warning")
    return {
        "asked": {**study.model_dump(mode="json", include=set(keys)), "trials": study.trials + study.catches, "practice": study.practice}
    }


def _trial_state(connection: Connection, person: Person, ahead: Sequence[Row[Any]]) -> State:
    trial, study = ahead[0], person.study
    if trial.issued_at is None:
        connection.execute(_ISSUE, {"participant": person.id, "number": trial.k, "now": dt.datetime.now(dt.UTC)})
    practice = trial.role == "practice"  # they come first: k counts from 0 over practice, main and repetitions
    done, of = (trial.k, trial.practice) if practice else (trial.k - trial.practice, trial.last + 1 - trial.practice)
    return {
        "step": "practice" if practice else "main",
        "trial": {"nonce": trial.nonce, "left": trial.left_nonce, "right": trial.right_nonce},
        "next": [nonce for one in ahead[1:2] for nonce in (one.left_nonce, one.right_nonce) if nonce],
        "done": done,
        "of": of,
        "pause": not practice and done > 0 and done % study.block == 0,
    } | _asked(study)


# Plain columns, as in survey/person.py: these statements are every answer's.
_TRIAL, _ANSWER = Base.metadata.tables["trial"], Base.metadata.tables["answer"]
_ITS_ANSWER = (_ANSWER.c.participant_id == _TRIAL.c.participant_id) & (_ANSWER.c.k == _TRIAL.c.k)
_MINE: BindParameter[str] = bindparam("participant_id")
_other = _TRIAL.alias("other")
_AHEAD = (
    select(
        _TRIAL,
        select(func.max(_other.c.k)).where(_other.c.participant_id == _MINE).scalar_subquery().label("last"),
        select(func.count()).where(_other.c.participant_id == _MINE, _other.c.role == "practice").scalar_subquery().label("practice"),
    )
    .outerjoin(_ANSWER, _ITS_ANSWER)
    .where(_TRIAL.c.participant_id == _MINE, _ANSWER.c.k.is_(None))
    .order_by(_TRIAL.c.k)
    .limit(3)
)
_BY_NONCE = (
    select(_TRIAL, _ANSWER.c.choice)
    .outerjoin(_ANSWER, _ITS_ANSWER)
    .where(_TRIAL.c.participant_id == _MINE, _TRIAL.c.nonce == bindparam("nonce"))
)
_ISSUE = (
    update(_TRIAL)
    .where(_TRIAL.c.participant_id == bindparam("participant"), _TRIAL.c.k == bindparam("number"))
    .values(issued_at=bindparam("now"))
)
