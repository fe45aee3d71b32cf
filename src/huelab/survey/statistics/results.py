"""All figures of a study in one tree. The dashboard and `huelab survey stats` both print from it, so they cannot differ."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from huelab.survey.longform import analysed, by_photograph, catches, until
from huelab.survey.statistics import agreement, detection, exclusions, fooling, metrics_link, mixed, preference
from huelab.survey.statistics.exclusions import Excluded
from huelab.survey.statistics.looks import Look, standing
from huelab.survey.statistics.metrics_link import Beside, Measured
from huelab.survey.statistics.twoway import DRAWS, Draws
from huelab.survey.study import Study


@dataclass(frozen=True)
class Figures:
    """Of one set of people."""

    people: int
    photographs: int
    pictures: int
    """Regions of these photographs, where a photograph gave several; else as many."""
    trials: int
    fooled: list[fooling.Fooled]
    differences: list[fooling.Difference]
    detected: list[detection.Detected]
    ranking: preference.Ranking | None
    agreement: float | None
    marginal: mixed.Marginal | None
    photographs_of: pd.DataFrame
    """fooling.per_photograph, with the `photograph` that each picture is of."""


@dataclass(frozen=True)
class Results:
    """Of a study: without the excluded, and with them, side by side."""

    study: Study
    simulated: bool
    look: Look
    early_looks: tuple[str, ...]
    """Who saw results before they were due, when and why: stands beside them for good."""
    joined: int
    begun: int
    complete: int
    """Whose answers are still there: see look.complete."""
    catch_accuracy: float | None
    median_minutes: float | None
    excluded: list[Excluded]
    kept: Figures
    everybody: Figures
    metrics: Beside
    """Scores beside people, of `kept`."""


def results(
    table: pd.DataFrame,
    study: Study,
    *,
    closed: bool,
    deleted: Sequence[dt.datetime] = (),
    early_looks: Sequence[str] = (),
    measured: Measured | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Results:
    """Of the long format of one version.

    `deleted`: when those were complete whose data were deleted since, for a deletion does not undo a look. `measured`: the models' scores.
    """
    people = table.drop_duplicates("participant")
    complete = int((people["state"] == "complete").sum())
    look = standing(study, complete + len(deleted), closed=closed, early=bool(early_looks), deleted=len(deleted))
    known = until(table, _moment(people, deleted, look.at))
    out = exclusions.excluded(known, study)
    seen = catches(known)["correct"].dropna()
    gone = {one.participant for one in out}
    kept = figures(analysed(known[~known["participant"].isin(gone)]), study.models, study.mode, draws=draws, seed=seed)
    return Results(
        study=study,
        simulated=bool(table["simulated"].any()),
        look=look,
        early_looks=tuple(early_looks),
        joined=len(people),
        begun=int(table.loc[table["choice"] != "", "participant"].nunique()),
        complete=complete,
        catch_accuracy=float(seen.mean()) if len(seen) else None,
        median_minutes=_minutes(known),
        excluded=out,
        kept=kept,
        everybody=figures(analysed(known), study.models, study.mode, draws=draws, seed=seed),
        metrics=metrics_link.beside(kept.photographs_of, study.mode, measured),
    )


def _moment(people: pd.DataFrame, deleted: Sequence[dt.datetime], at: int | None) -> pd.Timestamp | None:
    """When so many people were complete; None where nothing is to be left out, or the times are not known."""
    times = sorted([*people.loc[people["state"] == "complete", "completed_at"].dropna(), *map(pd.Timestamp, deleted)])
    return None if at is None or len(times) < at else times[at - 1]


def figures(main: pd.DataFrame, models: Sequence[str], mode: str, *, draws: int, seed: int) -> Figures:
    """Of the trials that count. Intervals draw whole photographs anew, with all their regions; single pictures keep their own votes."""
    whole = by_photograph(main)
    drawn = Draws.of(whole, draws=draws, seed=seed)
    judged = mode != "prefer"
    photograph = main.drop_duplicates("photo_id").set_index("photo_id")["photograph"]
    single = fooling.per_photograph(main)
    return Figures(
        people=main["participant"].nunique(),
        photographs=whole["photo_id"].nunique(),
        pictures=main["photo_id"].nunique(),
        trials=len(main),
        fooled=fooling.rates(whole, drawn, models) if judged else [],
        differences=fooling.differences(whole, drawn, models) if judged else [],
        detected=detection.detection(whole, drawn, models) if judged else [],
        ranking=preference.ranking(whole, drawn, models) if not judged else None,
        agreement=agreement.alpha(main),
        marginal=mixed.marginal(whole, models) if judged else None,
        photographs_of=single.assign(photograph=single["photo_id"].map(photograph)),
    )


def _minutes(table: pd.DataFrame) -> float | None:
    whole = table[(table["state"] == "complete") & table["received_at"].notna()]
    if whole.empty:
        return None
    spans = whole.groupby("participant")["received_at"].agg(lambda times: (times.max() - times.min()).total_seconds() / 60)
    return float(spans.median())


def tree(found: Results) -> dict[str, Any]:
    """Plain JSON: no NaN, no table objects."""
    whole = {
        name: getattr(found, name)
        for name in ("simulated", "joined", "begun", "complete", "catch_accuracy", "median_minutes", "early_looks", "metrics")
    }
    whole |= {"study": found.study.model_dump(mode="json"), "study_sha256": found.study.sha256(), "look": asdict(found.look)}
    whole["excluded"] = [{"participant": one.participant, "rules": dict(one.rules)} for one in found.excluded]
    for name in ("kept", "everybody"):
        own: Figures = getattr(found, name)
        plain = {key: value for key, value in vars(own).items() if key != "photographs_of"}
        whole[name] = _plain(plain) | {"photographs_of": own.photographs_of.to_dict("records")}
    clean: dict[str, Any] = _plain(whole)
    return clean


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {key: _plain(part) for key, part in vars(value).items()}
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value
