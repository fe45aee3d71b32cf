"""When results may be seen, and where they go: registry/human.json, which the leaderboard, MLflow and the promotion rule read."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import func, select

from huelab import paths
from huelab.data.replacing import replacing_file
from huelab.errors import SurveyError
from huelab.evaluation import human
from huelab.survey import audit, longform, owners
from huelab.survey.owners import find
from huelab.survey.people import study_of
from huelab.survey.schema import Participant, Version
from huelab.survey.statistics.looks import standing, words
from huelab.survey.statistics.results import Results, results
from huelab.survey.store import Store


def opened(store: Store, version_id: str, *, who: str, why: str = "") -> Results:
    """The results of a version. Raises SurveyError before the planned number or look, unless `why` says why one looks all the same."""
    version = require_open(store, version_id, who=who, why=why)
    return results(longform.of_version(store, version_id), study_of(version), closed=version.state == "closed")


def require_open(store: Store, version_id: str, *, who: str, why: str = "") -> Version:
    """The version, if its votes and results may be seen now: as `opened` has it."""
    with store.read() as session:
        version = find(session, version_id)
        done = (Participant.version_id == version_id) & (Participant.state == "complete") & ~Participant.preview
        complete = session.scalar(select(func.count()).select_from(Participant).where(done)) or 0
    look = standing(study_of(version), complete, closed=version.state == "closed")
    if not (look.open or version.results_opened):
        if not why.strip():
            raise SurveyError(f"{words(look)} Close the study, or say why you look now (--why TEXT); it is kept and printed.")
        owners.open_results(store, version_id, who=who, why=why)
    return version


def early_looks(store: Store, version_id: str) -> list[str]:
    """Who saw results before they were due, when and why: to stand beside them for good."""
    with store.read() as session:
        looked = find(session, version_id).results_opened
    return [
        f"LOOKED AT EARLY by {one['who']} at {str(one['at'])[:16].replace('T', ' ')} UTC, with {one['complete']} complete: {one['why']}"
        for one in looked
    ]


def publish(store: Store, version_id: str, *, who: str) -> list[str]:
    """Writes each model's fooling rate of a closed version to registry/human.json, in place of what this version wrote before.

    Gives a line per model. Raises SurveyError for a version that is not closed, is simulated, or asked for preferences.
    """
    version = require_publishable(store, version_id)
    study, lineage = study_of(version), dict(version.lineage)
    if version.state != "closed":
        raise SurveyError(f"Version {version_id} is {version.state}: results are published once it is closed.")
    found = results(longform.of_version(store, version_id), study, closed=True)
    rows: list[dict[str, Any]] = []
    said = []
    for one in found.kept.fooled:
        if one.rate.low is None or one.rate.high is None:
            said.append(f"{one.model}: left out, {one.trials} answers of {one.people} people give no interval")
            continue
        weights = lineage["models"][one.model]["content"]
        content = human.identity(one.model, weights, lineage["data_hash"])
        rate = {"rate": one.rate.value, "low": one.rate.low, "high": one.rate.high, "n": one.trials}
        rows.append({"study": version_id, "content": content, "weights": weights, "model": one.model, **rate})
        said.append(
            f"{one.model}: {one.rate.value:.1%} [{one.rate.low:.1%}, {one.rate.high:.1%}] of {one.trials} answers by {one.people} people"
        )
    file = paths.human_results()
    kept = [row for row in _known() if row.get("study") != version_id]
    with replacing_file(file) as new:
        new.write_text(json.dumps({"results": kept + rows}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with store.write() as session:
        audit.append(session, who=who, what="publish", subject=version_id, after={"results": rows})
    return [*said, f"written to {file.relative_to(paths.root())}: commit it; `dvc repro` sets it beside the scores"]


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
