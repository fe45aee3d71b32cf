"""torchvision's VGG16: its weights file, and which ImageNet class it sees in a picture."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from huelab.metrics.weights_file import WeightsFile

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS = WeightsFile(
    what="torchvision's VGG16 weights",
    url="https://download.pytorch.org/models/vgg16-397923af.pth",
    sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    variable="HUELAB_VGG16_WEIGHTS",
)


def classifier(state: dict[str, Tensor]) -> nn.Module:
    """VGG16 with these weights, in eval mode: (n, 3, 224, 224) normalized -> (n, 1000) logits."""
    import torch
    from torchvision.models import vgg16

    with torch.device("meta"):  # 138 million numbers need not be drawn to be replaced
        net: nn.Module = vgg16(weights=None, init_weights=False)
    net.load_state_dict(state, assign=True)
    return net.eval().requires_grad_(False)


def shown(rgb: NDArray[np.uint8]) -> Tensor:
    """(1, 3, 224, 224): a picture (h, w, 3) as torchvision's published accuracy of these weights was measured.

    Shorter side to 256 (bilinear, antialiased), middle 224×224, ImageNet mean and deviation.
    """
    import torch
    from torchvision.models import VGG16_Weights

    batch: Tensor = VGG16_Weights.IMAGENET1K_V1.transforms()(torch.from_numpy(np.array(rgb)).permute(2, 0, 1)[None])
    return batch


@cache
def installed() -> nn.Module:
    """The classifier with the genuine weights; raises ModelError where they are missing."""
    return classifier(WEIGHTS.load())


def best_class(net: nn.Module, rgb: NDArray[np.uint8]) -> int:
    """Index 0..999, in ImageNet's order, of the class that `net` gives the most to."""
    import torch

    with torch.inference_mode():
        return int(net(shown(rgb)).argmax())
