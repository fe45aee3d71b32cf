"""LPIPS v0.1: the network from torchvision's trunk and the heads that the lpips package holds, and the distance of two pictures."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, nn

CITATION = "R. Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018"
SMALLEST = {"alex": 31, "vgg": 16}
"""Pixels of a side below which the trunk's last pooling has nothing left."""

Trunk = Literal["alex", "vgg"]


def network(trunk: Trunk, state: dict[str, Tensor]) -> nn.Module:
    """The LPIPS v0.1 network on torchvision's AlexNet or VGG16, whose `state` dict it takes the trunk from."""
    import lpips
    import torch

    with warnings.catch_warnings(), torch.device("meta"):  # seconds of drawing weights that are replaced at once
        warnings.simplefilter("ignore", UserWarning)  # the package calls torchvision by arguments of before 0.13
        model: Any = lpips.LPIPS(net=trunk, pretrained=False, pnet_rand=True, verbose=False)
    heads = Path(lpips.__file__).parent / "weights" / "v0.1" / f"{trunk}.pth"
    model.load_state_dict(torch.load(heads, map_location="cpu", weights_only=True), strict=False, assign=True)
    # the package splits torchvision's `features` into slices but keeps their numbers
    model.net.load_state_dict({name: state[f"features.{name.split('.', 1)[1]}"] for name in model.net.state_dict()}, assign=True)
    module: nn.Module = model.eval().requires_grad_(False)
    return module


def distance(model: nn.Module, first: NDArray[np.uint8], second: NDArray[np.uint8], *, smallest: int) -> float:
    """LPIPS of two (h, w, 3) uint8 pictures by `network(…)`, 0 for identical ones; NaN when a side is under `smallest` pixels."""
    import torch

    if min(first.shape[:2]) < smallest:
        return math.nan
    with torch.inference_mode():
        tensors = [torch.from_numpy(np.array(rgb)).permute(2, 0, 1)[None].float() / 127.5 - 1 for rgb in (first, second)]
        return float(model(*tensors))
