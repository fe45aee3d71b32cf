"""A classifier for tests of what looks through one: four layers of random weights behind the seam that every backbone has."""

from __future__ import annotations

from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from huelab.backbones.net import Backbone

CLASSES = 10
SIDE = 16
"""Pixels of a side to which it stretches a picture."""


def small_classifier(classes: int = CLASSES) -> Backbone:
    """Takes pictures in -1..1 as Inception does; tells even coarse random ones apart, as trained weights would."""
    head = nn.Linear(8, classes)
    nn.init.normal_(head.weight, 0.0, 3.0)
    features = (nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU())
    net = nn.Sequential(*features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    half = (0.5, 0.5, 0.5)
    return Backbone(net, name="small", kind="random", classes=classes, side=SIDE, mean=half, std=half, mode="bilinear")


def small(module: ModuleType, **params: object) -> nn.Module:
    """The narrow net of a colorizer's `module` around a classifier of CLASSES classes."""
    torch.manual_seed(0)
    net: nn.Module = module.build(module.Params(width=0.1, **params), backbone=small_classifier(), size=32)
    return net


def pictures(count: int = 3, height: int = 32, width: int = 32) -> Tensor:
    """L of coarse random pictures, each of another brightness."""
    torch.manual_seed(1)
    coarse = torch.rand(count, 1, 4, 4) * 50 + torch.linspace(0, 50, count).view(-1, 1, 1, 1)
    return F.interpolate(coarse, size=(height, width), mode="bilinear")
