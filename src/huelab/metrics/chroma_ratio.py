"""Metric `chroma_ratio`: mean chroma of the predicted colours over that of the true ones, of a set: how pale or oversaturated a model is.

1 is as saturated as the photographs, 0 is gray; more is not better, so it has no direction. It says nothing of hue. The value of a set is
the ratio of the set's two means (a mean of the pictures' ratios would be ruled by the palest photographs); a picture's own column holds
its own ratio. A photograph whose mean chroma is under 1 CIE unit is gray for all purposes: its ratio is NaN, and it is left out of the
set's.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from huelab.metrics.definition import Means, Metric
from huelab.metrics.pair import Pair

LEAST = 1.0
"""CIE units of mean chroma below which a photograph counts as gray; rounding to 8 bits alone makes a quarter of that."""


def of_picture(pair: Pair) -> float:
    """Predicted over true mean chroma of one picture; NaN for a gray photograph."""
    true = of_truth(pair)
    return of_predicted(pair) / true if true >= LEAST else math.nan


def of_predicted(pair: Pair) -> float:
    """Mean chroma of the predicted ab, CIE units."""
    return float(pair.predicted_chroma_and_hue[0].mean(dtype=np.float64))


def of_truth(pair: Pair) -> float:
    """Mean chroma of the photograph, CIE units."""
    return float(pair.truth_chroma_and_hue[0].mean(dtype=np.float64))


def of_means(means: Means) -> NDArray[np.float64]:
    """The ratio of the set's means."""
    return means["chroma"] / means["chroma_truth"]


METRIC = Metric(
    name="chroma_ratio",
    title="Chroma ratio",
    unit="mean CIE chroma, predicted over true, of the set",
    better="none",
    kind="set",
    cost="cheap",
    citation="huelab; chroma C*ab of CIE 15",
    digits=2,
    columns={"chroma_ratio": of_picture, "chroma": of_predicted, "chroma_truth": of_truth},
    of_means=of_means,
)
