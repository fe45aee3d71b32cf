"""The leaderboard: models ranked over the same test pictures, with intervals, floors, and whether each beats the floors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from huelab import metrics, params
from huelab.errors import DataError
from huelab.evaluation import human
from huelab.evaluation.evaluated import Evaluated, require_same_data
from huelab.evaluation.human import HumanResult
from huelab.evaluation.intervals import Estimate, estimates
from huelab.evaluation.paired import Paired
from huelab.evaluation.ranking import ideal, rank
from huelab.evaluation.versus import MUST_BEAT, Versus, against_references, smallest_shown
from huelab.metrics.definition import Metric

BEAT_IN = "mse_ab128"
"""The metric in which a learned model must beat the floors that know nothing of the photograph."""


@dataclass(frozen=True)
class Verdict:
    """Model minus floor in BEAT_IN over the same pictures; beaten: True or False where the interval excludes 0, else None."""

    paired: Paired
    beaten: bool | None


@dataclass(frozen=True)
class Row:
    """One model."""

    model: str
    title: str
    floor: bool
    one_picture: str
    """The gallery picture it was judged on; "" for a model judged on the test split."""
    n_items: int
    n_photos: int
    scores: dict[str, Estimate]
    versus: Versus = field(default_factory=dict)
    """Reference ("gray", "mean", "best") -> metric -> this model minus that one; p adjusted over the models compared with it."""
    tied_with_best: bool = False
    """The comparison with the best in the metric that sorts cannot tell the two apart; True of the best itself."""
    beats: dict[str, Verdict] = field(default_factory=dict)
    floors: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """Of a one-picture model: what gray and mean score on that picture."""
    seeds: tuple[int, ...] = ()
    """Where it was trained from several: the scores are means over them."""
    between_seeds: dict[str, float | None] = field(default_factory=dict)
    """Per metric the standard deviation (n - 1) of the seeds' own scores."""
    parameters: int = 0
    notes: tuple[str, ...] = ()
    """What a reader must know beside its name: which classifier it looks through, a budget in seconds."""
    human: HumanResult | None = None
    """How often its pictures fooled people, in the latest study that showed them."""


@dataclass(frozen=True)
class Leaderboard:
    """Everything the tables and the report say."""

    rows: list[Row]
    """Judged on the test split, best first."""
    own: list[Row]
    """Judged on one memorised picture: never ranked among the others."""
    metrics: list[Metric]
    sort: str
    protocol: str
    data_hash: str
    n_items: int
    n_photos: int
    n_groups: int
    """Photographs, near-duplicates counted once: what intervals and tests are over."""
    best: str
    """The learned model that ranks first; "" where none takes part."""
    power: dict[str, float | None]
    """Per metric the smallest paired difference that so many photographs can show; None where they can show none."""
    power_of: str
    """Whose comparisons that is the median of."""
    confidence: float
    interval: str
    draws: int
    costly_draws: int
    not_computed: dict[str, str]
    excluded: dict[str, list[dict[str, str]]]
    """Model -> NaN or infinite scores left out, by picture and metric (the first 100)."""
    truth_colorfulness: float | None
    """Of the test photographs themselves."""
    ideals: dict[str, float | None] = field(default_factory=dict)
    """Metrics without a direction -> what the photographs themselves score: a model ranks by its closeness to that."""
    budget: str = ""
    """A sentence on the budget that all learned models had in common; empty where each had its own."""

    def metric(self, name: str) -> Metric:
        """One of `metrics`."""
        return next(metric for metric in self.metrics if metric.name == name)


def build(
    evaluated: Sequence[Evaluated],
    meta: Mapping[str, Any],
    chosen: Sequence[str],
    settings: params.Compare,
    cards: Mapping[str, Mapping[str, Any]],
    results: Sequence[HumanResult] = (),
) -> Leaderboard:
    """Ranks the colorizers by settings.sort; `meta` is the store's, `chosen` are params.evaluate.metrics, `cards` those of the models.

    `results` are those of surveys; they stand beside the scores and rank nobody.

    Raises DataError when scores are of different data, or lack the metric that sorts.
    """
    require_same_data(evaluated, meta["data_hash"])
    shown, not_computed = _shown(evaluated, chosen, settings.sort)
    on_split = [one for one in evaluated if not one.one_picture]
    ideals = {metric.name: ideal(metric, on_split) for metric in shown if metric.better == "none"}
    rows = [_row(one, shown, settings, cards[one.name], results) for one in evaluated]
    ranked = sorted(
        (row for row in rows if not row.one_picture),
        key=lambda row: rank(row.scores[settings.sort].mean, row.model, shown[0], ideals.get(settings.sort)),
    )
    best = next((row.model for row in ranked if not row.floor), "")
    versus = against_references(on_split, shown, best, settings)
    of, smallest = smallest_shown(versus, best, shown, settings)
    return Leaderboard(
        rows=[_compared(row, versus.get(row.model, {}), best, settings) for row in ranked],
        own=[row for row in rows if row.one_picture],
        metrics=shown,
        sort=settings.sort,
        protocol=meta["protocol"],
        data_hash=meta["data_hash"],
        n_items=len(on_split[0].table) if on_split else 0,
        n_photos=int(on_split[0].table["photo_id"].nunique()) if on_split else 0,
        n_groups=on_split[0].n_groups if on_split else 0,
        best=best,
        power=smallest,
        power_of=of,
        confidence=settings.confidence,
        interval=settings.interval,
        draws=settings.draws,
        costly_draws=settings.costly_draws,
        not_computed=not_computed,
        excluded={one.name: one.summary["excluded_scores"] for one in evaluated if one.summary.get("excluded_scores")},
        truth_colorfulness=_truth_colorfulness(on_split),
        ideals=ideals,
        budget=_budget(cards),
    )


