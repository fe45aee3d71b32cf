"""All figures of a study in one tree. The dashboard and `huelab survey stats` both print from it, so they cannot differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from huelab.survey.longform import analysed
from huelab.survey.statistics import agreement, detection, exclusions, fooling, mixed, preference
from huelab.survey.statistics.exclusions import Excluded
from huelab.survey.statistics.looks import Look, standing
from huelab.survey.statistics.twoway import DRAWS, Draws
from huelab.survey.study import Study


@dataclass(frozen=True)
class Figures:
    """Of one set of people."""

    people: int
    photographs: int
    trials: int
    fooled: list[fooling.Fooled]
    differences: list[fooling.Difference]
    detected: list[detection.Detected]
    ranking: preference.Ranking | None
    agreement: float | None
    marginal: mixed.Marginal | None
    photographs_of: pd.DataFrame
    """fooling.per_photograph."""


@dataclass(frozen=True)
class Results:
    """Of a study: without the excluded, and with them, side by side."""

    study: Study
    simulated: bool
    look: Look
    joined: int
    begun: int
    complete: int
    catch_accuracy: float | None
    median_minutes: float | None
    excluded: list[Excluded]
    kept: Figures
    everybody: Figures


def results(table: pd.DataFrame, study: Study, *, closed: bool, draws: int = DRAWS, seed: int = 0) -> Results:
    """Of the long format of one version."""
    out = exclusions.excluded(table, study)
    people = table.drop_duplicates("participant")
    begun = table.loc[table["choice"] != "", "participant"].nunique()
    complete = int((people["state"] == "complete").sum())
    catches = table.loc[(table["role"] == "catch") & table["correct"].notna(), "correct"]
    gone = {one.participant for one in out}
    return Results(
        study=study,
        simulated=bool(table["simulated"].any()),
        look=standing(study, complete, closed=closed),
        joined=len(people),
        begun=int(begun),
        complete=complete,
        catch_accuracy=float(catches.mean()) if len(catches) else None,
        median_minutes=_minutes(table),
        excluded=out,
        kept=figures(analysed(table[~table["participant"].isin(gone)]), study.models, study.mode, draws=draws, seed=seed),
        everybody=figures(analysed(table), study.models, study.mode, draws=draws, seed=seed),
    )


def figures(main: pd.DataFrame, models: Sequence[str], mode: str, *, draws: int, seed: int) -> Figures:
    """Of the trials that count."""
    drawn = Draws.of(main, draws=draws, seed=seed)
    judged = mode != "prefer"
    return Figures(
        people=main["participant"].nunique(),
        photographs=main["photo_id"].nunique(),
        trials=len(main),
        fooled=fooling.rates(main, drawn, models) if judged else [],
        differences=fooling.differences(main, drawn, models) if judged else [],
        detected=detection.detection(main, drawn, models) if judged else [],
        ranking=preference.ranking(main, drawn, models) if not judged else None,
        agreement=agreement.alpha(main) if judged else None,
        marginal=mixed.marginal(main, models) if judged else None,
        photographs_of=fooling.per_photograph(main),
    )


def _minutes(table: pd.DataFrame) -> float | None:
    whole = table[(table["state"] == "complete") & table["received_at"].notna()]
    if whole.empty:
        return None
    spans = whole.groupby("participant")["received_at"].agg(lambda times: (times.max() - times.min()).total_seconds() / 60)
    return float(spans.median())


def tree(found: Results) -> dict[str, Any]:
    """Plain JSON: no NaN, no table objects."""
    whole = {name: getattr(found, name) for name in ("simulated", "joined", "begun", "complete", "catch_accuracy", "median_minutes")}
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
