"""Metric `delta_colorfulness`: |mean colorfulness of the colourized pictures − mean colorfulness of the photographs|, of a whole set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.metrics import colorfulness
from huelab.metrics.definition import Means, Metric


def signed(means: Means) -> NDArray[np.float64]:
    """How much more colourful than the photographs the colourized pictures are on average."""
    return means["colorfulness"] - means["colorfulness_truth"]


def of_means(means: Means) -> NDArray[np.float64]:
    """From the set's two means; 0 says as colourful on average, not that any picture is right."""
    return np.abs(signed(means))


METRIC = Metric(
    name="delta_colorfulness",
    title="Δ colorfulness",
    unit="signed Hasler–Süsstrunk M3, of the set",
    better="lower",
    kind="set",
    cost="cheap",
    citation="X. Kang et al., DDColor, ICCV 2023 (ΔCF; there with absolute opponents)",
    digits=1,
    columns=colorfulness.METRIC.columns,
    of_means=of_means,
    signed=signed,
)
