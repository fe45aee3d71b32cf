"""Metric `colorfulness`: how colourful the rendered picture is, Hasler and Süsstrunk's M3 with signed opponents.

No direction: a colorizer should reach the photographs' own value, not exceed it. DDColor, CT2 and ColorMNet take |rg| and |yb| first, which
gives about 8 % less: `colorfulness_abs`.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair, opponents


def of_opponents(planes: NDArray[np.float32]) -> float:
    """sqrt(σ_rg² + σ_yb²) + 0.3·sqrt(μ_rg² + μ_yb²) of planes (h, w, ≥ 2) rg, yb, 8-bit levels; population σ."""
    means, deviations = (values.ravel()[:2].tolist() for values in cv2.meanStdDev(planes))
    return math.hypot(*deviations) + 0.3 * math.hypot(*means)


def of_rgb(rgb: NDArray[np.uint8]) -> float:
    """M3 of an (h, w, 3) uint8 picture; 0 for a gray one."""
    return of_opponents(opponents(rgb))


def of_predicted(pair: Pair) -> float:
    """Colorfulness of the picture as rendered."""
    return of_opponents(pair.predicted_opponents)


def of_truth(pair: Pair) -> float:
    """Colorfulness of the photograph."""
    return of_opponents(pair.truth_opponents)


METRIC = Metric(
    name="colorfulness",
    title="Colorfulness",
    unit="signed Hasler–Süsstrunk M3",
    better="none",
    kind="paired",
    cost="cheap",
    citation="D. Hasler, S. Süsstrunk, Measuring Colourfulness in Natural Images, SPIE 5007, 2003",
    digits=1,
    columns={"colorfulness": of_predicted, "colorfulness_truth": of_truth},
)
