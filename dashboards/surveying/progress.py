"""How a study goes while it runs: who is at which step, who left where, how long it takes. Nothing here says which model does well."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huelab.survey.allocation import HELD
from huelab.survey.answering import FAILED
from huelab.survey.frozen import study_of
from huelab.survey.owners import find
from huelab.survey.schema import Answer, Event, Participant, Trial
from huelab.survey.store import Store
from huelab.survey.study import Study

_SCREEN = ("viewport", "pixel_ratio", "gamut", "high_dynamic_range", "touch", "browser")
DONE, ACTIVE, LEFT = "complete", "under way", "left"


@dataclass(frozen=True)
class Progress:
    """Of one version; previews are left out."""

    joined: int
    begun: int
    complete: int
    under_way: int
    withdrawn: int
    away: int
    """Not complete, and not seen for longer than their place is held."""
    deleted: int
    steps: pd.DataFrame
    """step, people who reached it, and of these how many are there now and how many left there; in order."""
    catch_seen: float | None
    """Share of the catch trials that count that were seen through."""
    catches: int
    minutes: tuple[float, float, float] | None
    """From first to last answer of those who are complete: quarter, median, three quarters."""
    repeated: int
    """Trials put again because their exposure failed."""
    answers: int
    problems: pd.DataFrame
    """at, participant, text."""
    screening: dict[str, int]
    last: dt.datetime | None
    """The latest answer."""
    possible_duplicates: int
    """People who came from one address on one day with one and the same screen as somebody else: a hint, for people share both."""


def of(store: Store, version_id: str, *, now: dt.datetime | None = None) -> Progress:
    """As it is now. Raises SurveyError for no such version."""
    now = now or dt.datetime.now(dt.UTC)
    with store.read() as session:
        study = study_of(find(session, version_id))
        people = list(session.scalars(select(Participant).where(Participant.version_id == version_id, ~Participant.preview)))
        answered = _answered(session, version_id)
        places = [(_step(one, answered.get(one.id, (0, 0)), study), _standing(one, now)) for one in people if one.state != "deleted"]
        mine = _joined(version_id)
        seen, catches = _catches(session, version_id, study)
        problems = session.execute(
            select(Event.at, Event.participant_id, Event.detail)
            .join(Participant, Participant.id == Event.participant_id)
            .where(Participant.version_id == version_id, ~Participant.preview, Event.kind == "problem")
            .order_by(Event.id.desc())
            .limit(200)
        )
        told = [
            {"at": f"{at:%Y-%m-%d %H:%M}", "participant": person, "text": str(detail.get("text", ""))} for at, person, detail in problems
        ]
        repeated = session.scalar(
            select(func.count())
            .select_from(Trial)
            .join(Participant, Participant.id == Trial.participant_id)
            .where(Participant.version_id == version_id, ~Participant.preview, Trial.repeats.is_not(None))
        )
        answers, last = session.execute(mine.with_only_columns(func.count(), func.max(Answer.received_at))).one()
        spans = _spans(session, version_id)
    classes = pd.Series([str(one.screening["class"]) for one in people if one.screening.get("class")]).value_counts()
    standing = [one for _, one in places]
    return Progress(
        joined=len(people),
        begun=sum(1 for one in people if sum(answered.get(one.id, (0, 0)))),
        complete=standing.count(DONE),
        under_way=standing.count(ACTIVE),
        withdrawn=sum(one.state == "withdrawn" for one in people),
        away=standing.count(LEFT) - sum(one.state == "withdrawn" for one in people),
        deleted=sum(one.state == "deleted" for one in people),
        steps=_steps(places, study),
        catch_seen=seen / catches if catches else None,
        catches=catches,
        minutes=tuple(float(one) for one in np.quantile(spans, [0.25, 0.5, 0.75])) if spans else None,  # type: ignore[arg-type]
        repeated=repeated or 0,
        answers=answers,
        problems=pd.DataFrame(told, columns=["at", "participant", "text"]),
        screening={str(name): int(count) for name, count in classes.items()},
        last=last,
        possible_duplicates=0 if study.simulated else _possible_duplicates(people),
    )


def order(study: Study) -> list[str]:
    """The steps of a participant's way."""
    trials = study.trials + study.catches
    blocks = [f"trials {first + 1} to {min(first + study.block, trials)}" for first in range(0, trials, study.block)]
    steps = ["consent", "screen", *(["screening"] if study.screening else []), "instructions", "practice", *blocks]
    return [*steps, *(["questions"] if study.questions else []), DONE]


