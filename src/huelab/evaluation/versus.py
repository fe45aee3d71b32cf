"""Every model against the references: gray, mean and the best. Families for Holm, and what so many photographs can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from huelab import models, params
from huelab.evaluation import power
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.paired import Paired, all_paired, holm
from huelab.metrics.definition import Metric

MUST_BEAT = ("gray", "mean")
Versus = dict[str, dict[str, Paired]]
"""Reference ("gray", "mean", "best") -> metric -> the model minus that one."""


def against_references(on_split: Sequence[Evaluated], shown: Sequence[Metric], best: str, settings: params.Compare) -> dict[str, Versus]:
    """Model -> reference -> metric -> comparison. A family for Holm: the learned models (or the floors) against one other in one metric."""
    named = {one.name: one for one in on_split}
    references = {name: named[name] for name in MUST_BEAT if name in named} | ({"best": named[best]} if best else {})
    families = [
        [(one, reference, metric) for one in on_split if one is not other and one.floor == floor]
        for reference, other in references.items()
        for metric in shown
        for floor in (False, True)
    ]
    flat = [(one, references[reference], metric) for family in families for one, reference, metric in family]
    compared = iter(all_paired(flat, settings))
    found: dict[str, Versus] = {one.name: {} for one in on_split}
    for family in families:
        results = [next(compared) for _ in family]
        for (one, reference, metric), result, p in zip(family, results, holm([result.p for result in results]), strict=True):
            found[one.name].setdefault(reference, {})[metric.name] = replace(result, p_holm=p)
    return found


def smallest_shown(
    versus: Mapping[str, Versus], best: str, shown: Sequence[Metric], settings: params.Compare
) -> tuple[str, dict[str, float | None]]:
    """Whose comparisons, and per metric the median over them of the smallest difference that each can show."""
    learned = [name for name, found in versus.items() if "best" in found and name not in models.FLOORS]
    others = learned or [name for name, found in versus.items() if "best" in found]
    of = f"the {'learned models' if learned else 'floors'} against {best}"
    smallest: dict[str, float | None] = {}
    for metric in shown:
        pairs = [versus[name]["best"][metric.name] for name in others]
        shown_by = [
            power.smallest(pair.error, pair.photographs, 1 - settings.confidence, degrees=pair.degrees)
            for pair in pairs
            if pair.error is not None
        ]
        found = [value for value in shown_by if value is not None]
        smallest[metric.name] = float(np.median(found)) if found else None
    return of if any(value is not None for value in smallest.values()) else "", smallest
