"""How often the intervals hold the truth, and the tests find what is not there, by simulation: python -m benchmarks.coverage [REPLICATES]

Each replicate is a simulated test set whose truth is known: errors of photographs, a few tiles each, through the functions that stage
compare calls. All replicates stand side by side as metrics of one colorizer, so that thousands take seconds.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from huelab import metrics
from huelab.evaluation import power
from huelab.evaluation.evaluated import Evaluated
from huelab.evaluation.intervals import estimates
from huelab.evaluation.paired import all_paired
from huelab.metrics.definition import Metric
from huelab.params import Compare

Float = NDArray[np.float64]
TILES = 4
SPREAD = 0.5
"""Of the logarithm of a photograph's error: skewness 1.75, about that of the MSE of photographs."""


def errors(rng: np.random.Generator, photographs: int, replicates: int, *, skewed: bool, tiles: int = TILES) -> Float:
    """(photographs · tiles, replicates) errors of mean 1: one per photograph, log-normal or normal, that its tiles scatter around."""
    own = rng.lognormal(-(SPREAD**2) / 2, SPREAD, (photographs, replicates)) if skewed else rng.normal(1, SPREAD, (photographs, replicates))
    scatter = rng.gamma(10, 1 / 10, (photographs, tiles, replicates))
    return np.asarray((own[:, None] * scatter).reshape(photographs * tiles, replicates), np.float64)


def replicated(values: Float | Sequence[Float], *, tiles: int = TILES, grouped: bool = True) -> tuple[Evaluated, list[Metric]]:
    """A colorizer with a metric for every column of `values` (pictures, replicates), or of those of each of its seeds."""
    seeds = [values] if isinstance(values, np.ndarray) else list(values)
    names = [f"replicate{number}" for number in range(seeds[0].shape[1])]
    like = metrics.metric("mse_ab128")
    chosen = [dataclasses.replace(like, name=name, columns={name: like.columns["mse_ab128"]}) for name in names]
    pictures = np.arange(len(seeds[0])).astype(str)
    photographs = (np.arange(len(seeds[0])) // tiles).astype(str) if grouped else pictures
    facts = pd.DataFrame({"item_id": pictures, "photo_id": photographs, "path": pictures})
    tables = [pd.concat([facts, pd.DataFrame(own, columns=names)], axis=1) for own in seeds]
    mean = pd.concat([facts, pd.DataFrame(np.mean(seeds, axis=0), columns=names)], axis=1)
    return Evaluated("simulated", Path(), mean, {"one_picture": ""}, tuple(tables) if len(tables) > 1 else ()), chosen


def coverage(values: Float | Sequence[Float], truth: float, settings: Compare, *, grouped: bool = True) -> float:
    """Share of the replicates whose interval holds the truth."""
    one, chosen = replicated(values, grouped=grouped)
    found = estimates(one, chosen, settings).values()
    return float(np.mean([own.low is not None and own.high is not None and own.low <= truth <= own.high for own in found]))


def found(first: Float, second: Float, settings: Compare, alpha: float = 0.05) -> float:
    """Share of the replicates in which the paired test tells the two colorizers apart."""
    (one, chosen), (other, _) = replicated(first), replicated(second)
    return float(np.mean([(own.p or 0.0) <= alpha for own in all_paired([(one, other, metric) for metric in chosen], settings)]))


def pair(rng: np.random.Generator, photographs: int, replicates: int, difference: float, *, skewed: bool) -> tuple[Float, Float]:
    """Two colorizers on the same photographs, hard and easy ones alike for both, whose true difference is `difference` ± SPREAD."""
    hard = errors(rng, photographs, replicates, skewed=True)
    own = rng.lognormal(0, SPREAD, (photographs, replicates)) if skewed else rng.normal(0, 1, (photographs, replicates))
    if skewed:
        variance = np.exp(SPREAD**2) * (np.exp(SPREAD**2) - 1)
        own = (own - np.exp(SPREAD**2 / 2)) / np.sqrt(variance)
    return hard + SPREAD * np.repeat(own, TILES, axis=0) + difference, hard


def over_seeds(rng: np.random.Generator, photographs: int, replicates: int, seeds: int, between: float) -> list[Float]:
    """A colorizer trained from several seeds; `between` is the seeds' spread over that of the mean of the photographs."""
    own = errors(rng, photographs, replicates, skewed=True)
    scatter = between * SPREAD / np.sqrt(photographs)
    return [own + rng.normal(0, scatter, (1, replicates)) + rng.normal(0, 0.1, own.shape) for _ in range(seeds)]


def main(arguments: Sequence[str]) -> None:
    replicates = int(arguments[0]) if arguments else 2000
    settings = Compare(draws=2000)
    plain = settings.model_copy(update={"interval": "percentile"})
    rng = np.random.default_rng(0)
    print(
        f"Nominal 95 %; {replicates} replicates, so ±{196 * np.sqrt(0.05 * 0.95 / replicates):.1f} points; {TILES} tiles per photograph.\n"
    )
    print("| errors | photographs | BCa | percentile | percentile over tiles, wrongly |\n|---|---:|---:|---:|---:|")
    for skewed in (False, True):
        for photographs in (6, 10, 20, 60, 100, 300):
            values = errors(rng, photographs, replicates, skewed=skewed)
            shares = [coverage(values, 1, settings), coverage(values, 1, plain), coverage(values, 1, plain, grouped=False)]
            print(
                f"| {'skewed' if skewed else 'normal'} | {photographs} | " + " | ".join(f"{share:.1%}" for share in shares) + " |",
                flush=True,
            )
    print("\n| seeds | their spread | photographs | BCa, two-way | BCa over photographs alone |\n|---:|---:|---:|---:|---:|")
    for seeds, between in ((3, 0.5), (3, 1), (3, 3), (5, 1), (5, 3), (10, 3)):
        runs = over_seeds(rng, 60, replicates, seeds, between)
        alone = np.asarray(np.mean(runs, axis=0), np.float64)
        print(f"| {seeds} | × {between:g} | 60 | {coverage(runs, 1, settings):.1%} | {coverage(alone, 1, settings):.1%} |", flush=True)
    print("\n| differences | photographs | found where there is none | found at the power line (80 %) |\n|---|---:|---:|---:|")
    for skewed in (False, True):
        for photographs in (6, 10, 20, 60, 100):
            least = power.smallest(SPREAD / np.sqrt(photographs), photographs)
            none = found(*pair(rng, photographs, replicates, 0, skewed=skewed), settings)
            some = found(*pair(rng, photographs, replicates, least or 0, skewed=skewed), settings)
            print(f"| {'skewed' if skewed else 'normal'} | {photographs} | {none:.1%} | {some:.1%} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
