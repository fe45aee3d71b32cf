"""When results may be seen, and where they go: registry/human.json, which the leaderboard, MLflow and the promotion rule read."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huelab import paths
from huelab.data.replacing import replacing_file
from huelab.errors import SurveyError
from huelab.evaluation import human
from huelab.survey import audit, longform, owners
from huelab.survey.frozen import study_of
from huelab.survey.owners import find
from huelab.survey.schema import Participant, Version
from huelab.survey.statistics import metrics_link
from huelab.survey.statistics.looks import Look, standing, words
from huelab.survey.statistics.results import Results, results
from huelab.survey.statistics.words import few, photographs
from huelab.survey.store import Store


def opened(store: Store, version_id: str, *, who: str, why: str = "") -> Results:
    """The results of a version. Raises SurveyError before the planned number or look, unless `why` says why one looks all the same."""
    require_open(store, version_id, who=who, why=why)
    return computed(store, version_id)


def computed(store: Store, version_id: str, table: pd.DataFrame | None = None) -> Results:
    """All figures of a version, of its long format where that is at hand: one place, so that page, command, export and file cannot differ.

    Asks nobody whether they may be seen: see `require_open`.
    """
    with store.read() as session:
        version = find(session, version_id)
        gone = deleted(session, version_id)
    study = study_of(version)
    return results(
        longform.of_version(store, version_id) if table is None else table,
        study,
        closed=version.state == "closed",
        deleted=gone,
        early_looks=_told(version),
        measured=metrics_link.scores_of(study.models, version.lineage),
    )


def require_open(store: Store, version_id: str, *, who: str, why: str = "") -> Version:
    """The version, if its votes and results may be seen now: as `opened` has it."""
    with store.read() as session:
        version = find(session, version_id)
        look = stands(session, version)
    if not look.open:
        if not why.strip():
            raise SurveyError(f"{words(look)} Close the study, or say why you look now (--why TEXT); it is kept and printed.")
        owners.open_results(store, version_id, who=who, why=why)
    return version


def stands(session: Session, version: Version) -> Look:
    """Where a version stands now."""
    done = (Participant.version_id == version.id) & (Participant.state == "complete") & ~Participant.preview
    complete = session.scalar(select(func.count()).select_from(Participant).where(done)) or 0
    gone = len(deleted(session, version.id))
    early = bool(version.results_opened)
    return standing(study_of(version), complete + gone, closed=version.state == "closed", early=early, deleted=gone)


def deleted(session: Session, version_id: str) -> list[dt.datetime]:
    """When those were complete whose data were deleted since: a deletion does not take back a look that was reached."""
    gone = (Participant.version_id == version_id) & (Participant.state == "deleted") & ~Participant.preview
    return [at for at in session.scalars(select(Participant.completed_at).where(gone)) if at is not None]


def _told(version: Version) -> list[str]:
    return [
        f"LOOKED AT EARLY by {one['who']} at {str(one['at'])[:16].replace('T', ' ')} UTC, with {one['complete']} complete: {one['why']}"
        for one in version.results_opened
    ]


def publish(store: Store, version_id: str, *, who: str) -> list[str]:
    """Writes each model's fooling rate of a closed version, and each two models' difference, to registry/human.json.

    They take the place of what this version wrote before; a version that is new there stands by the time it was closed. Gives a line per
    model, and what a reader must know. Raises SurveyError for a version that is not closed, is simulated, or asked for preferences.
    """
    version = require_publishable(store, version_id)
    if version.state != "closed":
        raise SurveyError(f"Version {version_id} is {version.state}: results are published once it is closed.")
    found = computed(store, version_id)
    rows, said = _rows(version, found)
    file = paths.human_results()
    with replacing_file(file) as new:
        new.write_text(json.dumps({"results": _placed(_known(), rows, version_id)}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with store.write() as session:
        audit.append(session, who=who, what="publish", subject=version_id, after={"results": rows})
    said.append(f"written to {file.relative_to(paths.root())}: commit it; `dvc repro` sets it beside the scores")
    remarks = [f"photographs: {photographs(found.kept)}"] if few(found.kept) else []
    return [*said, words(found.look), *found.early_looks, *remarks]


def _rows(version: Version, found: Results) -> tuple[list[dict[str, Any]], list[str]]:
    """What human.json holds of each model, and a line on each."""
    lineage = dict(version.lineage)
    weights = {name: str(lineage["models"][name]["content"]) for name in found.study.models}
    content = {name: human.identity(name, own, lineage["data_hash"]) for name, own in weights.items()}
    closed = "" if version.closed_at is None else version.closed_at.isoformat(timespec="microseconds")
    rows: list[dict[str, Any]] = []
    said = []
    for one in found.kept.fooled:
        if one.rate.low is None or one.rate.high is None:
            said.append(f"{one.model}: left out, {one.trials} answers of {one.people} people give no interval")
            continue
        own = {"study": version.id, "content": content[one.model], "weights": weights[one.model], "model": one.model}
        rate = {"rate": one.rate.value, "low": one.rate.low, "high": one.rate.high, "n": one.trials}
        against = [
            {"content": content[pair.second], "model": pair.second, "difference": apart.value, "low": apart.low, "high": apart.high}
            for pair in found.kept.differences
            if pair.first == one.model and (apart := pair.difference).low is not None
        ]
        rows.append({**own, **rate, "closed": closed, "against": against})
        said.append(
            f"{one.model}: {one.rate.value:.1%} [{one.rate.low:.1%}, {one.rate.high:.1%}] of {one.trials} answers by {one.people} people"
        )
    return rows, said


def _placed(known: list[dict[str, Any]], rows: list[dict[str, Any]], study: str) -> list[dict[str, Any]]:
    """`rows` where the study stood before; else before the first that was closed later, for the last in the file counts as the latest."""
    before = [place for place, row in enumerate(known) if row.get("study") == study]
    closed = rows[0]["closed"] if rows else ""
    later = [place for place, row in enumerate(known) if closed and str(row.get("closed", "")) > closed]
    place = min(before or later or [len(known)])
    return [*known[:place], *rows, *(row for row in known[place:] if row.get("study") != study)]


def close_and_publish(store: Store, version_id: str, *, who: str) -> list[str]:
    """`publish` of a version that is closed first if it is still open. Raises SurveyError, and closes nothing, where that cannot be."""
    state = require_publishable(store, version_id).state
    if state == "closed":
        return publish(store, version_id, who=who)
    owners.close(store, version_id, who=who, why="to publish its results")
    return [f"{version_id} is closed", *publish(store, version_id, who=who)]


def require_publishable(store: Store, version_id: str) -> Version:
    """The version, if its fooling rates may be published once it is closed. Raises SurveyError that says why not."""
    with store.read() as session:
        version = find(session, version_id)
        study = study_of(version)
    if version.simulated:
        raise SurveyError(f"Version {version_id} is simulated: programs' answers are never set beside people's.")
    if study.mode == "prefer":
        raise SurveyError(f"Version {version_id} asked which picture is preferred: there is no fooling rate to publish.")
    return version


def _known() -> list[dict[str, Any]]:
    file = paths.human_results()
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["results"]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SurveyError(f"{file} is damaged ({error}): mend it, or move it away; nothing was written.") from None
    rows: list[dict[str, Any]] = found
    return rows
