"""Metric `delta_colorfulness_abs`: `delta_colorfulness` of absolute opponents; the ΔCF of DDColor's table, of a whole set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.metrics import colorfulness_abs
from huelab.metrics.definition import Means, Metric


def signed(means: Means) -> NDArray[np.float64]:
    """How much more colourful than the photographs the colourized pictures are on average."""
    return means["colorfulness_abs"] - means["colorfulness_abs_truth"]


def of_means(means: Means) -> NDArray[np.float64]:
    """From the set's two means; 0 says as colourful on average, not that any picture is right."""
    return np.abs(signed(means))


METRIC = Metric(
    name="delta_colorfulness_abs",
    title="Δ colorfulness abs",
    unit="M3 of absolute opponents, of the set",
    better="lower",
    kind="set",
    cost="cheap",
    citation="X. Kang et al., DDColor, ICCV 2023 (ΔCF as in its code)",
    digits=1,
    columns=colorfulness_abs.METRIC.columns,
    of_means=of_means,
    signed=signed,
)
