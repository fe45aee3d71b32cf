"""Metric `eps5`: Nazeri's accuracy at 5 %: `eps2` with differences up to 2.2 · 5 = 11 CIE units. Gray reaches about 55 % on photographs."""

from __future__ import annotations

from huelab.metrics.definition import Metric
from huelab.metrics.eps2 import accuracy
from huelab.metrics.pair import Pair

EPSILON = 5


def eps5(pair: Pair) -> float:
    """At 5 %: differences up to 11 of the rounded values."""
    return accuracy(pair, EPSILON)


METRIC = Metric(
    name="eps5",
    title="Accuracy ε 5 %",
    unit="share of pixels, rounded |Δa|, |Δb| ≤ 11, L kept",
    better="higher",
    kind="paired",
    cost="cheap",
    citation="K. Nazeri, E. Ng, M. Ebrahimi, Image Colorization using Generative Adversarial Networks, 2018 (thresholds of the code)",
    columns={"eps5": eps5},
)
