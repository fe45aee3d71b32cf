"""Metric `eps2`: Nazeri's accuracy at 2 %: the share of pixels whose rounded a and b both lie within 2.2 · 2 CIE units of the truth.

The published measure also asks that L lie within 2 units, for that network predicts L; here L is the photograph's own and always does.
Gray already reaches 29 % of the pixels of ImageNet photographs, and 24 % of CIFAR-10's: read it beside the gray row.
"""

from __future__ import annotations

from huelab.metrics.definition import Metric
from huelab.metrics.pair import Pair

EPSILON = 2


def accuracy(pair: Pair, epsilon: float) -> float:
    """Share of pixels (0..1) with |Δa| and |Δb| of the rounded colours at most 2.2 · `epsilon`."""
    return float((pair.ab_rounded_error <= 2.2 * epsilon).mean())


def eps2(pair: Pair) -> float:
    """At 2 %: differences up to 4 of the rounded values."""
    return accuracy(pair, EPSILON)


METRIC = Metric(
    name="eps2",
    title="Accuracy ε 2 %",
    unit="share of pixels, rounded |Δa|, |Δb| ≤ 4.4, L kept",
    better="higher",
    kind="paired",
    cost="cheap",
    citation="K. Nazeri, E. Ng, M. Ebrahimi, Image Colorization using Generative Adversarial Networks, 2018 (thresholds of the code)",
    columns={"eps2": eps2},
)
