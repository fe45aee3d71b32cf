"""Simulated people who take a launched study through the same calls as a browser's requests, so that figures on the pages are real."""

from __future__ import annotations

import hashlib

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import aliased

from huelab.survey import answering, crowd, owners, people, texts
from huelab.survey.crowd import Crowd, Mind
from huelab.survey.frozen import study_of
from huelab.survey.owners import find
from huelab.survey.schema import Stimulus, Trial
from huelab.survey.store import Store
from huelab.survey.study import Study


def begun(store: Store, version: str) -> str:
    """The token of somebody who stands before the first practice trial."""
    token = people.join(store, owners.invite(store, version, who="owner")[0])
    with store.read() as session:
        study = study_of(find(session, version))
    people.consent(store, token, hashlib.sha256(texts.consent(study)["text"].encode()).hexdigest())
    people.display(store, token, {"viewport": [1280, 800]})
    people.screened(store, token, {"class": "typical"})
    people.ready(store, token)
    return token


def vote(store: Store, version: str, minds: Crowd, *, count: int, seed: int = 0, stop_after: int | None = None) -> list[str]:
    """`count` people answer, each until the end, or until so many trials; gives their tokens."""
    with store.read() as session:
        study = study_of(find(session, version))
    effects = crowd.photo_effects(minds, seed)
    tokens = []
    for number in range(count):
        token = begun(store, version)
        mind = Mind(minds, study, effects, np.random.default_rng([seed, number]))
        _answered(store, study, token, mind, stop_after)
        tokens.append(token)
    return tokens


def _answered(store: Store, study: Study, token: str, mind: Mind, stop_after: int | None) -> None:
    left, right = aliased(Stimulus), aliased(Stimulus)
    state, done = answering.current(store, token), 0
    while "trial" in state and done != stop_after:
        nonce = state["trial"]["nonce"]
        query = select(Trial, left.model, right.model).join(left, left.id == Trial.left_id).outerjoin(right, right.id == Trial.right_id)
        with store.read() as session:
            trial, first, second = session.execute(query.where(Trial.nonce == nonce)).one()
        role = "catch" if trial.role == "catch" else "main"
        choice, time = mind.answer(role, trial.photo_id, first, second or "", trial.fake_side)
        state = answering.answer(store, token, nonce, choice, rt_ms=time, shown_ms=1000.0)["state"]
        done += 1
    if state["step"] == "questions":
        answering.questions(store, token, {question.key: "" for question in study.questions})
