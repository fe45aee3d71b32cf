"""Who is left out of the results, by the rules that were frozen with the study. Nobody is, for how often they were fooled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from huelab.survey.longform import analysed
from huelab.survey.study import Rules, Study

REASONS = {
    "catch": "saw through too few catch trials",
    "fast": "answered too often before a judgement is possible",
    "side": "answered on one side nearly always",
    "few": "did too few of the main trials",
}


@dataclass(frozen=True)
class Excluded:
    """A participant and every rule that fired, each with what was found."""

    participant: str
    rules: Mapping[str, str]


def excluded(table: pd.DataFrame, study: Study) -> list[Excluded]:
    """Of a version's long format; people who have not begun are none of them."""
    found = []
    main, catches = analysed(table), table[(table["role"] == "catch") & (table["choice"] != "")]
    for participant, own in table.groupby("participant", sort=True):
        if not (own["choice"] != "").any():
            continue
        rules = _fired(main[main["participant"] == participant], catches[catches["participant"] == participant], study.rules, study)
        if rules:
            found.append(Excluded(str(participant), rules))
    return found


def _fired(main: pd.DataFrame, catches: pd.DataFrame, rules: Rules, study: Study) -> dict[str, str]:
    fired = {}
    seen = int(catches["correct"].sum())
    if len(catches) >= rules.least_catches and seen < rules.catch_accuracy * len(catches):
        fired["catch"] = f"{seen} of {len(catches)} seen through, {rules.catch_accuracy:.0%} are needed"
    if len(main) < rules.least_done * study.trials:
        fired["few"] = f"{len(main)} of {study.trials} done, {rules.least_done:.0%} are needed"
    if main.empty:
        return fired
    fast = float((main["rt_ms"] < rules.fast_ms).mean())
    if fast > rules.fast_share:
        fired["fast"] = f"{fast:.0%} within {rules.fast_ms} ms, at most {rules.fast_share:.0%} may be"
    decided = main[main["choice"] != "tie"]
    most = float(decided["choice"].value_counts(normalize=True).max()) if len(decided) >= 10 else 0.0
    if most > rules.same_side:
        fired["side"] = f"{most:.0%} the same answer, at most {rules.same_side:.0%} may be"
    return fired