def _answered(session: Session, version_id: str) -> dict[str, tuple[int, int]]:
    """Participant -> answered practice trials, answered others."""
    found: dict[str, list[int]] = {}
    counted = (
        _joined(version_id).with_only_columns(Answer.participant_id, Trial.role, func.count()).group_by(Answer.participant_id, Trial.role)
    )
    for person, role, count in session.execute(counted):
        found.setdefault(person, [0, 0])[role != "practice"] += count
    return {person: (counts[0], counts[1]) for person, counts in found.items()}


def _joined(version_id: str):  # type: ignore[no-untyped-def]  # SQLAlchemy's Select has no nameable type here
    return (
        select(Answer.k)
        .join(Trial, (Trial.participant_id == Answer.participant_id) & (Trial.k == Answer.k))
        .join(Participant, Participant.id == Answer.participant_id)
        .where(Participant.version_id == version_id, ~Participant.preview)
    )


def _step(one: Participant, answered: tuple[int, int], study: Study) -> str:
    steps = order(study)
    if one.state == "complete":
        return DONE
    if one.consented_at is None:
        return "consent"
    practice, others = answered
    if not practice + others and one.state != "active":
        if not one.client:
            return "screen"
        return "screening" if study.screening and not one.screening else "instructions"
    if practice < study.practice:
        return "practice"
    trials = study.trials + study.catches
    if others < trials:
        return steps[steps.index("practice") + 1 + others // study.block]
    return steps[-2]


def _standing(one: Participant, now: dt.datetime) -> str:
    if one.state == "complete":
        return DONE
    return LEFT if one.state in ("withdrawn", "expired") or one.seen_at < now - HELD else ACTIVE


def _steps(places: list[tuple[str, str]], study: Study) -> pd.DataFrame:
    names = order(study)
    at = [names.index(step) for step, _ in places]
    return pd.DataFrame(
        {
            "step": names,
            "reached": [sum(place >= number for place in at) for number in range(len(names))],
            "now": [sum(step == name and standing == ACTIVE for step, standing in places) for name in names],
            "left": [sum(step == name and standing == LEFT for step, standing in places) for name in names],
        }
    )


def _catches(session: Session, version_id: str, study: Study) -> tuple[int, int]:
    """Catch trials seen through, and answered; as longform.catches counts them."""
    rows = session.execute(_joined(version_id).with_only_columns(Answer.choice, Trial.fake_side, Answer.flags).where(Trial.role == "catch"))
    right = []
    for choice, fake_side, flags in rows:
        if set(flags) & set(FAILED):
            continue
        if study.mode == "prefer":
            right.append(choice != fake_side)
        else:
            right.append(choice == (fake_side if study.mode == "pair" else "fake"))
    return sum(right), len(right)


def _possible_duplicates(people: list[Participant]) -> int:
    """Addresses are kept as a hash with a salt of the day, and for some days only: afterwards nobody can tell."""
    known = [one for one in people if one.address_hash and one.client]
    alike = Counter((one.address_hash, one.joined_at.date(), *(str(one.client.get(key)) for key in _SCREEN)) for one in known)
    return sum(count for count in alike.values() if count > 1)


def _spans(session: Session, version_id: str) -> list[float]:
    """Minutes of each who is complete."""
    rows = session.execute(
        _joined(version_id)
        .with_only_columns(func.min(Answer.received_at), func.max(Answer.received_at))
        .where(Participant.state == "complete")
        .group_by(Answer.participant_id)
    )
    return [(last - first).total_seconds() / 60 for first, last in rows]
