"""Simulated people take a simulated study over HTTP, through the same requests as a browser: the whole service is tried, end to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import aliased

from huelab.errors import SurveyError
from huelab.survey import owners
from huelab.survey.crowd import Crowd, Mind, photo_effects
from huelab.survey.frozen import study_of
from huelab.survey.schema import Stimulus, Trial
from huelab.survey.store import Store

_TRIES = 60

Truth = Mapping[str, tuple[str, str, str, str, str]]
"""A trial's name -> role, photograph, left and right model, the fake's side: what a simulated eye sees, and a browser is not told."""


def default_crowd(models: tuple[str, ...], mode: str) -> Crowd:
    """Fooling rates (or appeals) spread evenly over the models, with a little of everything that people do."""
    spread = np.linspace(0.15, 0.45, len(models)) if mode != "prefer" else np.linspace(-0.8, 0.8, len(models))
    return Crowd(dict(zip(models, map(float, spread), strict=True)), side_bias=0.2, careless=0.05, dropout=0.05)


def run(
    store: Store,
    version_id: str,
    *,
    people: int,
    url: str,
    who: str,
    seed: int = 0,
    crowd: Crowd | None = None,
    at_once: int = 8,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """`people` of them, some at once. Raises SurveyError for a study that is not marked as simulated, and where no server answers."""
    with store.read() as session:
        version = owners.find(session, version_id)
        study = study_of(version)
    if not version.simulated:
        raise SurveyError(f"Version {version_id} is for people: only a study created with --simulated may be answered by programs.")
    minds = crowd or default_crowd(study.models, study.mode)
    link = owners.invite(store, version_id, who=who, cap=people, note="simulated")[0]
    effects = photo_effects(minds, seed)

    def one(number: int) -> str:
        with httpx.Client(base_url=f"{url.rstrip('/')}/survey/api/", timeout=60, trust_env=False) as browser:
            return _take(browser, store, link, Mind(minds, study, effects, np.random.default_rng([seed, number])))

    try:
        with ThreadPoolExecutor(at_once) as pool:
            ends = list(pool.map(one, range(people)))
    except httpx.HTTPError as error:
        raise SurveyError(f"No survey server answers at {url} ({error}): start one with `huelab survey serve` or `make ui`.") from None
    say(f"{ends.count('debrief')} of {people} simulated people completed, {people - ends.count('debrief')} stopped half way")


def _take(browser: httpx.Client, store: Store, link: str, mind: Mind) -> str:
    """One person's whole way; gives the step they ended at."""

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        for tried in range(_TRIES):  # as the page does it: too fast, the database busy, a connection lost
            try:
                reply = browser.post(path, json=body)
            except httpx.ReadError:
                if tried == _TRIES - 1:
                    raise
            else:
                if reply.status_code not in (429, 503):
                    break
            time.sleep(0.5)
        if reply.status_code != 200:
            raise SurveyError(f"the server refused {path}: {reply.text[:200]}")
        found: dict[str, Any] = reply.json()
        return found

    joined = post("join", {"link": link, "language": "en"})
    browser.headers["authorization"] = f"Bearer {joined['token']}"
    state = post("consent", {"sha256": joined["state"]["consent"]["sha256"]})["state"]
    truth: Truth = {}
    done = 0
    while True:
        step = state["step"]
        if step in ("practice", "main"):
            truth = truth or _truth(store, state["trial"]["nonce"])
            if mind.stops and done >= mind.study.photographs_needed // 2:
                return str(step)
            choice, rt_ms = mind.answer(*truth[state["trial"]["nonce"]])
            body = {"nonce": state["trial"]["nonce"], "choice": choice, "rt_ms": rt_ms, "shown_ms": float(mind.study.exposure_ms or rt_ms)}
            state = post("answer", body)["state"]
            done += 1
        elif step == "display":
            state = post("display", {"viewport": [1280, 800], "simulated": True})["state"]
        elif step == "screening":
            state = post("screening", {"answers": {}})["state"]
        elif step == "instructions":
            state = post("ready", {})["state"]
        elif step == "questions":
            state = post("questions", {"answers": {asked["key"]: (asked["choices"] or [""])[0] for asked in state["questions"]}})["state"]
        else:
            return str(step)


def _truth(store: Store, nonce: str) -> Truth:
    """What the eyes of the person who was sent trial `nonce` would see in each of their trials."""
    left, right = aliased(Stimulus), aliased(Stimulus)
    with store.read() as session:
        person = session.scalar(select(Trial.participant_id).where(Trial.nonce == nonce))
        rows = session.execute(
            select(Trial, left.model, right.model)
            .join(left, left.id == Trial.left_id)
            .outerjoin(right, right.id == Trial.right_id)
            .where(Trial.participant_id == person)
        )
        return {trial.nonce: (trial.role, trial.photo_id, one, other or "", trial.fake_side) for trial, one, other in rows}
