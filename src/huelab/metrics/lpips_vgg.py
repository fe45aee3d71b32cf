"""Metric `lpips_vgg`: learned perceptual distance, LPIPS v0.1 on VGG16, as some papers report it. Needs torchvision's weights."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from huelab.metrics import vgg16
from huelab.metrics.definition import Metric
from huelab.metrics.lpips_network import CITATION, SMALLEST, distance, network
from huelab.metrics.pair import Pair

if TYPE_CHECKING:
    from torch import nn


@cache
def _network() -> nn.Module:
    return network("vgg", vgg16.WEIGHTS.load())


def lpips_vgg(pair: Pair) -> float:
    """LPIPS of photograph and rendered picture, 0 for identical ones; raises ModelError where the weights are missing."""
    return distance(_network(), pair.truth_rgb, pair.predicted_rgb, smallest=SMALLEST["vgg"])


METRIC = Metric(
    name="lpips_vgg",
    title="LPIPS VGG",
    unit="v0.1, VGG16",
    better="lower",
    kind="paired",
    cost="costly",
    citation=CITATION,
    columns={"lpips_vgg": lpips_vgg},
    missing=vgg16.WEIGHTS.missing,
    weights_sha256=vgg16.WEIGHTS.sha256,
)
