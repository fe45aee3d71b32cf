"""Metric `colorfulness_abs`: `colorfulness` of absolute opponents, |R − G| and |(R + G)/2 − B|, as in the code of DDColor, CT2, ColorMNet.

Hasler and Süsstrunk's opponents are signed. Numbers printed by that code compare with these, not with `colorfulness`; on photographs they
are about 8 % lower. No direction: a colorizer should reach the photographs' own value, not exceed it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from huelab.metrics import colorfulness
from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair


def of_opponents(planes: NDArray[np.float32]) -> float:
    """sqrt(σ² of |rg| + σ² of |yb|) + 0.3·sqrt(μ² of |rg| + μ² of |yb|) of planes (h, w, ≥ 2) rg, yb, 8-bit levels."""
    return colorfulness.of_opponents(np.abs(planes))


def of_predicted(pair: Pair) -> float:
    """Of the picture as rendered; 0 for a gray one."""
    return of_opponents(pair.predicted_opponents)


def of_truth(pair: Pair) -> float:
    """Of the photograph."""
    return of_opponents(pair.truth_opponents)


METRIC = Metric(
    name="colorfulness_abs",
    title="Colorfulness abs",
    unit="M3 of absolute opponents",
    better="none",
    kind="paired",
    cost="cheap",
    citation="X. Kang et al., DDColor, ICCV 2023 (CF as in its code)",
    digits=1,
    columns={"colorfulness_abs": of_predicted, "colorfulness_abs_truth": of_truth},
)
