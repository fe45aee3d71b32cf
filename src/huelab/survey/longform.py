"""The long format: one row per trial, what was shown and what was answered. Exports, statistics and simulations all speak it.

Which of the answers count is said here as well, once for all figures: `analysed`, `catches`, `until`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import aliased

from huelab.survey.answering import FAILED
from huelab.survey.frozen import study_of
from huelab.survey.owners import find
from huelab.survey.schema import Answer, Participant, Stimulus, Trial
from huelab.survey.store import Store

COLUMNS: dict[str, str] = {
    "survey": "str",
    "version": "str",
    "study_sha256": "str",
    "participant": "str",
    "simulated": "bool",
    "cell": "int64",
    "language": "str",
    "state": "str",
    "screening": "str",
    "k": "int64",
    "role": "str",
    "photo_id": "str",
    "photograph": "str",
    "mode": "str",
    "model": "str",
    "model_right": "str",
    "fake_side": "str",
    "choice": "str",
    "fooled": "float64",
    "correct": "float64",
    "rt_ms": "float64",
    "shown_ms": "float64",
    "repeats": "Int64",
    "flags": "str",
    "issued_at": "datetime64[us, UTC]",
    "received_at": "datetime64[us, UTC]",
    "completed_at": "datetime64[us, UTC]",
}
"""Name -> type; docs say what each means (survey/codebook.py)."""


def of_version(store: Store, version_id: str) -> pd.DataFrame:
    """Every trial of a version, answered or not, by person and order; previews are left out. Raises SurveyError for no such version."""
    left, right = aliased(Stimulus), aliased(Stimulus)
    with store.read() as session:
        version = find(session, version_id)
        study = study_of(version)
        pictures = select(Stimulus.photo_id, Stimulus.provenance).where(Stimulus.version_id == version_id)
        files = {photo_id: str(provenance.get("path") or photo_id) for photo_id, provenance in session.execute(pictures)}
        query = (
            select(Trial, Answer, Participant, left.kind, left.model, right.kind, right.model)
            .join(Participant, Participant.id == Trial.participant_id)
            .join(left, left.id == Trial.left_id)
            .outerjoin(right, right.id == Trial.right_id)
            .outerjoin(Answer, (Answer.participant_id == Trial.participant_id) & (Answer.k == Trial.k))
            .where(Participant.version_id == version_id, ~Participant.preview)
            .order_by(Participant.joined_at, Participant.id, Trial.k)
        )
        rows = []
        for trial, answer, person, left_kind, left_model, right_kind, right_model in session.execute(query):
            shown = [(left_kind, left_model), (right_kind, right_model)]
            fakes = [model for kind, model in shown if kind == "model"]
            rows.append(
                {
                    "survey": version.survey_id,
                    "version": version.id,
                    "study_sha256": version.sha256,
                    "participant": person.id,
                    "simulated": version.simulated,
                    "cell": person.cell,
                    "language": person.language,
                    "state": person.state,
                    "screening": str(person.screening.get("class", "")),
                    "k": trial.k,
                    "role": trial.role,
                    "photo_id": trial.photo_id,
                    "photograph": files[trial.photo_id],
                    "mode": study.mode,
                    "model": fakes[0] if fakes else "",
                    "model_right": fakes[1] if len(fakes) > 1 else "",
                    "fake_side": trial.fake_side,
                    "choice": answer.choice if answer else "",
                    "rt_ms": answer.rt_ms if answer else None,
                    "shown_ms": answer.shown_ms if answer else None,
                    "repeats": trial.repeats,
                    "flags": ";".join(answer.flags) if answer else "",
                    "issued_at": trial.issued_at,
                    "received_at": answer.received_at if answer else None,
                    "completed_at": person.completed_at,
                }
            )
    return judged(rows)


def judged(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """The table of `rows`, which hold all columns but fooled and correct: these follow from choice and fake_side.

    correct: 1 where real and fake were told apart, NaN for no answer and where there is no truth (prefer). fooled: 1 where a model's
    picture was taken for the real one, 0 where it was not, NaN for anything else.
    """
    table = pd.DataFrame(list(rows), columns=[name for name in COLUMNS if name not in ("fooled", "correct")])
    truth = table["fake_side"].where(table["mode"] == "pair", table["fake_side"].map({"only": "fake", "": "real"}))
    has_truth = (table["choice"] != "") & (table["mode"].isin(["pair", "single"]) | (table["fake_side"] != ""))
    right = table["choice"] == truth
    chosen_fake = (table["mode"] == "prefer") & (table["fake_side"] != "")  # a catch beside the real one: preferring the fake is wrong
    right = right.where(~chosen_fake, table["choice"] != table["fake_side"])
    table["correct"] = right.astype("float64").where(has_truth)
    of_model = has_truth & (table["model"] != "") & table["mode"].isin(["pair", "single"])
    table["fooled"] = (1 - table["correct"]).where(of_model)
    for name in ("issued_at", "received_at", "completed_at"):
        table[name] = pd.to_datetime(table[name], utc=True)
    return table[list(COLUMNS)].astype(COLUMNS)


def analysed(table: pd.DataFrame) -> pd.DataFrame:
    """The main trials that count: answered, and the pictures were shown as the study asks.

    An answer to a showing that failed (hidden or late) never counts: its repetition does, if that was answered and did not fail as well.
    """
    return _counted(table, "main")


def catches(table: pd.DataFrame) -> pd.DataFrame:
    """The catch trials that count, likewise."""
    return _counted(table, "catch")


def _counted(table: pd.DataFrame, role: str) -> pd.DataFrame:
    own = table[(table["role"] == role) & (table["choice"] != "")]
    return own[~own["flags"].str.split(";").map(lambda flags: bool(set(flags) & set(FAILED))).astype(bool)]


def until(table: pd.DataFrame, moment: pd.Timestamp | None) -> pd.DataFrame:
    """What was known at `moment`: the rows without those answered later. None: all of them."""
    return table if moment is None else table[table["received_at"].isna() | (table["received_at"] <= moment)]


def by_photograph(table: pd.DataFrame) -> pd.DataFrame:
    """The same with the photograph a picture is of as its `photo_id`: regions of one photograph are no photographs of their own."""
    return table.assign(photo_id=table["photograph"])
