"""Metric `lpips_alex`: learned perceptual distance, LPIPS v0.1 on AlexNet, as most papers report it. Needs torchvision's weights."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from huelab.metrics.definition import Metric
from huelab.metrics.lpips_network import CITATION, SMALLEST, distance, network
from huelab.metrics.pair import Pair
from huelab.metrics.weights_file import WeightsFile

if TYPE_CHECKING:
    from torch import nn

WEIGHTS = WeightsFile(
    what="torchvision's AlexNet weights",
    url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    sha256="7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    variable="HUELAB_ALEXNET_WEIGHTS",
)


@cache
def _network() -> nn.Module:
    return network("alex", WEIGHTS.load())


def lpips_alex(pair: Pair) -> float:
    """LPIPS of photograph and rendered picture, 0 for identical ones; raises ModelError where the weights are missing."""
    return distance(_network(), pair.truth_rgb, pair.predicted_rgb, smallest=SMALLEST["alex"])


METRIC = Metric(
    name="lpips_alex",
    title="LPIPS",
    unit="v0.1, AlexNet",
    better="lower",
    kind="paired",
    cost="costly",
    citation=CITATION,
    columns={"lpips_alex": lpips_alex},
    missing=WEIGHTS.missing,
    weights_sha256=WEIGHTS.sha256,
)
