"""What `huelab compare` prints of paired comparisons: cells, the sentences that must stand below them, and what was left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from huelab import params
from huelab.evaluation import power
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.paired import Paired
from huelab.metrics.definition import Metric

HEAD = ("difference", "p", "p (Holm)", "effect", "better")
_NAMED = 5
"""Left-out pictures of a metric that are named; beyond that they are counted."""


def cells(own: Paired, metric: Metric, names: Sequence[str], settings: params.Compare) -> list[str]:
    """One per HEAD; `names` are those of the first and the second."""
    better = "="
    if own.p_holm is not None and own.p_holm <= 1 - settings.confidence:
        lower = own.difference < 0
        better = "differ" if metric.better == "none" else names[0] if lower == (metric.better == "lower") else names[1]
    effect = "–" if own.effect is None else f"{own.effect:+.2f}"
    return [_difference(own, metric), _p(own.p), _p(own.p_holm), effect, better]


def _difference(own: Paired, metric: Metric) -> str:
    if not math.isfinite(own.difference):
        return "–"
    ends = "" if own.low is None or own.high is None else f" [{own.low:+.{metric.digits}f}, {own.high:+.{metric.digits}f}]"
    return f"{own.difference:+.{metric.digits}f}{ends}"


def _p(value: float | None) -> str:
    return "–" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def counts(one: Evaluated) -> str:
    """How many pictures of how many photographs."""
    pictures = f"{len(one.table)} {'picture' if len(one.table) == 1 else 'pictures'}"
    return f"{pictures} of {one.n_groups} photographs" if one.n_groups > 1 else f"{pictures} of one photograph: no interval, no test"


def below(found: Sequence[tuple[Metric, Paired]], ones: Sequence[Evaluated], settings: params.Compare, family: str) -> list[str]:
    """What the columns mean, and the power line; nothing where there is one photograph."""
    photographs = ones[0].n_groups
    if photographs < 2:
        return []
    seeds = any(one.by_seed for one in ones)
    over, test = (
        ("photographs and seeds", "by bootstrap")
        if seeds
        else ("photographs", "by sign flips of photographs (set-level metrics: by bootstrap)")
    )
    alpha = f"{1 - settings.confidence:.2g}"
    lines = [
        f"Intervals: {settings.confidence:.0%} bootstrap over {over}. p: {test}; Holm over {family}.",
        f"Effect: Cohen's d of the photographs' differences. = : p (Holm) above {alpha}.",
        power_line(found, photographs, settings),
    ]
    return [line for line in lines if line]


def power_line(found: Sequence[tuple[Metric, Paired]], photographs: int, settings: params.Compare) -> str:
    """The smallest difference that so many photographs can show, per metric the median over its comparisons."""
    least: dict[str, list[float]] = {}
    for metric, own in found:
        value = None
        if own.error is not None:
            value = power.smallest(own.error, own.photographs, 1 - settings.confidence, degrees=own.degrees)
        if value is not None:
            least.setdefault(metric.title, []).append(value)
    if not least:
        return "" if power.possible(photographs, 1 - settings.confidence) else f"{photographs} photographs can show no difference."
    shown = ", ".join(f"{title} {float(np.median(values)):.2g}" for title, values in least.items())
    how = f"{power.POWER:.0%} power, {1 - settings.confidence:.2g} two-sided, one comparison"
    return f"Smallest difference that {photographs} photographs can show ({how}): {shown}."


def left_out(ones: Sequence[Evaluated], names: Sequence[str], shown: Iterable[Metric]) -> list[str]:
    """The pictures without a finite score, by metric and model."""
    lines = []
    for metric in shown:
        for one, name in zip(ones, names, strict=True):
            if metric.of_vectors or metric.name not in one.table:
                continue
            bad = one.table[~np.isfinite(one.table[metric.name].to_numpy(np.float64))]
            named = [f"{path} ({value})" for path, value in zip(bad["path"][:_NAMED], bad[metric.name][:_NAMED], strict=True)]
            more = f" and {len(bad) - _NAMED} others" if len(bad) > _NAMED else ""
            lines += [f"left out of {metric.name}: {name}, {', '.join(named)}{more}"] if named else []
    return lines
