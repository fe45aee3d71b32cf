"""Features of pictures by the Inception-v3 of FID. Needs pytorch-fid's weights file; never downloads it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from huelab.metrics.pair import Pair
from huelab.metrics.weights_file import WeightsFile

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS = WeightsFile(
    what="the Inception-v3 weights of FID",
    url="https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    variable="HUELAB_INCEPTION_WEIGHTS",
)
SIDE, LENGTH = 299, 2048
"""Pixels of a side of what the network is shown, and numbers it gives."""
BATCH = 16
"""Pictures shown at a time; a constant, so that the numbers are the same at every run."""
UNIT = "Inception-v3 of 2015-12-05 (TF), 2048 pool features, resized to 299×299 as pytorch-fid does (bilinear, align_corners=False)"


def features(net: nn.Module, pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(n, 2048) by `inception_network.network(…)` of pictures (h, w, 3) sRGB, which may differ in size; a few are held at a time.

    Anything but a square is squeezed into one.
    """
    import torch

    stream = iter(pictures)
    parts = [np.empty((0, LENGTH), np.float32)]
    while some := list(islice(stream, BATCH)):
        with torch.inference_mode():
            parts.append(net(torch.cat([_shown(rgb) for rgb in some])).numpy())
    return np.concatenate(parts)


def of_pictures(pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(n, 2048) by the network with the genuine weights; raises ModelError where they are missing."""
    return features(_network(), pictures)


def of_predicted(pair: Pair) -> NDArray[np.float32]:
    """(2048,) of the picture as rendered."""
    vector: NDArray[np.float32] = of_pictures([pair.predicted_rgb])[0]
    return vector


def of_truth(pair: Pair) -> NDArray[np.float32]:
    """(2048,) of the photograph."""
    vector: NDArray[np.float32] = of_pictures([pair.truth_rgb])[0]
    return vector


@cache
def _network() -> nn.Module:
    from huelab.metrics.inception_network import network

    return network(WEIGHTS.load())


def _shown(rgb: NDArray[np.uint8]) -> Tensor:
    """(1, 3, 299, 299) in −1..1."""
    import torch
    from torch.nn.functional import interpolate

    values = torch.from_numpy(np.array(rgb)).permute(2, 0, 1)[None].float() / 255
    resized = interpolate(values, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    return (2 * resized - 1).contiguous(memory_format=torch.channels_last)
