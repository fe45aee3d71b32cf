"""A classifier for tests of what looks through one: random weights, any number of classes, any size of picture."""

from __future__ import annotations

from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from huelab.color import tensor

CLASSES = 10


class SmallClassifier(nn.Module):
    """What the colorizers know of a classifier: `classes`, and `logits` of CIE L."""

    SIDE = 16
    """Pixels of a side to which a picture is stretched."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU())
        self.head = nn.Linear(8, classes)
        # so that pictures of random weights differ as those of trained ones do
        nn.init.normal_(self.head.weight, 0.0, 3.0)

    def logits(self, L: Tensor) -> Tensor:
        """(N, classes) of L (N, 1, H, W) in 0..100, prepared as Inception's pictures are: gray sRGB in -1..1."""
        rgb = tensor.lab_to_rgb(L, torch.zeros_like(L).expand(-1, 2, -1, -1))
        small = F.interpolate(2.0 * rgb - 1.0, size=(self.SIDE, self.SIDE), mode="bilinear", align_corners=False)
        logits: Tensor = self.head(self.features(small).mean((2, 3)))
        return logits


def small(module: ModuleType, **params: object) -> nn.Module:
    """The narrow net of a colorizer's `module` around a classifier of CLASSES classes."""
    torch.manual_seed(0)
    net: nn.Module = module.build(module.Params(width=0.1, **params), backbone=SmallClassifier(CLASSES), size=32)
    return net


def pictures(count: int = 3, height: int = 32, width: int = 32) -> Tensor:
    """L of coarse random pictures, each of another brightness, so that a classifier can tell them apart."""
    torch.manual_seed(1)
    coarse = torch.rand(count, 1, 4, 4) * 50 + torch.linspace(0, 50, count).view(-1, 1, 1, 1)
    return F.interpolate(coarse, size=(height, width), mode="bilinear")