def _shown(evaluated: Sequence[Evaluated], chosen: Sequence[str], sort: str) -> tuple[list[Metric], dict[str, str]]:
    """The metrics that all were scored with, the one that sorts first; and why the others are not there."""
    not_computed = {name: why for one in evaluated for name, why in one.summary["not_computed"].items()}
    shown = []
    for metric in map(metrics.metric, chosen):
        lacking = [one.name for one in evaluated if not one.has(metric) and not (one.one_picture and metric.of_vectors)]
        if not lacking:
            shown.append(metric)
        elif metric.name not in not_computed:
            not_computed[metric.name] = (
                f"missing from the scores of {', '.join(lacking)}, which were made with other evaluate.metrics: "
                f"run `dvc repro {' '.join(f'evaluate@{name}' for name in lacking)}`"
            )
    if sort not in (metric.name for metric in shown):
        why = not_computed.get(sort, "evaluate.metrics does not list it")
        raise DataError(f"compare.sort is {sort}, which the scores do not hold: {why}. Mend that, or set compare.sort to another metric.")
    return sorted(shown, key=lambda metric: metric.name != sort), not_computed


def _row(one: Evaluated, shown: Sequence[Metric], settings: params.Compare, card: Mapping[str, Any], results: Sequence[HumanResult]) -> Row:
    """A model's own numbers, not yet compared with others."""
    return Row(
        model=one.name,
        title=one.title,
        floor=one.floor,
        one_picture=one.one_picture,
        n_items=len(one.table),
        n_photos=int(one.table["photo_id"].nunique()),
        scores=estimates(one, shown, settings),
        floors=one.summary.get("own_picture_floors", {}),
        seeds=tuple(int(seed) for seed in one.summary.get("seeds") or {}),
        between_seeds=_between_seeds(one, shown),
        parameters=int(card.get("parameters") or 0),
        notes=notes(card),
        human=human.latest(results, human.identity(one.name, str(card.get("weights_sha256") or ""), one.summary["data_hash"])),
    )


def _compared(row: Row, versus: Versus, best: str, settings: params.Compare) -> Row:
    verdicts = {
        floor: _verdict(found[BEAT_IN]) for floor, found in versus.items() if floor in MUST_BEAT and BEAT_IN in found and not row.floor
    }
    against = versus.get("best", {}).get(settings.sort)
    tied = row.model == best or (against is not None and (against.p_holm is None or against.p_holm > 1 - settings.confidence))
    return replace(row, versus=versus, beats=verdicts, tied_with_best=tied)


def notes(card: Mapping[str, Any]) -> tuple[str, ...]:
    """What must stand beside a model's name: the classifiers it was given, or that its encoder had none."""
    found = [str(card[use]["words"]) for use in ("backbone", "encoder") if card.get(use)]
    if card.get("perceptual"):
        found.append(f"perceptual {card['perceptual']['words']}")
    if card.get("encoder") is None and card.get("params", {}).get("pretrained") is False and not card.get("backbone"):
        found.append("encoder: random")
    return tuple(found)


def _budget(cards: Mapping[str, Mapping[str, Any]]) -> str:
    """The budget that all learned models had in common, in words; "" where each had its own."""
    common: Mapping[str, float] = next((card["budget"] for card in cards.values() if card.get("budget")), {})
    for key, value in common.items():
        machine = ": how much that was depends on the machine, so nobody gets the same bits again" if key == "seconds" else ""
        return f"Each learned model trained for {value:g} {key}{machine}."
    return ""


def _between_seeds(one: Evaluated, shown: Sequence[Metric]) -> dict[str, float | None]:
    """Standard deviation of each metric's value over the seeds; empty for a single seed."""
    seeds = one.summary.get("seeds") or {}
    spread: dict[str, float | None] = {}
    for metric in shown if len(seeds) > 1 else ():
        values = [scores.get(metric.name) for scores in seeds.values()]
        found = [value for value in values if value is not None]
        spread[metric.name] = float(np.std(found, ddof=1)) if len(found) == len(values) else None
    return spread


def _verdict(found: Paired) -> Verdict:
    beaten = None
    if found.low is not None and found.high is not None:
        beaten = True if found.high < 0 else False if found.low > 0 else None
    return Verdict(found, beaten)


def _truth_colorfulness(evaluated: Sequence[Evaluated]) -> float | None:
    for one in evaluated:
        if "colorfulness_truth" in one.table:
            truth = one.table["colorfulness_truth"].to_numpy(np.float64)
            return float(truth[np.isfinite(truth)].mean()) if np.isfinite(truth).any() else None
    return None
