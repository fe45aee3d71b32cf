"""Who is left out of the results, by the rules that were frozen with the study. Nobody is, for how often they were fooled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from huelab.survey.longform import analysed, catches
from huelab.survey.study import UNLIMITED, Rules, Study

REASONS = {
    "catch": "saw through too few catch trials",
    "fast": "answered too often before a judgement is possible",
    "side": "answered on one side nearly always",
    "few": "did too few of the main trials",
}
_LEAST = 10
"""Answers below which a side taken each time says nothing."""


@dataclass(frozen=True)
class Excluded:
    """A participant and every rule that fired, each with what was found."""

    participant: str
    rules: Mapping[str, str]


def excluded(table: pd.DataFrame, study: Study) -> list[Excluded]:
    """Of a version's long format; people who have not begun are none of them."""
    found = []
    main, caught = analysed(table), catches(table)
    for participant, own in table.groupby("participant", sort=True):
        if not (own["choice"] != "").any():
            continue
        rules = _fired(main[main["participant"] == participant], caught[caught["participant"] == participant], study.rules, study)
        if rules:
            found.append(Excluded(str(participant), rules))
    return found


def deciding_ms(main: pd.DataFrame, study: Study) -> pd.Series:
    """How long each answer took since it could be given (ms); NaN where that is not known.

    rt_ms counts from the pictures' vanishing, where they vanish. Where answers count while they are shown, one that came before, or just
    after, may have been thought over for the whole exposure: its time counts from their showing.
    """
    if study.exposure_ms == UNLIMITED or not study.answer_while_shown:
        return main["rt_ms"]
    shown = main["shown_ms"].fillna(study.exposure_ms)
    if study.presentation == "in_turn" and study.mode != "single":  # shown_ms is the mean of two exposures
        shown = 2 * shown + study.gap_ms
    return main["rt_ms"] + shown


def _fired(main: pd.DataFrame, caught: pd.DataFrame, rules: Rules, study: Study) -> dict[str, str]:
    fired = {}
    seen = int(caught["correct"].sum())
    if len(caught) >= rules.least_catches and seen < rules.catch_accuracy * len(caught):
        fired["catch"] = f"{seen} of {len(caught)} seen through, {rules.catch_accuracy:.0%} are needed"
    if len(main) < rules.least_done * study.trials:
        fired["few"] = f"{len(main)} of {study.trials} done, {rules.least_done:.0%} are needed"
    if main.empty:
        return fired
    fast = float((deciding_ms(main, study) < rules.fast_ms).mean())
    if fast > rules.fast_share:
        fired["fast"] = f"{fast:.0%} within {rules.fast_ms} ms, at most {rules.fast_share:.0%} may be"
    decided = main[main["choice"] != "tie"]
    # In mode single the same answer each time is what good fakes give: who is always fooled says "real" always. Who does not look is found
    # by the catches there.
    if study.mode != "single" and len(decided) >= _LEAST:
        most = float(decided["choice"].value_counts(normalize=True).max())
        if most > rules.same_side:
            fired["side"] = f"{most:.0%} on the same side, at most {rules.same_side:.0%} may be"
    return fired
